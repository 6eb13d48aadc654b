/**
 * Metadata from peers for Bitloom (BEP 9): magnet links and info-hashes can be downloaded.
 *
 * @example
 * ```ts
 * import { createSession, parseMagnet } from '@bitloom/core'
 * import { nodePorts } from '@bitloom/core/node'
 * import extMetadata from '@bitloom/ext-metadata'
 * import piecePicker from '@bitloom/piece-picker'
 * import storageFs from '@bitloom/storage-fs'
 *
 * const session = await createSession({ plugins: [nodePorts(), storageFs(), piecePicker(), extMetadata()] })
 * const link = parseMagnet('magnet:?xt=urn:btih:…')
 * const { completed } = await session.add({ torrent: link, directory: 'downloads' })
 * ```
 */
import { Clock, PeerExtension, definePlugin, pluginContract } from '@bitloom/core'
import { type ExtensionHost, metadataExtension } from './metadata-extension.js'
import { type ExtMetadataOptions, type MetadataLimits, optionsSchema } from './options.js'

export type { ExtMetadataOptions } from './options.js'

/** The plugin: binds a `PeerExtension` named "ut_metadata". */
export const extMetadata = definePlugin<MetadataLimits, ExtMetadataOptions>(
  {
    name: 'ext-metadata',
    contract: pluginContract,
    options: optionsSchema,
    summary: 'Metadata from peers (BEP 9): magnet links',
  },
  (limits) => {
    let host: ExtensionHost | undefined
    const extension = metadataExtension(() => host, limits)
    return {
      requires: [Clock],
      bind: (bindings) => bindings.value(PeerExtension, extension),
      apply(plugins) {
        host = { clock: plugins.get(Clock), log: plugins.log, control: (id) => plugins.control(id) }
        plugins.hooks.torrentRemoved.tap((torrent) => extension.forget(torrent))
        plugins.defer(() => extension.close())
      },
    }
  },
)
export default extMetadata
