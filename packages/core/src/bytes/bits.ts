/**
 * A fixed-length set of small numbers as the wire has it: bit 0 is the highest bit of byte 0 (BEP 3, "bitfield").
 * Invariant: spare bits of the last byte are 0, and `count` is the number of set bits. A set of all numbers keeps no bytes:
 * those of a crowd of seeds would not fit into the caches.
 */

/** What others may see of a `Bits`. Views are live: they change as the owner changes them. */
export interface ReadonlyBits {
  /** How many numbers the set ranges over: valid indexes are 0 … length - 1. */
  readonly length: number
  /** How many bits are set. O(1). */
  readonly count: number
  has(index: number): boolean
  /** The first set bit at or after `from`, or -1. */
  nextSet(from: number): number
  /** The first clear bit at or after `from`, or -1. */
  nextClear(from: number): number
  /** A copy in wire form, ceil(length / 8) bytes. */
  toBytes(): Uint8Array
}

const popCount = Uint8Array.from({ length: 256 }, (_, value) => {
  let ones = 0
  for (let rest = value; rest > 0; rest >>= 1) ones += rest & 1
  return ones
})

const noBytes = new Uint8Array(0)

function allOnes(length: number): Uint8Array {
  const bytes = new Uint8Array((length + 7) >> 3).fill(0xff)
  if ((length & 7) !== 0) bytes[bytes.length - 1] = 0xff << (8 - (length & 7))
  return bytes
}

export class Bits implements ReadonlyBits {
  readonly length: number
  #bytes: Uint8Array
  #count = 0

  constructor(length: number) {
    this.length = length
    this.#bytes = length === 0 ? noBytes : new Uint8Array((length + 7) >> 3)
  }

  /**
   * A set from wire bytes, which are copied; spare bits are masked.
   * @throws RangeError unless there are exactly ceil(length / 8) bytes
   */
  static from(bytes: Uint8Array, length: number): Bits {
    const bits = new Bits(length)
    if (bytes.length !== bits.#bytes.length) {
      throw new RangeError(`a set of ${length} takes ${bits.#bytes.length} bytes, not ${bytes.length}`)
    }
    bits.#bytes.set(bytes)
    const spare = length & 7
    if (spare !== 0) {
      const last = bits.#bytes.length - 1
      bits.#bytes[last] = (bits.#bytes[last] ?? 0) & (0xff << (8 - spare))
    }
    let ones = 0
    for (const byte of bits.#bytes) ones += popCount[byte] ?? 0
    bits.#count = ones
    if (bits.#isFull) bits.#bytes = noBytes
    return bits
  }

  /** The set of all numbers below `length`. */
  static full(length: number): Bits {
    const bits = new Bits(length)
    bits.#bytes = noBytes
    bits.#count = length
    return bits
  }

  get count(): number {
    return this.#count
  }

  get #isFull(): boolean {
    return this.#count === this.length
  }

  has(index: number): boolean {
    if (this.#count === this.length) return index >= 0 && index < this.length
    return ((this.#bytes[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0
  }

  /** Sets a bit; false if it was set already or is out of range. */
  add(index: number): boolean {
    if (index < 0 || index >= this.length || this.has(index)) return false
    this.#bytes[index >> 3] = (this.#bytes[index >> 3] ?? 0) | (0x80 >> (index & 7))
    this.#count++
    if (this.#isFull) this.#bytes = noBytes
    return true
  }

  /** Clears a bit; false if it was clear already. */
  delete(index: number): boolean {
    if (!this.has(index)) return false
    if (this.#isFull) this.#bytes = allOnes(this.length)
    this.#bytes[index >> 3] = (this.#bytes[index >> 3] ?? 0) & ~(0x80 >> (index & 7))
    this.#count--
    return true
  }

  nextSet(from: number): number {
    return this.#next(from, 0)
  }

  nextClear(from: number): number {
    return this.#next(from, 0xff)
  }

  /** The first number at or after `from` that is in both sets, or -1; also where they do not range over the same numbers. */
  nextShared(other: Bits, from: number): number {
    if (this.length !== other.length) return -1
    if (this.#isFull) return other.nextSet(from)
    if (other.#isFull) return this.nextSet(from)
    const ours = this.#bytes
    const theirs = other.#bytes
    const start = Math.max(0, from)
    let at = start >> 3
    let shared = (ours[at] ?? 0) & (theirs[at] ?? 0) & (0xff >> (start & 7))
    while (shared === 0 && ++at < ours.length) shared = (ours[at] ?? 0) & (theirs[at] ?? 0)
    return shared === 0 ? -1 : at * 8 + Math.clz32(shared) - 24
  }

  #next(from: number, skip: number): number {
    let index = Math.max(0, from)
    if (this.#isFull) return skip === 0 && index < this.length ? index : -1
    while (index < this.length) {
      const byte = (this.#bytes[index >> 3] ?? 0) ^ skip
      if (((byte << (index & 7)) & 0xff) === 0) {
        index = (index | 7) + 1
        continue
      }
      if ((byte & (0x80 >> (index & 7))) !== 0) return index
      index++
    }
    return -1
  }

  clone(): Bits {
    return Bits.from(this.toBytes(), this.length)
  }

  toBytes(): Uint8Array {
    return this.#isFull ? allOnes(this.length) : this.#bytes.slice()
  }
}
