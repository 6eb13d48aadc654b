import type { InfoHashes } from '../metainfo/metainfo.js'
import type { FileStamp } from './storage.js'
import { token } from './token.js'

/** A piece of which some blocks are on the disk. */
export interface PartialPiece {
  readonly piece: number
  /** In wire form, one bit for each block of the piece. */
  readonly blocks: Uint8Array
}

/** What is remembered of one torrent between two runs. */
export interface ResumeRecord {
  readonly infoHashes: InfoHashes
  readonly name: string
  /** The raw info dictionary; absent while it is unknown. */
  readonly info?: Uint8Array
  /** BEP 12 tiers. */
  readonly trackers: readonly (readonly string[])[]
  readonly webSeeds: readonly string[]
  readonly directory: string
  /** Where the data belongs when it is whole, if that is another folder. */
  readonly moveTo?: string
  /** By file index, below `directory`: what files are called; absent = as the torrent says. */
  readonly paths?: readonly string[]
  /** Files are on their way there, or to these names, and may be in either place. */
  readonly relocating?: { readonly directory: string; readonly paths: readonly string[] }
  /** What incomplete files carry at the end of their names. */
  readonly incompleteSuffix?: string
  readonly storage: string
  /** `removed`: the torrent left its session; what is known of its data is kept for the time it comes back. */
  readonly state: 'active' | 'paused' | 'removed'
  /** Verified and durable pieces in wire form, ceil(pieceCount / 8) bytes. Without any byte: nobody knows, all data is in doubt. */
  readonly have: Uint8Array
  readonly partial: readonly PartialPiece[]
  /** By file index: how the files were when `have` was true of them. Empty where the storage cannot tell. */
  readonly files: readonly (FileStamp | undefined)[]
  /** One byte for each piece, 0 = unwanted; absent while the pieces are unknown. */
  readonly priorities?: Uint8Array
  /** By file index in wire form; absent while the files are unknown. */
  readonly wantedFiles?: Uint8Array
  readonly picker?: string
  readonly choker?: string
  /** Limits of its own, by their name; absent = none. */
  readonly limits: Readonly<Record<string, number>>
  /** Its number in the order of the queue; absent = the last. */
  readonly queueRank?: number
  /** It works whatever the limits of the queue are. */
  readonly forced?: true
  /** How long it has been seeding in all runs so far, whole ms; absent = not yet. */
  readonly seedingMs?: number
  /** Payload bytes of all runs so far. */
  readonly uploadedBytes: number
  readonly downloadedBytes: number
}

/**
 * Keeps resume records: what is put and what is got is the caller's own, bytes included. Keys are lower-case hex
 * info-hashes (v1 where there is one, else v2). A settled `put` is durable where the store outlives the process. A record
 * that cannot be read is one that is not there: `get` does not reject for it.
 */
export interface ResumeStore {
  get(key: string): Promise<ResumeRecord | undefined>
  put(key: string, record: ResumeRecord): Promise<void>
  delete(key: string): Promise<void>
  keys(): Promise<readonly string[]>
}
export const ResumeStore = token<ResumeStore>('ResumeStore')
