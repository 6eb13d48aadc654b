import type { MemoryBudget } from '../torrent/ledger.js'

/**
 * So many extents are open at once, however small: each costs objects besides its bytes, and what waits for the hasher and
 * the disk in thousands of small parts waits long enough to be moved to the old generation of the heap.
 */
const mostExtents = 1_024

/** Bytes asked and not yet written, for all torrents of a session. Each call is for one extent. */
export class SharedBudget implements MemoryBudget {
  refusals = 0
  frees = 0
  #limitBytes: number
  #usedBytes = 0
  #extents = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get limitBytes(): number {
    return this.#limitBytes
  }

  set limitBytes(limitBytes: number) {
    this.#limitBytes = limitBytes
    this.frees++
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** One extent always fits when nothing else is held, so that a tiny budget is slow and not stuck. */
  fits(lengthBytes: number): boolean {
    const hasRoom = this.#extents < mostExtents && this.#usedBytes + lengthBytes <= this.#limitBytes
    const fits = this.#usedBytes === 0 || hasRoom
    if (!fits) this.refusals++
    return fits
  }

  tryTake(lengthBytes: number): boolean {
    if (!this.fits(lengthBytes)) return false
    this.#usedBytes += lengthBytes
    this.#extents++
    return true
  }

  give(lengthBytes: number): void {
    this.#usedBytes -= lengthBytes
    this.#extents--
    this.frees++
  }
}
