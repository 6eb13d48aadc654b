const none = new Float64Array(0)
/** Entries: twice the window that a peer starts with, so that room is made by moving and not by growing. */
const leastCapacity = 32
/** Numbers of an entry: piece, block, when it was asked. */
const width = 3

/**
 * Blocks in the order they were asked, as numbers in one flat array: no object per block, and what belongs together is in
 * one cache line. Invariant: entries live in [#head, #tail), which count numbers and not entries.
 */
export class BlockQueue {
  #entries = none
  #head = 0
  #tail = 0

  get size(): number {
    return (this.#tail - this.#head) / width
  }

  /** When the oldest entry was asked; `Infinity` when empty. */
  get oldestMs(): number {
    return this.#tail === this.#head ? Infinity : (this.#entries[this.#head + 2] ?? Infinity)
  }

  push(piece: number, block: number, nowMs: number): void {
    if (this.#tail === this.#entries.length) this.#makeRoom()
    this.#entries[this.#tail] = piece
    this.#entries[this.#tail + 1] = block
    this.#entries[this.#tail + 2] = nowMs
    this.#tail += width
  }

  has(piece: number, block: number): boolean {
    return this.#find(piece, block) >= 0
  }

  /** Removes one entry; usually it is the oldest, since peers answer in order. */
  remove(piece: number, block: number): boolean {
    const at = this.#find(piece, block)
    if (at < 0) return false
    if (at === this.#head) {
      this.#head += width
    } else {
      this.#entries.copyWithin(at, at + width, this.#tail)
      this.#tail -= width
    }
    if (this.#head === this.#tail) this.#head = this.#tail = 0
    return true
  }

  /** Takes the oldest entry off and hands it to `use`; false when empty. */
  shift(use: (piece: number, block: number) => void): boolean {
    if (this.#tail === this.#head) return false
    const piece = this.#entries[this.#head] ?? 0
    const block = this.#entries[this.#head + 1] ?? 0
    this.#head += width
    if (this.#head === this.#tail) this.#head = this.#tail = 0
    use(piece, block)
    return true
  }

  /** Oldest first. The queue must not change meanwhile. */
  each(use: (piece: number, block: number, askedAtMs: number) => void): void {
    const entries = this.#entries
    for (let at = this.#head; at < this.#tail; at += width) {
      use(entries[at] ?? 0, entries[at + 1] ?? 0, entries[at + 2] ?? 0)
    }
  }

  #find(piece: number, block: number): number {
    const entries = this.#entries
    for (let at = this.#head; at < this.#tail; at += width) {
      if (entries[at] === piece && entries[at + 1] === block) return at
    }
    return -1
  }

  /** Most often those that left made room enough. */
  #makeRoom(): void {
    const used = this.#tail - this.#head
    const capacity = Math.max(leastCapacity * width, used * 2)
    if (capacity > this.#entries.length) {
      const larger = new Float64Array(capacity)
      larger.set(this.#entries.subarray(this.#head, this.#tail))
      this.#entries = larger
    } else {
      this.#entries.copyWithin(0, this.#head, this.#tail)
    }
    this.#head = 0
    this.#tail = used
  }
}
