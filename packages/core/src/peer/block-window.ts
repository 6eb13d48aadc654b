import { blockBytes } from '../bytes/block-bytes.js'

/** How a window opens and what it comes to, in blocks. */
export interface WindowShape {
  readonly start: number
  readonly least: number
  readonly most: number
  /** What passes in so many seconds is under way, once the rate is known. */
  readonly secondsAhead: number
}

/**
 * What is asked of one peer, so that the path to it stays full (PERFORMANCE: "request window"). Without an extension
 * handshake clients are known to queue 250; `most` becomes what a peer says (`reqq`, BEP 10).
 */
export const requestShape: WindowShape = { start: 16, least: 4, most: 250, secondsAhead: 3 }

/**
 * What is read and sent ahead for one peer. It goes out even if the peer cancels meanwhile, so there is no more of it than
 * leaves in half a second (as libtorrent's `send_buffer_watermark_factor`), but for a few blocks.
 */
export const outputShape: WindowShape = { start: 2, least: 2, most: 64, secondsAhead: 0.5 }

/**
 * How many blocks to keep under way in one direction of a connection. Slow start: one more for each that came through,
 * until a second passes without a clearly higher rate; from then on what passes in `secondsAhead`.
 */
export class BlockWindow {
  /** Never more than this. */
  most: number
  readonly #shape: WindowShape
  #size: number
  #slowStart = true
  #lastRate = 0

  constructor(shape: WindowShape) {
    this.#shape = shape
    this.#size = shape.start
    this.most = shape.most
  }

  get size(): number {
    return Math.min(this.#size, this.most)
  }

  /** So many blocks came through. */
  passed(blocks: number): void {
    if (this.#slowStart) this.#size = Math.min(this.#size + blocks, Math.max(this.#size, this.most))
  }

  /** Once a second, with the smoothed rate. */
  adjust(rateBytesPerSecond: number): void {
    if (this.#slowStart) {
      if (this.#lastRate > 0 && rateBytesPerSecond < this.#lastRate * 1.05) this.#slowStart = false
      this.#lastRate = rateBytesPerSecond
      if (this.#slowStart) return
    }
    const wanted = Math.ceil((rateBytesPerSecond * this.#shape.secondsAhead) / blockBytes)
    this.#size = Math.max(this.#shape.least, Math.min(wanted, this.most))
  }

  /** The peer stalled: one at a time until it moves again. */
  collapse(): void {
    this.#slowStart = true
    this.#lastRate = 0
    this.#size = 1
  }
}
