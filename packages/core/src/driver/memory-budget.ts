import type { MemoryBudget } from '../torrent/ledger.js'

/** Bytes asked and not yet written, for all torrents of a session. */
export class SharedBudget implements MemoryBudget {
  refusals = 0
  frees = 0
  #limitBytes: number
  #usedBytes = 0

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
    const fits = this.#usedBytes === 0 || this.#usedBytes + lengthBytes <= this.#limitBytes
    if (!fits) this.refusals++
    return fits
  }

  tryTake(lengthBytes: number): boolean {
    if (!this.fits(lengthBytes)) return false
    this.#usedBytes += lengthBytes
    return true
  }

  give(lengthBytes: number): void {
    this.#usedBytes -= lengthBytes
    this.frees++
  }
}
