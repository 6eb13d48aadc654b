/**
 * How many connected peers have each piece. Seeds are one counter, so that a seed joining costs nothing per piece.
 * Invariant: a peer counts either as a seed or through its single bits; the caller tells which it was.
 */
export class Availability {
  readonly #pieceCount: number
  /** Made for the first peer that is no seed. */
  #counts: Uint16Array | undefined
  #seeds = 0

  constructor(pieceCount: number) {
    this.#pieceCount = pieceCount
  }

  of(piece: number): number {
    return (this.#counts?.[piece] ?? 0) + this.#seeds
  }

  /** One peer more or less has it. */
  count(piece: number, by: 1 | -1): void {
    this.#counts ??= new Uint16Array(this.#pieceCount)
    this.#counts[piece] = Math.max(0, (this.#counts[piece] ?? 0) + by)
  }

  addSeed(): void {
    this.#seeds++
  }

  removeSeed(): void {
    this.#seeds--
  }
}
