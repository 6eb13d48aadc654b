import type { MemoryBudget } from '../torrent/ledger.js'

/**
 * So many extents are open at once, however small: each costs objects besides its bytes, and what waits for the hasher and
 * the disk in thousands of small parts waits long enough to be moved to the old generation of the heap.
 */
const mostExtents = 1_024

/** One torrent that holds memory. */
export interface MemoryHolder {
  /** Gives up what nobody brings since then. */
  reclaim(idleSinceMs: number): void
}

/** Bytes asked and not yet written, for all torrents of a session. Each call is for one extent. */
export class SharedBudget implements MemoryBudget {
  refusals = 0
  frees = 0
  #limitBytes: number
  #usedBytes = 0
  #extents = 0
  /** Bytes of those that hold any. */
  readonly #held = new Map<MemoryHolder, number>()

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

  /** The budget as one torrent sees it: what it takes makes it a holder until it has given all of it back. */
  shareOf(holder: MemoryHolder): MemoryBudget {
    return new Share(this, (change) => {
      const bytes = (this.#held.get(holder) ?? 0) + change
      if (bytes > 0) this.#held.set(holder, bytes)
      else this.#held.delete(holder)
    })
  }

  /** Who holds some now. Torrents at rest hold none, so thousands of them are not looked at. */
  get holders(): readonly MemoryHolder[] {
    return [...this.#held.keys()]
  }
}

class Share implements MemoryBudget {
  readonly #all: SharedBudget
  readonly #count: (change: number) => void

  constructor(all: SharedBudget, count: (change: number) => void) {
    this.#all = all
    this.#count = count
  }

  get refusals(): number {
    return this.#all.refusals
  }

  get frees(): number {
    return this.#all.frees
  }

  fits(lengthBytes: number): boolean {
    return this.#all.fits(lengthBytes)
  }

  tryTake(lengthBytes: number): boolean {
    const isTaken = this.#all.tryTake(lengthBytes)
    if (isTaken) this.#count(lengthBytes)
    return isTaken
  }

  give(lengthBytes: number): void {
    this.#all.give(lengthBytes)
    this.#count(-lengthBytes)
  }
}
