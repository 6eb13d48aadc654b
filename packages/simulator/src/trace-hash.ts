const numbers = new Float64Array(1)
const halves = new Uint32Array(numbers.buffer)

/**
 * A 64-bit fingerprint of the events of a run in their order: equal runs have equal ones. For comparing, not for
 * security (two FNV-1a streams over 32-bit words).
 */
export class TraceHash {
  #low = 0x811c9dc5
  #high = 0x9747b28c
  #count = 0

  /** How many events were added. */
  get count(): number {
    return this.#count
  }

  add(atMs: number, who: number, what: number): void {
    numbers[0] = atMs
    this.#count++
    this.#word(halves[0] ?? 0)
    this.#word(halves[1] ?? 0)
    this.#word(who)
    this.#word(what)
  }

  #word(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x01000193)
    this.#low ^= this.#low >>> 15
    this.#high = Math.imul(this.#high ^ word, 0x85ebca6b)
    this.#high ^= this.#high >>> 13
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return [this.#high, this.#low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
  }
}
