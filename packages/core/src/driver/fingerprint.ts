import { blockBytes } from '../metainfo/metainfo.js'
import type { Hasher } from '../ports/hasher.js'
import type { Memory } from '../ports/memory.js'
import type { StorageHandle } from '../ports/storage.js'
import { printBytes } from '../torrent/blame.js'
import type { Extent, OpenPiece } from '../torrent/open-piece.js'

/** The SHA-1 of each block of one copy of a piece: of what is in memory at once, of the rest when it was read back. */
export class Fingerprint {
  /** 20 bytes for each block. */
  readonly prints: Uint8Array
  /** Extents that are on the disk only. */
  readonly missing: readonly Extent[]
  readonly #hasher: Hasher

  constructor(open: OpenPiece, hasher: Hasher) {
    this.prints = new Uint8Array(open.states.length * printBytes)
    this.missing = open.extents.filter(({ bytes }) => bytes === undefined)
    this.#hasher = hasher
    for (const extent of open.extents) if (extent.bytes !== undefined) this.add(extent, extent.bytes)
  }

  /** The bytes of one extent are only read. */
  add({ begin, lengthBytes }: Extent, bytes: Uint8Array): void {
    for (let at = 0; at < lengthBytes; at += blockBytes) {
      const block = bytes.subarray(at, Math.min(at + blockBytes, lengthBytes))
      this.prints.set(this.#hasher.digest('sha1', block), ((begin + at) / blockBytes) * printBytes)
    }
  }

  /** @throws StorageError */
  async readMissing(storage: StorageHandle, memory: Memory): Promise<void> {
    for (const extent of this.missing) {
      const bytes = memory.take(extent.lengthBytes)
      try {
        await storage.read(extent.owner.piece, extent.begin, [bytes], 'verify')
        this.add(extent, bytes)
      } finally {
        memory.give(bytes)
      }
    }
  }
}
