import { createCipheriv } from 'node:crypto'
import { type Content, fileSpans } from '@bitloom/core'

/** A block of AES; what is encrypted and decrypted begins and ends at one, or at the end of its piece. */
export const unitBytes = 16

/**
 * AES-256-CTR over the pieces of one torrent: the counter is the place, so that any unit can be read alone, and each byte of
 * the torrent has a keystream byte of its own.
 *
 * What was never written reads as zeros from the storage below, and has to stay zeros: a unit of nothing but zeros is a hole.
 * No other unit looks like that: of 16 bytes by chance (2^-128), of fewer because there the two places are swapped, zeros are
 * encrypted as zeros, and what would be zeros as itself. Fewer they are at the end of a piece and beside padding, which the
 * storage below does not keep.
 */
export class PieceCipher {
  readonly #key: Uint8Array
  readonly #content: Content
  readonly #unitsPerPiece: number
  readonly #hasPadding: boolean

  constructor(key: Uint8Array, content: Content) {
    this.#key = key
    this.#content = content
    this.#unitsPerPiece = Math.ceil(content.layout.pieceLengthBytes / unitBytes)
    this.#hasPadding = content.files.some((file) => file.padding)
  }

  /** What to store for the bytes of a piece from `begin` on; padding comes out as zeros. The bytes are left alone. */
  encrypt(piece: number, begin: number, bytes: Uint8Array): Uint8Array {
    const result = this.#stream(piece, begin, bytes)
    for (const unit of this.#oddUnits(piece, begin, bytes.length)) swapZeros(unit, bytes, result)
    return result
  }

  /** Turns what was stored into what it stands for, in place. */
  decrypt(piece: number, begin: number, bytes: Uint8Array): void {
    const result = this.#stream(piece, begin, bytes)
    for (let at = 0; at + unitBytes <= bytes.length; at += unitBytes) {
      if (bytes[at] === 0 && isZero(bytes, at, at + unitBytes)) result.fill(0, at, at + unitBytes)
    }
    for (const unit of this.#oddUnits(piece, begin, bytes.length)) swapZeros(unit, bytes, result)
    bytes.set(result)
  }

  #stream(piece: number, begin: number, bytes: Uint8Array): Uint8Array {
    const counter = Buffer.alloc(16)
    counter.writeBigUInt64BE(BigInt(piece) * BigInt(this.#unitsPerPiece) + BigInt(begin / unitBytes), 8)
    const result = createCipheriv('aes-256-ctr', this.#key, counter).update(bytes)
    return new Uint8Array(result.buffer, result.byteOffset, result.length)
  }

  /** The units that keep fewer than 16 bytes. */
  #oddUnits(piece: number, begin: number, lengthBytes: number): OddUnit[] {
    const end = begin + lengthBytes
    const tailBytes = end % unitBytes
    const tail = { from: lengthBytes - tailBytes, kept: Array.from({ length: tailBytes }, () => true) }
    if (!this.#hasPadding) return tailBytes === 0 ? [] : [tail]
    return this.#besidePadding(piece, begin, lengthBytes)
  }

  #besidePadding(piece: number, begin: number, lengthBytes: number): OddUnit[] {
    const isPadding = new Uint8Array(lengthBytes)
    let at = 0
    for (const span of fileSpans(this.#content, piece, begin, lengthBytes)) {
      if (this.#content.files[span.file]?.padding === true) isPadding.fill(1, at, at + span.lengthBytes)
      at += span.lengthBytes
    }
    const odd: OddUnit[] = []
    for (let from = 0; from < lengthBytes; from += unitBytes) {
      const kept = Array.from(isPadding.subarray(from, from + unitBytes), (padding) => padding === 0)
      if (kept.length < unitBytes || kept.includes(false)) odd.push({ from, kept })
    }
    return odd
  }
}

interface OddUnit {
  readonly from: number
  /** By byte: kept by the storage below; the others are padding. */
  readonly kept: readonly boolean[]
}

/** Zeros become zeros, and what would become zeros stays as it is; the same rule in both directions. Padding is zeros. */
function swapZeros({ from, kept }: OddUnit, input: Uint8Array, output: Uint8Array): void {
  const places = Array.from(kept.keys(), (at) => from + at).filter((_place, at) => kept[at])
  const all = (bytes: Uint8Array): boolean => places.every((place) => bytes[place] === 0)
  const [isZeroIn, isZeroOut] = [all(input), all(output)]
  for (const [at, isKept] of kept.entries()) {
    const place = from + at
    if (!isKept || isZeroIn) output[place] = 0
    else if (isZeroOut) output[place] = input[place] ?? 0
  }
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false
  return true
}
