/** The frozen values that a .torrent file becomes. Everything above reads torrents through these. */

export { blockBytes } from '../bytes/block-bytes.js'

/** What identifies a torrent: the v1 hash (SHA-1, 20 bytes), the v2 hash (SHA-256, 32 bytes), or both (hybrid, BEP 52). */
export interface InfoHashes {
  readonly v1?: Uint8Array
  readonly v2?: Uint8Array
}

export type TorrentFormat = 'v1' | 'hybrid' | 'v2'

/** One file in the order of the torrent's byte stream; padding files (BEP 47) are listed and never stored. */
export interface FileEntry {
  /** Where it is stored below the download folder, "/" between the parts, already made safe. Starts with the torrent's name. */
  readonly path: string
  readonly lengthBytes: number
  /** Where the file begins in the torrent's byte stream. */
  readonly offsetBytes: number
  readonly padding: boolean
  readonly executable: boolean
  readonly hidden: boolean
  /** BEP 47 symlink target below the download folder, "/" between the parts; never created by default. */
  readonly symlink?: string
  /** BEP 52: the root of the file's Merkle tree, 32 bytes. */
  readonly piecesRoot?: Uint8Array
}

/** Piece and block geometry. All lengths in bytes. A pure value: no state, no data. */
export interface Layout {
  readonly pieceCount: number
  readonly pieceLengthBytes: number
  /** The byte stream's length, padding included. */
  readonly lengthBytes: number
  /** The length of a piece as it is hashed (v1: padding included). */
  pieceLength(piece: number): number
  /** The zeros at the end of a piece that are padding: never asked for, never stored. */
  zeroTailBytes(piece: number): number
  /** Blocks to ask for: those that hold data before the zero tail. */
  blockCount(piece: number): number
  /** The length to ask a block with: cut at the zero tail. */
  blockLength(piece: number, block: number): number
}

/** What a piece must hash to: one choice for each torrent and swarm. */
export type Verifier =
  | { readonly kind: 'sha1'; readonly hashes: Uint8Array }
  | {
      readonly kind: 'merkle'
      expected(piece: number): { readonly root: Uint8Array; readonly leafCount: number } | undefined
    }

/** The torrent itself: what `Storage.open` gets and what the engine downloads. */
export interface Content {
  readonly name: string
  readonly infoHashes: InfoHashes
  /** In byte-stream order, padding included. Indexes into this array are *file indexes* everywhere. */
  readonly files: readonly FileEntry[]
  readonly layout: Layout
}

/** What a .torrent file says, but for its info dictionary and what pieces must hash to: small, however many pieces there are. */
export interface MetainfoSummary extends Content {
  readonly format: TorrentFormat
  /** The length of the raw info dictionary. */
  readonly infoLengthBytes: number
  /** Bytes of all files, padding left out. */
  readonly lengthBytes: number
  readonly private: boolean
  /** BEP 12 tiers; a single `announce` is one tier of one. Accepted URLs only, none twice. */
  readonly trackers: readonly (readonly string[])[]
  /** BEP 19 URLs, kept as they are. */
  readonly webSeeds: readonly string[]
  readonly comment?: string
  readonly createdBy?: string
  /** Seconds since 1970 UTC. */
  readonly creationDate?: number
  readonly source?: string
}

/** A parsed .torrent file. */
export interface Metainfo extends MetainfoSummary {
  /** The raw bytes of the info dictionary: what the info-hashes are over. */
  readonly info: Uint8Array
  readonly verifier: Verifier
  /** v2 and hybrid: the verifier by Merkle trees; of a v2 torrent it is `verifier` itself. */
  readonly merkle?: Verifier
}

/** The same without the bytes of the info dictionary. */
export function summaryOf(metainfo: Metainfo): MetainfoSummary {
  const { info: _info, verifier: _verifier, merkle: _merkle, ...summary } = metainfo
  return Object.freeze(summary)
}

/** A magnet link (BEP 9, BEP 53): enough to find peers, who then have the metadata. */
export interface MagnetLink {
  readonly infoHashes: InfoHashes
  readonly name?: string
  /** Exact length in bytes, as the link claims. */
  readonly lengthBytes?: number
  readonly trackers: readonly string[]
  readonly webSeeds: readonly string[]
  /** `x.pe`: "host:port", not resolved. */
  readonly peers: readonly string[]
  /** `so`: file indexes to download, ascending; absent = all. */
  readonly selectOnly?: readonly number[]
}
