import { LazySet } from '../bytes/lazy-collections.js'
import { blockBytes } from '../metainfo/metainfo.js'
import type { Peer } from '../peer/peer.js'
import type { Touched } from './touched.js'
import type { Allowance, Effects } from './effects.js'

/** Blocks in one run: one read, one write. */
const runBlocks = 32
const runBytes = 524_288
const leastGrantBytes = 16_384

/**
 * Starts uploads: as many as output and limits allow. While the limits are short, peers are served in turn, a run each,
 * so that each gets a fair share, and those whom the choker gave a rate of their own get no more than that.
 *
 * Invariant: whoever waits here wants blocks and could take them; only the shared limits are in the way.
 */
export class Serving {
  readonly #waiting = new LazySet<Peer>()
  readonly #allowance: Allowance
  readonly #effects: Pick<Effects, 'serve'>

  constructor(allowance: Allowance, effects: Pick<Effects, 'serve'>) {
    this.#allowance = allowance
    this.#effects = effects
  }

  /** Serves those who wait already, then those who were touched. */
  serve(touched: Touched, nowMs: number): void {
    const isUnlimited = this.#waiting.size === 0 && this.#allowance.toSend(nowMs) === Infinity
    for (let index = 0; index < touched.size; index++) {
      const peer = touched.at(index)
      if (peer === undefined || peer.inbox.size === 0) continue
      if (isUnlimited) this.#serveAll(peer, nowMs)
      else this.#waiting.add(peer)
    }
    if (this.#waiting.size === 0) return
    for (let [peer] = this.#waiting; peer !== undefined; [peer] = this.#waiting) {
      const available = this.#allowance.toSend(nowMs)
      if (available <= 0) return
      const share = Math.max(leastGrantBytes, available / this.#waiting.size)
      this.#waiting.delete(peer)
      if (share === Infinity) this.#serveAll(peer, nowMs)
      else if (this.#serveRun(peer, share, nowMs)) this.#waiting.add(peer)
    }
  }

  /** Nobody has to wait for others while there is no limit. */
  #serveAll(peer: Peer, nowMs: number): void {
    while (this.#serveRun(peer, Infinity, nowMs)) continue
  }

  peerLeft(peer: Peer): void {
    this.#waiting.delete(peer)
  }

  /** False when the peer wants nothing, or cannot take any now. */
  #serveRun(peer: Peer, shareBytes: number, nowMs: number): boolean {
    if (!hasRoom(peer)) return false
    const grantBytes = Math.min(shareBytes, peer.uploadAllowance(nowMs))
    if (grantBytes <= 0) return false
    const run = peer.inbox.nextRun(
      runBlocks,
      Math.min(runBytes, Math.max(leastGrantBytes, Math.min(roomBytes(peer), grantBytes))),
    )
    if (run === undefined) return false
    this.#allowance.sent(run.lengthBytes, nowMs)
    peer.uploadCharged(run.lengthBytes, nowMs)
    if (peer.outputBytes === 0) peer.tookAtMs = nowMs
    peer.outputBytes += run.lengthBytes
    this.#effects.serve(peer, run)
    return true
  }
}

function roomBytes({ output, outputBytes }: Peer): number {
  return output.size * blockBytes - outputBytes
}

/**
 * It may be sent more: a whole run, or three quarters of its window. Not a block at a time: to read and send one costs
 * nearly as much as a run of them.
 */
export function hasRoom(peer: Peer): boolean {
  return roomBytes(peer) >= Math.min(runBytes, peer.output.size * blockBytes * 0.75)
}
