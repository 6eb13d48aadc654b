/**
 * A storage: keeps every piece as a file of its own.
 *
 * ```ts
 * const session = await createSession({ plugins: [nodePorts(), myStorage(), piecePicker()] })
 * ```
 */
import { Storage, definePlugin, pluginContract } from '@bitloom/core'
import { createStorage } from './my-storage.js'

const card = { name: 'my-storage', contract: pluginContract, summary: 'Keeps every piece as a file of its own' }

/** The plugin: binds a `Storage` named "my-storage". */
export const myStorage = definePlugin(card, () => ({ bind: (bindings) => bindings.value(Storage, createStorage()) }))

export default myStorage
