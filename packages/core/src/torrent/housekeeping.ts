import type { Peer } from '../peer/peer.js'
import type { Effects } from './effects.js'
import type { Torrent } from './torrent.js'

/** LIMITS, "silence". */
const silenceMs = 180_000
const keepAliveMs = 100_000
const stallMs = 30_000
/** Two peers that want nothing of each other part after this long. */
const uselessMs = 10_000

/** Once a second for a torrent with peers: rates, windows, keep-alives, stalls, late HAVEs, connections that are of no use. */
export function keepHouse(torrent: Torrent, effects: Effects, nowMs: number): void {
  let bestRate = 0
  torrent.requests.idle.clear()
  for (const peer of torrent.peers.values()) {
    measure(peer, nowMs)
    if (!peer.isChoking && peer.amInterested) bestRate = Math.max(bestRate, peer.downRate)
    if (nowMs - peer.lastHeardMs > silenceMs) {
      effects.drop(peer, 'silent for 3 minutes')
    } else if (isUseless(torrent, peer, nowMs)) {
      effects.drop(peer, 'both are seeds')
    } else {
      if (nowMs - peer.lastSentMs > keepAliveMs) effects.keepAlive(peer)
      if (peer.asked.size > 0 && nowMs - peer.lastBlockMs > stallMs) torrent.requests.snub(peer, nowMs)
      else torrent.requests.lapseOld(peer, nowMs)
      torrent.requests.idle.look(peer, nowMs)
      if (peer.inbox.size > 0 || endsRest(peer, nowMs)) torrent.requests.mark(peer)
    }
  }
  torrent.requests.bestRate = bestRate
  torrent.requests.wakeHungry()
  torrent.showing.tellRest()
}

function measure(peer: Peer, nowMs: number): void {
  peer.downRate = peer.down.rate(nowMs)
  peer.upRate = peer.up.rate(nowMs)
  if (peer.asked.size > 0) peer.window.adjust(peer.downRate)
  if (peer.outputBytes > 0) peer.output.adjust(peer.upRate)
}

/** True once, when a peer that refused a request may be asked again. */
function endsRest(peer: Peer, nowMs: number): boolean {
  if (peer.restUntilMs === 0 || nowMs < peer.restUntilMs) return false
  peer.restUntilMs = 0
  return true
}

function isUseless(torrent: Torrent, peer: Peer, nowMs: number): boolean {
  const wantsNothing = peer.isSeed || peer.uploadOnly
  return (
    torrent.isWhole &&
    wantsNothing &&
    !peer.isInterested &&
    nowMs - peer.connectedAtMs > uselessMs &&
    peer.outputBytes === 0
  )
}
