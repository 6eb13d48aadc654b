import { pieceBytes, pieceCountOf, pieceLengthOf } from './protocol.js'

/** Who may be asked for a piece at the same time, once every missing piece is asked of somebody. */
const mostAskers = 2

interface Given<S> {
  readonly bytes: Uint8Array
  readonly from: S
}

/**
 * Metadata of one claimed size on its way, from one source or several. Memory is taken by the pieces that came, never by
 * the claim.
 */
export class Attempt<S> {
  readonly sizeBytes: number
  readonly pieceCount: number
  /** Every piece is there, and its hash is being looked at. */
  isChecking = false
  heldBytes = 0
  readonly #given = new Map<number, Given<S>>()
  readonly #askers = new Map<number, Set<S>>()
  /** Every piece before this one is there. */
  #firstMissing = 0

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes
    this.pieceCount = pieceCountOf(sizeBytes)
  }

  get isWhole(): boolean {
    return this.#given.size === this.pieceCount
  }

  /** Everybody who gave a piece. */
  get givers(): ReadonlySet<S> {
    return new Set([...this.#given.values()].map(({ from }) => from))
  }

  /** A missing piece to ask of a source: one that nobody was asked for, else one that few were. -1 = none. */
  next(source: S): number {
    let shared = -1
    for (let piece = this.#firstMissing; piece < this.pieceCount; piece++) {
      if (this.#given.has(piece)) continue
      const askers = this.#askers.get(piece)
      if (askers === undefined) return piece
      if (shared < 0 && askers.size < mostAskers && !askers.has(source)) shared = piece
    }
    return shared
  }

  asked(piece: number, source: S): void {
    const askers = this.#askers.get(piece) ?? new Set()
    this.#askers.set(piece, askers.add(source))
  }

  /** The source does not owe the piece any more. */
  released(piece: number, source: S): void {
    const askers = this.#askers.get(piece)
    if (askers?.delete(source) === true && askers.size === 0) this.#askers.delete(piece)
  }

  has(piece: number): boolean {
    return this.#given.has(piece)
  }

  /** Would this be the bytes of a missing piece? */
  fits(piece: number, lengthBytes: number): boolean {
    return !this.#given.has(piece) && lengthBytes > 0 && lengthBytes === pieceLengthOf(this.sizeBytes, piece)
  }

  /** Keeps a copy of a piece that fits. */
  take(piece: number, bytes: Uint8Array, from: S): void {
    this.#given.set(piece, { bytes: bytes.slice(), from })
    this.heldBytes += bytes.length
    while (this.#given.has(this.#firstMissing)) this.#firstMissing++
  }

  /** All pieces in one. Only when it is whole. */
  join(): Uint8Array {
    const whole = new Uint8Array(this.sizeBytes)
    for (const [piece, { bytes }] of this.#given) whole.set(bytes, piece * pieceBytes)
    return whole
  }

  /** Those who gave a piece that differs from the true metadata. */
  liars(truth: Uint8Array): ReadonlySet<S> {
    const liars = new Set<S>()
    for (const [piece, { bytes, from }] of this.#given) {
      const begin = piece * pieceBytes
      const right = truth.subarray(begin, begin + pieceBytes)
      if (bytes.length !== right.length || bytes.some((byte, at) => byte !== right[at])) liars.add(from)
    }
    return liars
  }
}
