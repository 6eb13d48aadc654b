import { BitloomError, StorageError } from '../bytes/errors.js'
import type { Peer } from '../peer/peer.js'
import type { Run } from '../peer/request-inbox.js'
import type { Digests, Hasher } from '../ports/hasher.js'
import type { Memory } from '../ports/memory.js'
import type { Clock } from '../ports/clock.js'
import type { StorageHandle } from '../ports/storage.js'
import type { Extent } from '../torrent/open-piece.js'
import type { Torrent } from '../torrent/torrent.js'
import type { PeerLink } from './peer-link.js'
import type { Turns } from './turns.js'

const firstRetryMs = 5_000
const lastRetryMs = 60_000

export interface DataPathParts {
  readonly turns: Turns
  readonly clock: Clock
  readonly hasher: Hasher
  readonly memory: Memory
  readonly storage: StorageHandle
  readonly torrent: Torrent
  /** Writing fails (`undefined`: works again). */
  blocked(error: StorageError | undefined): void
  /** A piece that was had cannot be read. */
  lostPiece(piece: number, error: Error): void
  /** The hasher or the storage failed in a way that cannot be retried. */
  failed(error: Error): void
}

/**
 * Carries extents and runs between the torrent and the ports: socket → extent → hasher → storage, and storage → slab →
 * socket. The only place that awaits on the way of the data. Every port call is counted; `idle` waits for all of them.
 */
export class DataPath {
  readonly #parts: DataPathParts
  readonly #calls = new Set<Promise<void>>()
  readonly #retries: Extent[] = []
  #retryMs = firstRetryMs
  #cancelRetry: (() => void) | undefined
  #closed = false

  constructor(parts: DataPathParts) {
    this.#parts = parts
  }

  hash(extent: Extent, last: boolean): void {
    const { bytes } = extent
    if (bytes === undefined) return
    extent.bytes = undefined
    const hashing = this.#parts.hasher.hash(extent.owner.job, bytes, last)
    this.#track(
      hashing,
      (answer) => {
        extent.bytes = answer.bytes
        this.#parts.torrent.extents.hashed(extent, answer.digests, false)
      },
      (error) => this.#hashFailed(extent, error),
    )
  }

  /** An extent that was written ahead of its turn is read and hashed. */
  readBack(extent: Extent, last: boolean): void {
    const { memory, storage, hasher, torrent } = this.#parts
    const read = async (): Promise<Digests | undefined> => {
      const bytes = memory.take(extent.lengthBytes)
      await storage.read(extent.owner.piece, extent.begin, [bytes], 'verify')
      const answer = await hasher.hash(extent.owner.job, bytes, last)
      memory.give(answer.bytes)
      return answer.digests
    }
    this.#track(
      read(),
      (digests) => torrent.extents.hashed(extent, digests, true),
      (error) => this.#hashFailed(extent, error),
    )
  }

  #hashFailed(extent: Extent, error: unknown): void {
    this.#parts.hasher.drop(extent.owner.job)
    this.#parts.torrent.extents.lost(extent)
    this.#parts.failed(asError(error))
  }

  write(extent: Extent): void {
    const { storage, torrent } = this.#parts
    const { bytes } = extent
    if (bytes === undefined) return
    if (this.#retries.length > 0) {
      this.#retries.push(extent)
      return
    }
    this.#track(
      storage.write(extent.owner.piece, extent.begin, bytes),
      () => torrent.extents.written(extent),
      (error) => this.#writeFailed(extent, error),
    )
  }

  /** Nothing is lost: the bytes are kept and written again when the disk takes them. */
  #writeFailed(extent: Extent, error: unknown): void {
    if (!(error instanceof StorageError) || !error.retry) {
      this.#parts.torrent.extents.lost(extent)
      this.#parts.failed(asError(error))
      return
    }
    this.#retries.push(extent)
    this.#parts.blocked(error)
    if (this.#cancelRetry !== undefined || this.#closed) return
    this.#cancelRetry = this.#parts.clock.after(this.#retryMs, () => this.#parts.turns.run(() => this.#retry()))
    this.#retryMs = Math.min(lastRetryMs, this.#retryMs * 2)
  }

  #retry(): void {
    this.#cancelRetry = undefined
    const [first] = this.#retries
    if (first?.bytes === undefined || this.#closed) return
    const { storage, torrent } = this.#parts
    this.#track(
      storage.write(first.owner.piece, first.begin, first.bytes),
      () => {
        this.#retryMs = firstRetryMs
        const rest = this.#retries.splice(0).slice(1)
        this.#parts.blocked(undefined)
        torrent.extents.written(first)
        for (const extent of rest) this.write(extent)
      },
      (error) => {
        this.#retries.shift()
        this.#writeFailed(first, error)
      },
    )
  }

  serve(peer: Peer, link: PeerLink, run: Run): void {
    const { storage, torrent, turns } = this.#parts
    const { slab, gaps } = link.prepareRun(run)
    const sent = (): void => turns.run(() => torrent.sent(peer, run.lengthBytes))
    this.#track(
      storage.read(run.piece, run.begin, gaps, 'serve'),
      () => {
        torrent.served(peer, run.lengthBytes, turns.nowMs)
        link.sendRun(slab, sent)
      },
      (error) => {
        this.#parts.memory.give(slab)
        torrent.sent(peer, run.lengthBytes)
        rejectRun(peer, run)
        link.flush()
        this.#parts.lostPiece(run.piece, asError(error))
      },
    )
  }

  #track<T>(call: Promise<T>, done: (value: T) => void, failed: (error: unknown) => void): void {
    const { turns } = this.#parts
    const settled = call.then(
      (value) => turns.run(() => done(value)),
      (error: unknown) => turns.run(() => failed(error)),
    )
    this.#calls.add(settled)
    void settled.finally(() => this.#calls.delete(settled))
  }

  /** Resolves when no port call is under way. */
  async idle(): Promise<void> {
    while (this.#calls.size > 0) await Promise.all(this.#calls)
  }

  /** No retry fires any more; extents that wait for one are given up. */
  close(): void {
    this.#closed = true
    this.#cancelRetry?.()
    for (const extent of this.#retries.splice(0)) this.#parts.torrent.extents.lost(extent)
  }
}

function rejectRun(peer: Peer, run: Run): void {
  if (!peer.supportsFast) return
  let { begin } = run
  for (const length of run.lengths) {
    peer.out.reject(run.piece, begin, length)
    begin += length
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new BitloomError('IO', String(error))
}
