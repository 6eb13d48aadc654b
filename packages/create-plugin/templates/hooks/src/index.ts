/**
 * A plugin of hooks: refuses peers by the name of their client.
 *
 * ```ts
 * const session = await createSession({ plugins: [nodePorts(), storageFs(), piecePicker(), myHooks({ clients: ['Bad'] })] })
 * ```
 */
import { definePlugin, pluginContract } from '@bitloom/core'
import { z } from 'zod'
import { keepOut } from './my-hooks.js'

const options = z.strictObject({
  clients: z.array(z.string()).default([]).describe('Beginnings of the names of clients to refuse'),
  banMs: z.number().int().positive().default(3_600_000).describe('How long a refused host is forgotten'),
})

const card = { name: 'my-hooks', contract: pluginContract, options, summary: 'Refuses clients by their names' }

/** The plugin: taps `acceptPeer`, `pieceRejected` and `completed`. */
export const myHooks = definePlugin(card, (rules) => ({ apply: (host) => keepOut(host, rules) }))

export default myHooks
