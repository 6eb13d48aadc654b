/**
 * A piece picker: pieces in order for a player, and now and then from a random place.
 *
 * ```ts
 * const session = await createSession({ plugins: [nodePorts(), storageFs(), myPicker({ randomEvery: 8 })] })
 * ```
 */
import { PiecePicker, definePlugin, pluginContract } from '@bitloom/core'
import { z } from 'zod'
import { createPicker } from './my-picker.js'

const options = z.strictObject({
  randomEvery: z.number().int().positive().default(4).describe('One turn in so many begins at a random piece'),
})

const card = { name: 'my-picker', contract: pluginContract, options, summary: 'Pieces in order, for a player' }

/** The plugin: binds a `PiecePicker` named "my-picker". */
export const myPicker = definePlugin(card, ({ randomEvery }) => ({
  bind: (bindings) => bindings.value(PiecePicker, createPicker(randomEvery)),
}))

export default myPicker
