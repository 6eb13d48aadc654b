import { Bits } from '../../src/bytes/bits.js'
import type { FileStamp, Storage, StorageHandle } from '../../src/ports/storage.js'

type CallName = 'open' | 'read' | 'write' | 'present' | 'sync' | 'close'

/** A storage whose bytes a test can look at and spoil, and whose calls it can make fail or wait. */
export class TestStorage implements Storage {
  readonly name = 'test'
  data: Uint8Array
  readonly #written: Set<number> = new Set()
  extentBytes = 1_048_576
  /** Thrown by the next write. */
  failWrites: Error | undefined
  failSyncs: Error | undefined
  /** Told of each sync that ended. */
  synced: () => void = () => {}
  /** How its files look; `undefined` = it cannot tell. */
  stamps: readonly (FileStamp | undefined)[] | undefined
  /** Calls that wait until `release`. */
  readonly holds = new Set<CallName>()
  /** What core did that the contract forbids. */
  readonly violations: string[] = []
  readonly underWay = new Set<CallName>()
  #waiting: (() => void)[] = []

  constructor(lengthBytes: number, data?: Uint8Array) {
    this.data = data ?? new Uint8Array(lengthBytes)
    if (data !== undefined) this.#written.add(-1)
  }

  /** Lets every call go on that waits, and those to come. */
  release(): void {
    this.holds.clear()
    for (const go of this.#waiting.splice(0)) go()
  }

  async #call<T>(name: CallName, run: () => T): Promise<T> {
    this.underWay.add(name)
    try {
      if (this.holds.has(name)) await new Promise<void>((resolve) => this.#waiting.push(resolve))
      return run()
    } finally {
      this.underWay.delete(name)
    }
  }

  open(content: { layout: { pieceCount: number; pieceLengthBytes: number } }): Promise<StorageHandle> {
    return this.#call('open', () => this.#handle(content.layout))
  }

  #handle({ pieceCount, pieceLengthBytes }: { pieceCount: number; pieceLengthBytes: number }): StorageHandle {
    let isClosed = false
    const calls = new Set<CallName>()
    const call = async <T>(name: CallName, run: () => T): Promise<T> => {
      if (isClosed) this.violations.push(`${name} after close`)
      calls.add(name)
      try {
        return await this.#call(name, run)
      } finally {
        calls.delete(name)
      }
    }
    return {
      extentBytes: this.extentBytes,
      write: (piece, begin, bytes) => {
        const lent = bytes.slice()
        return call('write', () => {
          if (!lent.every((byte, at) => byte === bytes[at])) this.violations.push('bytes changed during a write')
          if (this.failWrites !== undefined) throw this.failWrites
          this.data.set(bytes, piece * pieceLengthBytes + begin)
          this.#written.add(piece)
        })
      },
      read: (piece, begin, into) =>
        call('read', () => {
          let at = piece * pieceLengthBytes + begin
          for (const buffer of into) {
            buffer.fill(0)
            buffer.set(this.data.subarray(at, at + buffer.length))
            at += buffer.length
          }
        }),
      present: () => call('present', () => this.#present(pieceCount)),
      sync: () =>
        call('sync', () => {
          if (this.failSyncs !== undefined) throw this.failSyncs
          this.synced()
        }),
      ...(this.stamps === undefined ? {} : { stamps: async () => this.stamps ?? [] }),
      close: async () => {
        if (calls.size > 0) this.violations.push(`closed during ${[...calls].join(', ')}`)
        isClosed = true
        await this.#call('close', () => {})
      },
    }
  }

  #present(pieceCount: number): Bits | undefined {
    if (this.#written.has(-1)) return undefined
    const bits = new Bits(pieceCount)
    for (const piece of this.#written) bits.add(piece)
    return bits
  }
}
