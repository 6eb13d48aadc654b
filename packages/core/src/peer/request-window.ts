import { blockBytes } from '../bytes/block-bytes.js'

/**
 * How many blocks to keep asked of one peer, so that the path to it stays full (PERFORMANCE: "request window").
 * Slow start: one more per block received, until a second passes without a clearly higher rate; from then on what the
 * peer sends in three seconds. Never beyond what it says it queues (`reqq`, BEP 10).
 */
const startBlocks = 16
const leastBlocks = 4
const secondsAhead = 3

export class RequestWindow {
  /** What the peer queues at most. Without an extension handshake clients are known to take 250. */
  limit = 250
  #size = startBlocks
  #slowStart = true
  #lastRate = 0

  get size(): number {
    return Math.min(this.#size, this.limit)
  }

  blockReceived(): void {
    if (this.#slowStart && this.#size < this.limit) this.#size++
  }

  /** Once a second, with the peer's smoothed rate. */
  adjust(rateBytesPerSecond: number): void {
    if (this.#slowStart) {
      if (this.#lastRate > 0 && rateBytesPerSecond < this.#lastRate * 1.05) this.#slowStart = false
      this.#lastRate = rateBytesPerSecond
      if (this.#slowStart) return
    }
    const wanted = Math.ceil((rateBytesPerSecond * secondsAhead) / blockBytes)
    this.#size = Math.max(leastBlocks, Math.min(wanted, this.limit))
  }

  /** The peer stalled: ask one at a time until it moves again. */
  collapse(): void {
    this.#slowStart = true
    this.#lastRate = 0
    this.#size = 1
  }
}
