import type { Bits, Content } from '@bitloom/core'
import type { SimulatedTorrent } from './simulated-torrent.js'
import { SymbolicBytes } from './symbolic-bytes.js'

const nothing: readonly number[] = []

/**
 * What one torrent has on a simulated disk. Of symbolic data only which bytes are there, and which of them are spoilt; real
 * bytes are kept.
 */
export class DiskContent {
  /** Pieces of which something is there. */
  readonly present: Bits
  readonly #content: Content
  readonly #torrent: SimulatedTorrent
  /** Pieces of which everything is there. */
  readonly #whole: Bits
  /** Of the other pieces: what is there, each stretch by its begin, with its end. */
  readonly #parts = new Map<number, Map<number, number>>()
  /** By piece: where spoilt blocks begin. */
  readonly #spoilt = new Map<number, Set<number>>()
  readonly #written = new Map<number, Uint8Array>()

  /** `have` is there at the start, and as the torrent has it. */
  constructor(content: Content, torrent: SimulatedTorrent, have: Bits) {
    this.#content = content
    this.#torrent = torrent
    this.#whole = have.clone()
    this.present = have.clone()
  }

  write(piece: number, begin: number, bytes: Uint8Array, isSpoilt: boolean): void {
    const isSymbolic = bytes instanceof SymbolicBytes
    if (!isSymbolic) this.#keep(piece, begin, bytes)
    this.#add(piece, begin, begin + bytes.length)
    const old = [...(this.#spoilt.get(piece) ?? nothing)].filter((at) => at < begin || at >= begin + bytes.length)
    const fresh = [...(isSymbolic ? bytes.spoiltAt : nothing), ...(isSpoilt ? [0] : [])].map((at) => begin + at)
    if (old.length + fresh.length > 0) this.#spoilt.set(piece, new Set([...old, ...fresh]))
    else this.#spoilt.delete(piece)
  }

  /** Fills `into` with what is there from `begin` on; what was never written is not the data. */
  read(piece: number, begin: number, into: Uint8Array, lies: boolean): void {
    const spoilt = this.#spoiltIn(piece, begin, begin + into.length)
    if (into instanceof SymbolicBytes) {
      for (const at of spoilt) into.spoilAt(at - begin)
      if (lies || !this.#covers(piece, begin, begin + into.length)) into.spoil()
      return
    }
    const written = this.#written.get(piece)
    if (written !== undefined) into.set(written.subarray(begin, begin + into.length))
    else if (this.#whole.has(piece)) this.#torrent.fill(begin, into)
    else into.fill(0)
    if (lies || spoilt.length > 0) into[0] = (into[0] ?? 0) ^ 0xff
  }

  #spoiltIn(piece: number, begin: number, end: number): readonly number[] {
    const spoilt = this.#spoilt.get(piece)
    return spoilt === undefined ? nothing : [...spoilt].filter((at) => at >= begin && at < end)
  }

  #add(piece: number, begin: number, end: number): void {
    this.present.add(piece)
    if (this.#whole.has(piece)) return
    const parts = this.#parts.get(piece) ?? new Map<number, number>()
    parts.set(begin, Math.max(end, parts.get(begin) ?? 0))
    this.#parts.set(piece, parts)
    const { layout } = this.#content
    if (!this.#covers(piece, 0, layout.pieceLength(piece) - layout.zeroTailBytes(piece))) return
    this.#whole.add(piece)
    this.#parts.delete(piece)
  }

  /** Everything in this range is there. */
  #covers(piece: number, begin: number, end: number): boolean {
    if (this.#whole.has(piece)) return true
    const parts = [...(this.#parts.get(piece) ?? [])]
    let at = begin
    while (at < end) {
      const next = parts.find(([from, to]) => from <= at && to > at)
      if (next === undefined) return false
      at = next[1]
    }
    return true
  }

  #keep(piece: number, begin: number, bytes: Uint8Array): void {
    const { files, layout } = this.#content
    let whole = this.#written.get(piece)
    if (whole === undefined) {
      whole = new Uint8Array(layout.pieceLength(piece))
      if (this.#whole.has(piece)) this.#torrent.fill(0, whole)
      this.#written.set(piece, whole)
    }
    whole.set(bytes, begin)
    const pieceAt = piece * layout.pieceLengthBytes
    for (const { padding, offsetBytes, lengthBytes } of files) {
      if (padding) whole.fill(0, Math.max(0, offsetBytes - pieceAt), Math.max(0, offsetBytes + lengthBytes - pieceAt))
    }
  }
}
