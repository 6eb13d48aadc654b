/**
 * A choker: everybody gets the same, whatever they give.
 *
 * ```ts
 * const session = await createSession({ plugins: [nodePorts(), storageFs(), piecePicker(), myChoker()] })
 * ```
 */
import { Choker, definePlugin, pluginContract } from '@bitloom/core'
import { equalShares } from './my-choker.js'

const card = { name: 'my-choker', contract: pluginContract, summary: 'Equal shares for everybody' }

/** The plugin: binds a `Choker` named "my-choker". */
export const myChoker = definePlugin(card, () => ({ bind: (bindings) => bindings.value(Choker, equalShares) }))

export default myChoker
