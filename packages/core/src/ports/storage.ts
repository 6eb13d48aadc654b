import type { ReadonlyBits } from '../bytes/bits.js'
import type { Content } from '../metainfo/metainfo.js'
import type { Named } from './named.js'
import { token } from './token.js'

/** Where the files of a torrent are, or were. */
export interface StoragePlace {
  readonly directory: string
  /** By file index, below `directory`, "/" between the parts. */
  readonly paths: readonly string[]
  /** See `StorageOptions`. */
  readonly incompleteSuffix?: string
}

export interface StorageOptions {
  /** The folder that will contain the torrent's own name. */
  readonly directory: string
  /** By file index: the files that are wanted at first. */
  readonly wantedFiles: ReadonlyBits
  /** What files that are made carry at the end of their names until `complete` says that they are whole; absent = nothing. */
  readonly incompleteSuffix?: string
  /** The way from there to here was interrupted, or ends now: files that are still there are brought here first. */
  readonly movedFrom?: StoragePlace
}

/** What a file looks like from outside: one that was changed has another one. */
export interface FileStamp {
  readonly lengthBytes: number
  /** When it was changed last, in whole microseconds since 1970. */
  readonly modifiedUs: number
}

/** Why bytes are read: to check them, to send them to a peer, or to hand them to a reader that plays them. */
export type ReadPurpose = 'verify' | 'serve' | 'stream'

/** One place for the data of torrents. Chosen per torrent by `name`. */
export interface Storage extends Named {
  /**
   * Prepares a torrent's place. Creates nothing on disk yet. Files are stored by the paths of `content`, which are others
   * than the torrent's own where somebody renamed them. @throws StorageError
   */
  open(content: Content, options: StorageOptions, signal: AbortSignal): Promise<StorageHandle>
}

/**
 * The data of one torrent. It never hashes. Addressed by piece and offset within the piece; a call never crosses a piece.
 * Calls may overlap in time; every one of them settles. All reject with StorageError.
 */
export interface StorageHandle {
  /** The wanted unit of writing, a multiple of 16 KiB; `Infinity` = whole pieces. Core clamps it. */
  readonly extentBytes: number
  /** `bytes` are lent until it settles: do not change, do not keep. Settled = readable by `read`. Rejected = not written; core may retry the same bytes. */
  write(piece: number, begin: number, bytes: Uint8Array): Promise<void>
  /** Fills every buffer of `into` in order from `begin` on. Padding and holes read as zeros. */
  read(piece: number, begin: number, into: readonly Uint8Array[], purpose: ReadPurpose): Promise<void>
  /** Pieces that may hold data: what a check must read. `undefined` = all. */
  present(): Promise<ReadonlyBits | undefined>
  /** All settled writes are durable. */
  sync(): Promise<void>
  /** Called after the last settle; idempotent. */
  close(): Promise<void>
  /** The selection changed; by file index. */
  want?(files: ReadonlyBits): void
  /** Where the data lives from now on. */
  move?(directory: string): Promise<void>
  /** What files are called from now on, by file index, below the folder. All or nothing, and nothing is overwritten. */
  rename?(paths: readonly string[]): Promise<void>
  /** By file index: these are whole and durable, so they lose the suffix of incomplete files. One that cannot keeps it. */
  complete?(files: ReadonlyBits): Promise<void>
  /** Deletes the torrent's data, and nothing else. */
  remove?(): Promise<void>
  /**
   * By file index; `undefined` = it is not there. Each as it was when it was looked at first, or first after our own last
   * write to it, so that a change by others shows; `present` looks at all of them anew.
   */
  stamps?(): Promise<readonly (FileStamp | undefined)[]>
  /** Bytes free where the data goes; `undefined` if unknown. Compared before the start, a warning. */
  freeBytes?(): Promise<number | undefined>
}
export const Storage = token<Storage>('Storage')
