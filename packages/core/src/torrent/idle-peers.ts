import type { Peer } from '../peer/peer.js'

/** After so long what a peer owes may be asked of further ones, when it is the last that is missing. */
const idleMs = 5_000

/**
 * Peers that owe blocks and have brought none for a while, looked for once a second. They keep nobody off those blocks: two
 * that only promise would hold up the end of a download until they are snubbed.
 */
export class IdlePeers {
  readonly #peers: Peer[] = []

  clear(): void {
    this.#peers.length = 0
  }

  look(peer: Peer, nowMs: number): void {
    if (nowMs - Math.max(peer.lastBlockMs, peer.asked.oldestMs) > idleMs) this.#peers.push(peer)
  }

  /** How many of them owe this block. */
  owing(piece: number, block: number): number {
    let count = 0
    for (const peer of this.#peers) if (peer.asked.has(piece, block)) count++
    return count
  }
}
