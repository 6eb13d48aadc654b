/**
 * Encryption at rest: a storage named "encrypted" that keeps what another storage holds as AES-256-CTR.
 *
 * ```ts
 * const encrypted = storageEncrypted({ keyFile: 'storage.key' })
 * const session = await createSession({ plugins: [nodePorts(), encrypted, storageFs(), piecePicker()] })
 * ```
 */
import { definePlugin, pluginContract, Storage } from '@bitloom/core'
import { encryptedStorage, type Surroundings } from './encrypted-storage.js'
import { checkOf, loadKey } from './key.js'
import { optionsSchema, type StorageEncryptedOptions } from './options.js'

export type { StorageEncryptedOptions } from './options.js'

/** The plugin: binds a `Storage` named "encrypted". Before `storageFs()` in the list it is the default. */
export const storageEncrypted = definePlugin<StorageEncryptedOptions>(
  {
    name: 'storage-encrypted',
    contract: pluginContract,
    options: optionsSchema,
    summary: 'Encrypts what another storage keeps (AES-256-CTR)',
  },
  (options) => {
    let surroundings: Surroundings | undefined
    return {
      bind: (bindings) =>
        bindings.value(
          Storage,
          encryptedStorage(options.inner, () => {
            if (surroundings === undefined) throw new Error('no torrent is opened before the plugin is applied')
            return surroundings
          }),
        ),
      apply: async (host) => {
        const key = await loadKey(options)
        surroundings = { key, storages: () => host.all(Storage) }
        host.log.info('torrents are encrypted at rest', { keyCheck: checkOf(key) })
      },
    }
  },
)

export default storageEncrypted
