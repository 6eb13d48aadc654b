import { token } from './token.js'

/** What to compute over one piece. `zeroTailBytes` of padding are hashed after the data for SHA-1 (BEP 47). */
export interface HashPlan {
  readonly sha1: boolean
  /** BEP 52: SHA-256 of each 16 KiB leaf and the root over `leafCount` leaves, missing ones zero. */
  readonly leaves: boolean
  readonly zeroTailBytes: number
  /** Leaves of the tree, a power of two; needed with `leaves`. */
  readonly leafCount?: number
}

/** One piece being hashed in order. `id` is unique among jobs at work and chooses the worker. */
export interface HashJob {
  readonly id: number
  readonly plan: HashPlan
}

export interface Digests {
  /** 20 bytes. */
  readonly sha1?: Uint8Array
  /** 32 bytes for each leaf that holds data. */
  readonly leaves?: Uint8Array
  /** 32 bytes. */
  readonly root?: Uint8Array
}

/** Hashes plaintext, incrementally, off the main thread where that pays. Knows nothing of torrents. */
export interface Hasher {
  /**
   * Hashes the next bytes of a job. Takes the buffer (it is unusable meanwhile) and gives the same memory back, maybe
   * as another object. With `last` the digests come too and the job is over. Calls of one job are answered in order.
   */
  hash(
    job: HashJob,
    bytes: Uint8Array,
    last: boolean,
  ): Promise<{ readonly bytes: Uint8Array; readonly digests?: Digests }>
  /** Hashes a small input at once (info dictionaries, allowed-fast sets): 20 or 32 bytes. The input is only read. */
  digest(algorithm: 'sha1' | 'sha256', bytes: Uint8Array): Uint8Array
  /** Forgets a job that will not be finished. */
  drop(job: HashJob): void
}
export const Hasher = token<Hasher>('Hasher')
