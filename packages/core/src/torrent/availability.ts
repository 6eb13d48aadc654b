import type { ReadonlyBits } from '../bytes/bits.js'

/**
 * How many connected peers have each piece. Seeds are one counter, so that a seed joining costs nothing per piece.
 * Invariant: a peer counts either as a seed or through its single bits; the caller tells which it was.
 */
export class Availability {
  readonly #counts: Uint16Array
  #seeds = 0

  constructor(pieceCount: number) {
    this.#counts = new Uint16Array(pieceCount)
  }

  of(piece: number): number {
    return (this.#counts[piece] ?? 0) + this.#seeds
  }

  addOne(piece: number): void {
    this.#counts[piece] = (this.#counts[piece] ?? 0) + 1
  }

  addSeed(): void {
    this.#seeds++
  }

  removeSeed(): void {
    this.#seeds--
  }

  add(haves: ReadonlyBits): void {
    for (let piece = haves.nextSet(0); piece >= 0; piece = haves.nextSet(piece + 1)) this.addOne(piece)
  }

  remove(haves: ReadonlyBits): void {
    for (let piece = haves.nextSet(0); piece >= 0; piece = haves.nextSet(piece + 1)) {
      this.#counts[piece] = Math.max(0, (this.#counts[piece] ?? 0) - 1)
    }
  }
}
