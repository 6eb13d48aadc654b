const none = new Int32Array(0)
const noTimes = new Float64Array(0)
const leastCapacity = 16

/**
 * Blocks in the order they were asked, as numbers in flat arrays: no object per block.
 * Invariant: entries live in [#head, #tail); an entry is (piece, block, askedAtMs).
 */
export class BlockQueue {
  #pieces = none
  #blocks = none
  #times = noTimes
  #head = 0
  #tail = 0

  get size(): number {
    return this.#tail - this.#head
  }

  /** When the oldest entry was asked; `Infinity` when empty. */
  get oldestMs(): number {
    return this.size === 0 ? Infinity : (this.#times[this.#head] ?? Infinity)
  }

  push(piece: number, block: number, nowMs: number): void {
    if (this.#tail === this.#pieces.length) this.#makeRoom()
    this.#pieces[this.#tail] = piece
    this.#blocks[this.#tail] = block
    this.#times[this.#tail++] = nowMs
  }

  has(piece: number, block: number): boolean {
    return this.#find(piece, block) >= 0
  }

  /** Removes one entry; usually it is the oldest, since peers answer in order. */
  remove(piece: number, block: number): boolean {
    const at = this.#find(piece, block)
    if (at < 0) return false
    if (at === this.#head) {
      this.#head++
    } else {
      this.#pieces.copyWithin(at, at + 1, this.#tail)
      this.#blocks.copyWithin(at, at + 1, this.#tail)
      this.#times.copyWithin(at, at + 1, this.#tail)
      this.#tail--
    }
    if (this.#head === this.#tail) this.#head = this.#tail = 0
    return true
  }

  /** Takes the oldest entry off and hands it to `use`; false when empty. */
  shift(use: (piece: number, block: number) => void): boolean {
    if (this.size === 0) return false
    const at = this.#head++
    const piece = this.#pieces[at] ?? 0
    const block = this.#blocks[at] ?? 0
    if (this.#head === this.#tail) this.#head = this.#tail = 0
    use(piece, block)
    return true
  }

  /** Oldest first. The queue must not change meanwhile. */
  each(use: (piece: number, block: number, askedAtMs: number) => void): void {
    for (let at = this.#head; at < this.#tail; at++) {
      use(this.#pieces[at] ?? 0, this.#blocks[at] ?? 0, this.#times[at] ?? 0)
    }
  }

  #find(piece: number, block: number): number {
    for (let at = this.#head; at < this.#tail; at++) {
      if (this.#pieces[at] === piece && this.#blocks[at] === block) return at
    }
    return -1
  }

  /** Most often those that left made room enough. */
  #makeRoom(): void {
    const { size } = this
    const capacity = Math.max(leastCapacity, size * 2)
    const grows = capacity > this.#pieces.length
    const move = <T extends Int32Array | Float64Array>(from: T, to: T): T => {
      to.set(from.subarray(this.#head, this.#tail))
      return to
    }
    this.#pieces = move(this.#pieces, grows ? new Int32Array(capacity) : this.#pieces)
    this.#blocks = move(this.#blocks, grows ? new Int32Array(capacity) : this.#blocks)
    this.#times = move(this.#times, grows ? new Float64Array(capacity) : this.#times)
    this.#head = 0
    this.#tail = size
  }
}
