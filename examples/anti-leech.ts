import { Clock, type PeerView, definePlugin, pluginContract } from '@bitloom/core'

const everyMs = 60_000
const gracedBytes = 8_388_608

const card = { name: 'anti-leech', contract: pluginContract, summary: 'Bans who takes and never gives' }

export default definePlugin(card, () => ({
  requires: [Clock],
  apply(host) {
    const clock = host.get(Clock)
    let cancel = clock.after(everyMs, check)
    host.defer(() => cancel())

    function check(): void {
      for (const torrent of host.torrents()) {
        if (torrent.state !== 'downloading') continue
        for (const peer of torrent.peers) {
          if (peer.endpoint.kind !== 'ip' || !onlyTakes(peer)) continue
          host.log.info('banned a peer that gives nothing', { client: peer.client, torrent: torrent.name })
          host.control(torrent.id).ban(peer.endpoint.host, 60 * everyMs, 'it gives nothing')
        }
      }
      cancel = clock.after(everyMs, check)
    }
  },
}))

function onlyTakes(peer: PeerView): boolean {
  return !peer.uploadOnly && peer.uploadedBytes > gracedBytes + 10 * peer.downloadedBytes
}
