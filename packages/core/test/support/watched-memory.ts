import type { Memory } from '../../src/ports/memory.js'

/** A memory that knows who holds what: nothing is given back twice, and what is given back is spoiled. */
export class WatchedMemory implements Memory {
  readonly held = new Set<ArrayBufferLike>()

  take(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    this.held.add(bytes.buffer)
    return bytes
  }

  give(bytes: Uint8Array): void {
    if (!this.held.delete(bytes.buffer)) throw new Error('given back twice')
    bytes.fill(0xee)
  }

  /** As a transfer to a worker and back does. */
  move(bytes: Uint8Array): Uint8Array {
    this.held.delete(bytes.buffer)
    const moved = structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] })
    this.held.add(moved.buffer)
    return moved
  }
}
