import type { InfoHashes } from '../metainfo/metainfo.js'
import { token } from './token.js'

/** What is remembered of one torrent between two runs. */
export interface ResumeRecord {
  readonly infoHashes: InfoHashes
  readonly directory: string
  readonly storage: string
  /** Verified and durable pieces in wire form, ceil(pieceCount / 8) bytes. */
  readonly have: Uint8Array
  readonly uploadedBytes: number
  readonly downloadedBytes: number
}

/** Keeps resume records: what is put and what is got is the caller's own, bytes included. Keys are lower-case hex info-hashes (v1 where there is one, else v2). */
export interface ResumeStore {
  get(key: string): Promise<ResumeRecord | undefined>
  put(key: string, record: ResumeRecord): Promise<void>
  delete(key: string): Promise<void>
  keys(): Promise<readonly string[]>
}
export const ResumeStore = token<ResumeStore>('ResumeStore')
