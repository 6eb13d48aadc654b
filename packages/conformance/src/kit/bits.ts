import type { ReadonlyBits } from '@bitloom/core'

/** `ReadonlyBits` the slow and plain way. */
export class NumberSet implements ReadonlyBits {
  readonly length: number
  readonly #members = new Set<number>()

  constructor(length: number, members: Iterable<number> = []) {
    this.length = length
    for (const index of members) this.add(index)
  }

  /** All numbers below `length`, or those of them that `isIn`. */
  static of(length: number, isIn: (index: number) => boolean = () => true): NumberSet {
    const all = Array.from({ length }, (_, index) => index)
    return new NumberSet(length, all.filter(isIn))
  }

  get count(): number {
    return this.#members.size
  }

  add(index: number): void {
    if (index >= 0 && index < this.length) this.#members.add(index)
  }

  delete(index: number): void {
    this.#members.delete(index)
  }

  has(index: number): boolean {
    return this.#members.has(index)
  }

  nextSet(from: number): number {
    for (let index = Math.max(0, from); index < this.length; index++) if (this.has(index)) return index
    return -1
  }

  nextClear(from: number): number {
    for (let index = Math.max(0, from); index < this.length; index++) if (!this.has(index)) return index
    return -1
  }

  toBytes(): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(this.length / 8))
    for (const index of this.#members) bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (0x80 >> (index & 7))
    return bytes
  }
}
