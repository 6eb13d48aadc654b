/**
 * Torrents as files and folders on disk.
 *
 * ```ts
 * const session = await createSession({ plugins: [nodePorts(), storageFs({ maxOpenFiles: 32 }), piecePicker()] })
 * ```
 */
import { definePlugin, pluginContract, type PluginFactory, Storage } from '@bitloom/core'
import { fileStorage } from './file-storage.js'
import { type FileStorageOptions, optionsSchema } from './options.js'

export type StorageFsOptions = Partial<FileStorageOptions>

/** The plugin: binds a `Storage` named "fs". */
export const storageFs = definePlugin<FileStorageOptions>(
  {
    name: 'storage-fs',
    contract: pluginContract,
    options: optionsSchema,
    summary: 'Torrents as files and folders on disk',
  },
  (options) => ({ bind: (bindings) => bindings.value(Storage, fileStorage(options)) }),
) as PluginFactory<StorageFsOptions>

export { fileStorage, type FileStorageOptions }
export default storageFs
