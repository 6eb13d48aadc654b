/**
 * Peer exchange for Bitloom (BEP 11): peers tell each other of the peers that they are connected to.
 *
 * @example
 * ```ts
 * import { createSession } from '@bitloom/core'
 * import { nodePorts } from '@bitloom/core/node'
 * import extPex from '@bitloom/ext-pex'
 *
 * const session = await createSession({ plugins: [nodePorts(), extPex()] })
 * ```
 */
import { Clock, PeerExtension, type PluginFactory, definePlugin, pluginContract } from '@bitloom/core'
import { pexExtension, type PexHost } from './pex-extension.js'

/** The plugin: binds a `PeerExtension` named "ut_pex", and watches who comes and goes. */
export const extPex: PluginFactory = definePlugin<void>(
  { name: 'ext-pex', contract: pluginContract, summary: 'Peer exchange (BEP 11)' },
  () => {
    let host: PexHost | undefined
    const extension = pexExtension(() => host)
    return {
      requires: [Clock],
      bind: (bindings) => bindings.value(PeerExtension, extension),
      apply(plugins) {
        host = { clock: plugins.get(Clock), control: (id) => plugins.control(id) }
        plugins.hooks.peerConnected.tap((_peer, torrent) => extension.changed(torrent))
        plugins.hooks.peerDisconnected.tap((_peer, _reason, torrent) => extension.changed(torrent))
        plugins.hooks.torrentRemoved.tap((torrent) => extension.forget(torrent))
        plugins.defer(() => extension.close())
      },
    }
  },
)
export default extPex
