import { encode, type Metainfo, parseTorrent } from '@bitloom/core'
import { digest } from './simulated-hasher.js'

/** The data of a simulation. */
export interface TorrentSpec {
  readonly lengthBytes: number
  readonly pieceBytes: number
  /** Default "simulated". */
  readonly name?: string
  readonly private?: boolean
}

/**
 * A torrent whose pieces all begin with the same bytes, so that what a piece hashes to follows from its length alone: the
 * hash of symbolic data can be told without any, and real data has the same info-hash.
 */
export class SimulatedTorrent {
  readonly metainfo: Metainfo
  readonly #sha1s: ReadonlyMap<number, Uint8Array>
  readonly #piece: Uint8Array

  constructor(spec: TorrentSpec) {
    const { lengthBytes, pieceBytes } = spec
    this.#piece = Uint8Array.from({ length: Math.min(pieceBytes, lengthBytes) }, (_, at) => (at * 31) ^ (at >> 8))
    const lengths = [this.#piece.length, lengthBytes % pieceBytes].filter((length) => length > 0)
    this.#sha1s = new Map(lengths.map((length) => [length, digest('sha1', this.#piece.subarray(0, length))]))
    this.metainfo = this.#metainfoOf(spec)
  }

  /** What a good piece of this length hashes to; zeros if no piece is so long. */
  sha1Of(lengthBytes: number): Uint8Array {
    return this.#sha1s.get(lengthBytes) ?? new Uint8Array(20)
  }

  /** The real data from `begin` of any piece on. */
  fill(begin: number, into: Uint8Array): void {
    into.set(this.#piece.subarray(begin, begin + into.length))
  }

  #metainfoOf(spec: TorrentSpec): Metainfo {
    const { lengthBytes, pieceBytes } = spec
    const count = Math.ceil(lengthBytes / pieceBytes)
    const hashes = new Uint8Array(count * 20)
    for (let piece = 0; piece < count; piece++) {
      hashes.set(this.sha1Of(Math.min(pieceBytes, lengthBytes - piece * pieceBytes)), piece * 20)
    }
    const text = (value: string): Uint8Array => new TextEncoder().encode(value)
    const info = new Map<string, number | Uint8Array>([
      ['length', lengthBytes],
      ['name', text(spec.name ?? 'simulated')],
      ['piece length', pieceBytes],
      ['pieces', hashes],
    ])
    if (spec.private === true) info.set('private', 1)
    return parseTorrent(encode(new Map([['info', info]])), digest)
  }
}
