import {
  Bits,
  type Content,
  type SeededRandom,
  type Storage,
  StorageError,
  type StorageHandle,
  type StorageOptions,
} from '@bitloom/core'
import { DiskContent } from './disk-content.js'
import type { SimulatedTorrent } from './simulated-torrent.js'
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
  /** What is there of the torrent at the start. */
  readonly have: Bits
  readonly torrent: SimulatedTorrent
  /** Serves what is not the data. */
  readonly lies: boolean
}

/** The disk of one node, on virtual time. */
export class SimulatedStorage implements Storage {
  readonly name = 'simulated'
  /** Calls so far, and bytes written. */
  readonly counts = { reads: 0, writes: 0, writtenBytes: 0 }
  readonly #parts: StorageParts
  /** By folder and info-hash. */
  readonly #contents = new Map<string, DiskContent>()
  #busyUntilMs = 0
  #fullSinceMs: number | undefined

  constructor(parts: StorageParts) {
    this.#parts = parts
  }

  async open(content: Content, { directory }: StorageOptions): Promise<StorageHandle> {
    this.#parts.clock.touch()
    const disk = this.#contentOf(content, directory)
    let isClosed = false
    const unlessClosed = <T>(call: () => Promise<T>): Promise<T> => (isClosed ? this.#fail('GONE') : call())
    return {
      extentBytes: this.#parts.spec.extentBytes ?? 1_048_576,
      write: (piece, begin, bytes) => unlessClosed(() => this.#write(disk, piece, begin, bytes)),
      read: (piece, begin, into, purpose) =>
        unlessClosed(() => this.#read(disk, piece, begin, into, purpose === 'serve')),
      present: () => this.#call(0, () => disk.present),
      sync: () => this.#call(0, () => {}),
      close: () => {
        isClosed = true
        return this.#call(0, () => {})
      },
    }
  }

  #contentOf(content: Content, directory: string): DiskContent {
    const { torrent, have } = this.#parts
    const hash = hashOf(content)
    const key = `${directory} ${hash}`
    const isOurs = hash === hashOf(torrent.metainfo)
    const disk =
      this.#contents.get(key) ?? new DiskContent(content, torrent, isOurs ? have : new Bits(content.layout.pieceCount))
    this.#contents.set(key, disk)
    return disk
  }

  #write(disk: DiskContent, piece: number, begin: number, bytes: Uint8Array): Promise<void> {
    const { spec, random } = this.#parts
    this.counts.writes++
    if (this.#isFull(bytes.length)) return this.#fail('NO_SPACE')
    this.counts.writtenBytes += bytes.length
    const isSpoilt = spec.corrupts !== undefined && random.below(1_000_000) < spec.corrupts * 1_000_000
    return this.#call(bytes.length, () => disk.write(piece, begin, bytes, isSpoilt))
  }

  #fail(code: 'NO_SPACE' | 'GONE'): Promise<never> {
    const message = code === 'GONE' ? 'the simulated disk was closed' : 'the simulated disk is full'
    return this.#call(0, () => {
      throw new StorageError(code, message, { path: '/simulated', retry: code === 'NO_SPACE' })
    })
  }

  #isFull(lengthBytes: number): boolean {
    const { spec, clock } = this.#parts
    if (spec.capacityBytes === undefined || this.counts.writtenBytes + lengthBytes <= spec.capacityBytes) return false
    this.#fullSinceMs ??= clock.nowMs()
    return clock.nowMs() - this.#fullSinceMs < (spec.fullForMs ?? Infinity)
  }

  #read(disk: DiskContent, piece: number, begin: number, into: readonly Uint8Array[], forPeer: boolean): Promise<void> {
    const { spec, lies } = this.#parts
    this.counts.reads++
    if (forPeer && spec.readsHang === true) return new Promise(() => {})
    let lengthBytes = 0
    for (const buffer of into) lengthBytes += buffer.length
    return this.#call(lengthBytes, () => {
      let at = begin
      for (const buffer of into) {
        disk.read(piece, at, buffer, lies)
        at += buffer.length
      }
    })
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

function hashOf({ infoHashes }: Pick<Content, 'infoHashes'>): string {
  return String(infoHashes.v1 ?? infoHashes.v2)
}
