import { BitloomError } from '../bytes/errors.js'
import { isAcceptableUrl } from '../metainfo/trackers.js'
import type { Endpoint } from '../ports/endpoint.js'
import type { PeerView } from '../ports/views.js'
import type { Peer } from '../peer/peer.js'
import type { TorrentControl } from './api.js'
import type { EngineContext } from './context.js'
import { readInfo } from './provided-info.js'
import { checkTorrentLimits } from './torrent-limits.js'
import type { TorrentDriver } from './torrent-driver.js'

/** Commands on one torrent. Each is an input of a turn of its own: given by a hook, it waits until that turn is over. */
export function torrentControl(
  context: EngineContext,
  torrent: TorrentDriver,
  dial: (endpoint: Endpoint) => void,
  arm: () => void,
  remove: TorrentControl['remove'],
): TorrentControl {
  const { turns } = context
  const command = (run: () => void): void => {
    turns.run(() => {
      if (!torrent.isClosed) run()
    })
    arm()
  }
  const withPeer = (view: PeerView, run: (peer: Peer) => void): void =>
    command(() => {
      const peer = torrent.torrent.peers.get(view.key)
      if (peer !== undefined) run(peer)
    })
  return {
    view: torrent.view,
    addPeers: (endpoints, source) => command(() => torrent.swarm.entrance.found(endpoints, source)),
    dial: (endpoint) => command(() => dial(endpoint)),
    disconnect: (view, reason) => withPeer(view, (peer) => torrent.swarm.drop(peer, reason)),
    ban: (host, ms, reason) => command(() => torrent.swarm.entrance.banHost(host, ms, reason)),
    reveal: (view, piece) => withPeer(view, (peer) => torrent.torrent.showing.reveal(peer, piece)),
    prioritize: (pieces, priority) => command(() => torrent.prioritize(pieces, priority)),
    select: (wantedFiles) => command(() => torrent.select(wantedFiles)),
    refill: (view) =>
      view === undefined
        ? command(() => torrent.torrent.requests.markAll())
        : withPeer(view, (peer) => torrent.torrent.requests.renew(peer)),
    provideInfo: async (bytes) => {
      const metainfo = readInfo(bytes, torrent.infoHashes, torrent.trackerUrls, context.hasher)
      if (metainfo !== undefined) command(() => torrent.metadataCame(metainfo))
      return metainfo !== undefined
    },
    use: (strategies) => {
      torrent.changes.checkStrategies(strategies)
      command(() => torrent.changes.useStrategies(strategies))
    },
    get limits() {
      return torrent.limits.now
    },
    limit: (changes) => {
      checkTorrentLimits(changes)
      command(() => torrent.changes.limit(changes))
    },
    announceNow: () => command(() => torrent.changes.announceNow()),
    addTracker: (url, tier) => {
      if (!isAcceptableUrl(url)) {
        throw new BitloomError('INVALID_ARGUMENT', `"${url}" is no URL with a scheme and a host`)
      }
      command(() => torrent.changes.addTracker(url, tier))
    },
    removeTracker: (url) => command(() => torrent.changes.removeTracker(url)),
    move: (directory) => torrent.changes.move(directory),
    rename: (from, to) => torrent.changes.rename(from, to),
    pause: () => command(() => torrent.pause()),
    resume: () => command(() => torrent.resume()),
    queue: (to) => command(() => torrent.queue(to)),
    force: (on) => command(() => torrent.force(on)),
    recheck: () => command(() => torrent.recheck()),
    remove,
  }
}
