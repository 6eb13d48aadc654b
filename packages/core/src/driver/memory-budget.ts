import type { MemoryBudget } from '../torrent/ledger.js'

/** Bytes asked and not yet written, for all torrents of a session. */
export class SharedBudget implements MemoryBudget {
  limitBytes: number
  refusals = 0
  #usedBytes = 0

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** One extent always fits when nothing else is held, so that a tiny budget is slow and not stuck. */
  tryTake(lengthBytes: number): boolean {
    if (this.#usedBytes > 0 && this.#usedBytes + lengthBytes > this.limitBytes) {
      this.refusals++
      return false
    }
    this.#usedBytes += lengthBytes
    return true
  }

  give(lengthBytes: number): void {
    this.#usedBytes -= lengthBytes
  }
}
