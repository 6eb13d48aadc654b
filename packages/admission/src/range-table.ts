import { isMapped, parseIpv4Word, readIpv6 } from './address.js'
import type { AddressRange } from './list-format.js'

/**
 * Ranges of addresses of one family, each of `width` words of 32 bits.
 *
 * Invariant of a finished table: ranges are sorted, and no two of them overlap or touch, so that a look-up is one binary
 * search over `#starts`.
 */
class FamilyTable {
  readonly #width: number
  #starts: Uint32Array
  #ends: Uint32Array
  count = 0

  constructor(width: number) {
    this.#width = width
    this.#starts = new Uint32Array(width * 1_024)
    this.#ends = new Uint32Array(width * 1_024)
  }

  add(start: readonly number[], end: readonly number[]): void {
    const at = this.count * this.#width
    if (at === this.#starts.length) {
      this.#starts = grown(this.#starts)
      this.#ends = grown(this.#ends)
    }
    this.#starts.set(start, at)
    this.#ends.set(end, at)
    this.count++
  }

  /** Sorts and merges. */
  finish(): void {
    const width = this.#width
    const [starts, ends] = [this.#starts, this.#ends]
    const order = Uint32Array.from({ length: this.count }, (_, index) => index)
    order.sort((a, b) => compare(starts, a * width, starts, b * width, width))
    this.#starts = new Uint32Array(order.length * width)
    this.#ends = new Uint32Array(order.length * width)
    this.count = 0
    for (const from of order) this.#append(starts, ends, from * width)
    this.#starts = this.#starts.slice(0, this.count * width)
    this.#ends = this.#ends.slice(0, this.count * width)
  }

  #append(starts: Uint32Array, ends: Uint32Array, from: number): void {
    const width = this.#width
    const last = (this.count - 1) * width
    if (this.count > 0 && touches(this.#ends, last, starts, from, width)) {
      if (compare(ends, from, this.#ends, last, width) > 0) this.#ends.set(ends.subarray(from, from + width), last)
      return
    }
    this.#starts.set(starts.subarray(from, from + width), last + width)
    this.#ends.set(ends.subarray(from, from + width), last + width)
    this.count++
  }

  has(words: Uint32Array): boolean {
    const width = this.#width
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compare(this.#starts, middle * width, words, 0, width) <= 0) low = middle + 1
      else high = middle
    }
    return low > 0 && compare(words, 0, this.#ends, (low - 1) * width, width) <= 0
  }

  /** The same for a table of single words, without an array for it. */
  hasWord(word: number): boolean {
    const starts = this.#starts
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((starts[middle] ?? 0) <= word) low = middle + 1
      else high = middle
    }
    return low > 0 && word <= (this.#ends[low - 1] ?? 0)
  }
}

function grown(words: Uint32Array): Uint32Array {
  const larger = new Uint32Array(words.length * 2)
  larger.set(words)
  return larger
}

function compare(a: Uint32Array, atA: number, b: Uint32Array, atB: number, width: number): number {
  for (let word = 0; word < width; word++) {
    const difference = (a[atA + word] ?? 0) - (b[atB + word] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** True when the range that starts at `start` overlaps the one that ends at `end`, or follows it without a gap. */
function touches(ends: Uint32Array, end: number, starts: Uint32Array, start: number, width: number): boolean {
  if (compare(starts, start, ends, end, width) <= 0) return true
  // end + 1 === start: equal words, then one that is one more, then only 0xffffffff before only 0.
  let word = 0
  while (word < width && starts[start + word] === ends[end + word]) word++
  if ((starts[start + word] ?? 0) - (ends[end + word] ?? 0) !== 1) return false
  for (word++; word < width; word++) {
    if (starts[start + word] !== 0 || ends[end + word] !== 0xffff_ffff) return false
  }
  return true
}

/** A set of IPv4 and IPv6 addresses, as ranges. Add, then `finish`, then look up. */
export class RangeTable {
  readonly #v4 = new FamilyTable(1)
  readonly #v6 = new FamilyTable(4)
  /** Of the address that is looked up. */
  readonly #words = new Uint32Array(4)

  /** A finished table of these ranges. */
  static of(ranges: Iterable<AddressRange>): RangeTable {
    const table = new RangeTable()
    for (const range of ranges) table.add(range)
    table.finish()
    return table
  }

  /** Ranges added, or what is left of them after `finish`. */
  get count(): number {
    return this.#v4.count + this.#v6.count
  }

  add({ start, end }: AddressRange): void {
    const family = start.length === 1 ? this.#v4 : this.#v6
    family.add(start, end)
  }

  finish(): void {
    this.#v4.finish()
    this.#v6.finish()
  }

  /** Looks a numeric address up; text that is none is in no range. */
  has(host: string): boolean {
    const word = parseIpv4Word(host)
    if (word >= 0) return this.#v4.hasWord(word)
    if (!host.includes(':') || !readIpv6(host, this.#words)) return false
    return isMapped(this.#words) ? this.#v4.hasWord(this.#words[3] ?? 0) : this.#v6.has(this.#words)
  }
}
