import type { Peer } from '../peer/peer.js'
import type { Effects } from './effects.js'
import type { Torrent } from './torrent.js'

/** LIMITS, "silence". */
const silenceMs = 180_000
const keepAliveMs = 100_000
const stallMs = 30_000
/** Two peers that want nothing of each other part after this long. */
const uselessMs = 10_000

/** Once a second for a torrent with peers: rates, windows, keep-alives, stalls, and connections that are of no use. */
export function keepHouse(torrent: Torrent, effects: Effects, nowMs: number): void {
  for (const peer of torrent.peers.values()) {
    const wasResting = peer.restUntilMs > 0
    measure(peer, nowMs)
    if (nowMs - peer.lastHeardMs > silenceMs) {
      effects.drop(peer, 'silent for 3 minutes')
    } else if (isUseless(torrent, peer, nowMs)) {
      effects.drop(peer, 'both are seeds')
    } else {
      if (nowMs - peer.lastSentMs > keepAliveMs) effects.keepAlive(peer)
      if (peer.asked.size > 0 && nowMs - peer.lastBlockMs > stallMs) torrent.snub(peer)
      if (peer.inbox.size > 0 || wasResting) torrent.refill(peer)
    }
  }
  torrent.retryHungry()
}

function measure(peer: Peer, nowMs: number): void {
  peer.downRate = peer.down.rate(nowMs)
  peer.upRate = peer.up.rate(nowMs)
  if (peer.asked.size > 0) peer.window.adjust(peer.downRate)
  if (nowMs >= peer.restUntilMs) peer.restUntilMs = 0
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
