/**
 * Keeps the data of torrents in memory: for tests, for small torrents, and for programs that read what they download.
 *
 * ```ts
 * const session = await createSession({ plugins: [nodePorts(), storageMemory(), piecePicker()] })
 * ```
 */
import { definePlugin, pluginContract, type PluginFactory, Storage } from '@bitloom/core'
import { memoryStorage } from './memory-storage.js'

/** The plugin: binds a `Storage` named "memory". The data of a torrent is gone when it is removed or the session closes. */
export const storageMemory: PluginFactory = definePlugin<void>(
  { name: 'storage-memory', contract: pluginContract, summary: 'Keeps the data of torrents in memory' },
  () => ({ bind: (bindings) => bindings.value(Storage, memoryStorage()) }),
)

export default storageMemory
