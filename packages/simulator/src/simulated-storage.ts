import {
  type Bits,
  type Content,
  type SeededRandom,
  type Storage,
  StorageError,
  type StorageHandle,
} from '@bitloom/core'
import type { SimulatedTorrent } from './simulated-torrent.js'
import { SymbolicBytes } from './symbolic-bytes.js'
import type { VirtualClock } from './virtual-clock.js'

/** How a node's disk behaves. Everything left out is as good as can be. */
export interface StorageSpec {
  /** Wanted unit of writing; default 1 MiB. */
  readonly extentBytes?: number
  /** Each call takes so long … */
  readonly callMs?: number
  /** … and then its bytes, one call after the other. */
  readonly bytesPerSecond?: number
  /** Room for so many bytes; a write beyond fails with NO_SPACE … */
  readonly capacityBytes?: number
  /** … until so long after the first that failed. Default: for good. */
  readonly fullForMs?: number
  /** The share of writes that are spoilt on the disk without a word. */
  readonly corrupts?: number
  /** Reads for peers never come back: the node takes requests and answers none. */
  readonly readsHang?: boolean
}

export interface StorageParts {
  readonly clock: VirtualClock
  readonly random: SeededRandom
  readonly spec: StorageSpec
  /** What is there at the start. */
  readonly have: Bits
  readonly torrent: SimulatedTorrent
  /** Serves what is not the data. */
  readonly lies: boolean
}

/** A disk on virtual time for one torrent of one node. It keeps no symbolic data, only what is there and what is spoilt. */
export class SimulatedStorage implements Storage {
  readonly name = 'simulated'
  /** Calls so far, and bytes written. */
  readonly counts = { reads: 0, writes: 0, writtenBytes: 0 }
  readonly #parts: StorageParts
  /** By piece: where spoilt extents begin. */
  readonly #spoilt = new Map<number, Set<number>>()
  readonly #written = new Map<number, Uint8Array>()
  #busyUntilMs = 0
  #fullSinceMs: number | undefined

  constructor(parts: StorageParts) {
    this.#parts = parts
  }

  async open(content: Content): Promise<StorageHandle> {
    this.#parts.clock.touch()
    const there = this.#parts.have.clone()
    const write = (piece: number, begin: number, bytes: Uint8Array): Promise<void> => {
      there.add(piece)
      return this.#write(piece, begin, bytes, content.layout.pieceLength(piece))
    }
    return {
      extentBytes: this.#parts.spec.extentBytes ?? 1_048_576,
      write,
      read: (piece, begin, into, purpose) => this.#read(piece, begin, into, purpose === 'serve'),
      present: () => this.#call(0, () => there),
      sync: () => this.#call(0, () => {}),
      close: () => this.#call(0, () => {}),
    }
  }

  #write(piece: number, begin: number, bytes: Uint8Array, pieceBytes: number): Promise<void> {
    const { spec, random } = this.#parts
    this.counts.writes++
    if (this.#isFull(bytes.length)) {
      return this.#call(0, () => {
        throw new StorageError('NO_SPACE', 'the simulated disk is full', { path: '/simulated', retry: true })
      })
    }
    this.counts.writtenBytes += bytes.length
    const isSpoilt = spec.corrupts !== undefined && random.below(1_000_000) < spec.corrupts * 1_000_000
    return this.#call(bytes.length, () => {
      this.#keep(piece, begin, bytes, pieceBytes)
      if (isSpoilt || (bytes instanceof SymbolicBytes && !bytes.isGood)) this.#spoil(piece, begin)
      else this.#spoilt.get(piece)?.delete(begin)
    })
  }

  #isFull(lengthBytes: number): boolean {
    const { spec, clock } = this.#parts
    if (spec.capacityBytes === undefined || this.counts.writtenBytes + lengthBytes <= spec.capacityBytes) return false
    this.#fullSinceMs ??= clock.nowMs()
    return clock.nowMs() - this.#fullSinceMs < (spec.fullForMs ?? Infinity)
  }

  #keep(piece: number, begin: number, bytes: Uint8Array, pieceBytes: number): void {
    if (bytes instanceof SymbolicBytes) return
    const whole = this.#written.get(piece) ?? new Uint8Array(pieceBytes)
    this.#written.set(piece, whole)
    whole.set(bytes, begin)
  }

  #spoil(piece: number, begin: number): void {
    const spoilt = this.#spoilt.get(piece) ?? new Set()
    this.#spoilt.set(piece, spoilt.add(begin))
  }

  #read(piece: number, begin: number, into: readonly Uint8Array[], forPeer: boolean): Promise<void> {
    const { spec, lies } = this.#parts
    this.counts.reads++
    if (forPeer && spec.readsHang === true) return new Promise(() => {})
    const isBad = lies || (this.#spoilt.get(piece)?.size ?? 0) > 0
    let lengthBytes = 0
    for (const buffer of into) lengthBytes += buffer.length
    return this.#call(lengthBytes, () => {
      let at = begin
      for (const buffer of into) {
        this.#fill(piece, at, buffer, isBad)
        at += buffer.length
      }
    })
  }

  #fill(piece: number, begin: number, into: Uint8Array, isBad: boolean): void {
    if (into instanceof SymbolicBytes) {
      if (isBad) into.spoil()
      return
    }
    const written = this.#written.get(piece)
    if (written !== undefined) into.set(written.subarray(begin, begin + into.length))
    else this.#parts.torrent.fill(begin, into)
    if (isBad) into[0] = (into[0] ?? 0) ^ 0xff
  }

  /** Settles when the disk is through with it; at once if it takes no time. */
  #call<T>(lengthBytes: number, run: () => T): Promise<T> {
    const { clock, spec } = this.#parts
    clock.touch()
    const busyMs = (lengthBytes * 1_000) / (spec.bytesPerSecond ?? Infinity)
    this.#busyUntilMs = Math.max(this.#busyUntilMs, clock.nowMs()) + busyMs
    const delayMs = this.#busyUntilMs - clock.nowMs() + (spec.callMs ?? 0)
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        try {
          resolve(run())
        } catch (error) {
          reject(error as Error)
        }
      }
      if (delayMs > 0) clock.after(delayMs, settle)
      else settle()
    })
  }
}
