import type { Memory } from '../ports/memory.js'

/** Bytes kept for reuse at the most. */
const keptBytes = 33_554_432

/** A LIFO pool of plain ArrayBuffers at offset 0, by size: the buffer given back last is still in the cache. */
export function memoryPool(limitBytes = keptBytes): Memory {
  const free = new Map<number, Uint8Array[]>()
  let kept = 0
  return {
    take: (lengthBytes) => {
      const reused = free.get(lengthBytes)?.pop()
      if (reused === undefined) return new Uint8Array(lengthBytes)
      kept -= lengthBytes
      return reused
    },
    give: (bytes) => {
      const { length } = bytes
      if (length === 0 || kept + length > limitBytes) return
      const list = free.get(length)
      if (list === undefined) free.set(length, [bytes])
      else list.push(bytes)
      kept += length
    },
  }
}
