import { StorageError } from '../bytes/errors.js'
import type { Peer } from '../peer/peer.js'
import type { Run } from '../peer/request-inbox.js'
import type { Digests, Hasher } from '../ports/hasher.js'
import type { Memory } from '../ports/memory.js'
import type { Clock } from '../ports/clock.js'
import type { StorageHandle } from '../ports/storage.js'
import type { Extent, OpenPiece } from '../torrent/open-piece.js'
import type { Torrent } from '../torrent/torrent.js'
import { asError } from './as-error.js'
import { Fingerprint } from './fingerprint.js'
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
  #calls = 0
  /** They wait until none is under way. */
  readonly #idlers: (() => void)[] = []
  /** Extents whose write failed, or that came behind one that did. */
  readonly #waiting: Extent[] = []
  #blockedBy: StorageError | undefined
  #isRetrying = false
  #retryMs = firstRetryMs
  #cancelRetry: (() => void) | undefined
  #isClosed = false

  constructor(parts: DataPathParts) {
    this.#parts = parts
  }

  /** Why nothing can be written at present. */
  get blockedBy(): StorageError | undefined {
    return this.#blockedBy
  }

  hash(extent: Extent, last: boolean): void {
    const { bytes, owner } = extent
    if (bytes === undefined) return
    const { hasher, torrent } = this.#parts
    extent.bytes = undefined
    this.#track(
      () => hasher.hash(owner.job, bytes, last),
      (answer) => {
        extent.bytes = answer.bytes
        torrent.extents.hashed(extent, answer.digests, false)
      },
      (error) => this.#hashFailed(extent, error),
    )
  }

  /** An extent that was written ahead of its turn is read and hashed. */
  readBack(extent: Extent, last: boolean): void {
    const { memory, storage, hasher, torrent } = this.#parts
    const read = async (): Promise<Digests | undefined> => {
      let bytes = memory.take(extent.lengthBytes)
      try {
        await storage.read(extent.owner.piece, extent.begin, [bytes], 'verify')
        const answer = await hasher.hash(extent.owner.job, bytes, last)
        bytes = answer.bytes
        return answer.digests
      } finally {
        memory.give(bytes)
      }
    }
    this.#track(
      read,
      (digests) => torrent.extents.hashed(extent, digests, true),
      (error) => this.#hashFailed(extent, error),
    )
  }

  #hashFailed(extent: Extent, error: unknown): void {
    this.#parts.hasher.drop(extent.owner.job)
    this.#parts.torrent.extents.lost(extent)
    if (!this.#isClosed) this.#parts.failed(asError(error))
  }

  /** Of a copy of a piece, so that who lied can be told. */
  fingerprint(open: OpenPiece): void {
    const { hasher, storage, memory, torrent } = this.#parts
    const fingerprint = new Fingerprint(open, hasher)
    const over = (prints: Uint8Array | undefined): void => torrent.extents.fingerprinted(open, prints)
    if (fingerprint.missing.length === 0) over(fingerprint.prints)
    else
      this.#track(
        () => fingerprint.readMissing(storage, memory),
        () => over(fingerprint.prints),
        () => over(undefined),
      )
  }

  write(extent: Extent): void {
    if (this.#blockedBy === undefined) this.#write(extent, () => {})
    else this.#waiting.push(extent)
  }

  #write(extent: Extent, settled: (works: boolean) => void): void {
    const { storage, torrent } = this.#parts
    const { bytes, owner, begin } = extent
    if (bytes === undefined) return
    this.#track(
      () => storage.write(owner.piece, begin, bytes),
      () => {
        settled(true)
        torrent.extents.written(extent)
      },
      (error) => {
        settled(false)
        this.#writeFailed(extent, error)
      },
    )
  }

  /** Nothing is lost: the bytes are kept and written again when the disk takes them. */
  #writeFailed(extent: Extent, error: unknown): void {
    const mayRetry = error instanceof StorageError && error.retry
    if (this.#isClosed || !mayRetry) {
      this.#parts.torrent.extents.lost(extent)
      if (!this.#isClosed) this.#parts.failed(asError(error))
      return
    }
    this.#waiting.unshift(extent)
    this.#blockedBy = error
    this.#parts.blocked(error)
    if (this.#cancelRetry !== undefined || this.#isRetrying) return
    const { clock, turns } = this.#parts
    this.#cancelRetry = clock.after(this.#retryMs, () => turns.run(() => this.#retry()))
    this.#retryMs = Math.min(lastRetryMs, this.#retryMs * 2)
  }

  /** Tries one extent; the others follow when that works. */
  #retry(): void {
    this.#cancelRetry = undefined
    const first = this.#waiting.shift()
    if (first === undefined || this.#isClosed) return
    this.#isRetrying = true
    this.#write(first, (works) => {
      this.#isRetrying = false
      if (!works || this.#isClosed) return
      this.#retryMs = firstRetryMs
      this.#blockedBy = undefined
      this.#parts.blocked(undefined)
      for (const extent of this.#waiting.splice(0)) this.write(extent)
    })
  }

  serve(peer: Peer, link: PeerLink, run: Run): void {
    const { storage, torrent, turns, clock, memory } = this.#parts
    const { slab, gaps } = link.prepareRun(run)
    const left = (nowMs: number): void => {
      if (torrent.sent(peer, run.lengthBytes, nowMs)) turns.run(() => torrent.requests.mark(peer))
    }
    this.#track(
      () => storage.read(run.piece, run.begin, gaps, 'serve'),
      () => {
        torrent.served(peer, run.lengthBytes, turns.nowMs)
        link.sendRun(slab, () => left(clock.nowMs()))
      },
      (error) => {
        memory.give(slab)
        left(turns.nowMs)
        rejectRun(peer, run)
        link.flush()
        if (!this.#isClosed) this.#parts.lostPiece(run.piece, asError(error))
      },
    )
  }

  #track<T>(call: () => Promise<T>, done: (value: T) => void, failed: (error: unknown) => void): void {
    const { turns } = this.#parts
    const over = (run: () => void): void => {
      turns.run(run)
      this.#calls--
      if (this.#calls === 0) for (const resolve of this.#idlers.splice(0)) resolve()
    }
    this.#calls++
    void called(call).then(
      (value) => over(() => done(value)),
      (error: unknown) => over(() => failed(error)),
    )
  }

  /** Resolves when no port call is under way. */
  async idle(): Promise<void> {
    while (this.#calls > 0) await new Promise<void>((resolve) => this.#idlers.push(resolve))
  }

  /** No retry fires any more, and failures are nobody's; extents that wait for a retry are given up. */
  close(): void {
    this.#isClosed = true
    this.#cancelRetry?.()
    for (const extent of this.#waiting.splice(0)) this.#parts.torrent.extents.lost(extent)
  }
}

/** A plugin's method may throw instead of rejecting, or answer without a promise. */
function called<T>(call: () => Promise<T>): Promise<T> {
  try {
    return Promise.resolve(call())
  } catch (error) {
    return Promise.reject(error as Error)
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
