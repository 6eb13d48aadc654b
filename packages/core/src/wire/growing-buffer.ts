/**
 * Bytes that come in parts and leave as one. The room grows with what was appended, at most to twice of it, and goes
 * when the bytes are taken: an idle connection holds none.
 */
export class GrowingBuffer {
  #bytes = new Uint8Array(0)
  #length = 0

  /** How many bytes are in. */
  get length(): number {
    return this.#length
  }

  /** Copies `part` behind what is there. */
  append(part: Uint8Array): void {
    const needed = this.#length + part.length
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#length * 2, 64))
      grown.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = grown
    }
    this.#bytes.set(part, this.#length)
    this.#length = needed
  }

  /** Everything, now the caller's; the buffer is empty after it. */
  take(): Uint8Array {
    const all = this.#bytes.subarray(0, this.#length)
    this.#bytes = new Uint8Array(0)
    this.#length = 0
    return all
  }
}
