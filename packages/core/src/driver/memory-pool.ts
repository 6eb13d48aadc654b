import type { Memory } from '../ports/memory.js'

/** Bytes kept for reuse at the most. */
const keptBytes = 33_554_432

/**
 * A LIFO pool of plain ArrayBuffers at offset 0, by size: the buffer given back last is still in the cache. It keeps at
 * most `limitBytes`; what was given back longest ago in the size used longest ago goes first.
 */
export function memoryPool(limitBytes = keptBytes): Memory {
  // In the order of use, the latest last.
  const free = new Map<number, Uint8Array[]>()
  let kept = 0
  let latest: { readonly lengthBytes: number; readonly list: Uint8Array[] } | undefined
  const touch = (lengthBytes: number): Uint8Array[] => {
    if (latest?.lengthBytes === lengthBytes) return latest.list
    const list = free.get(lengthBytes) ?? []
    free.delete(lengthBytes)
    free.set(lengthBytes, list)
    latest = { lengthBytes, list }
    return list
  }
  const evict = (): void => {
    for (const [lengthBytes, list] of free) {
      while (list.length > 0 && kept > limitBytes) {
        list.shift()
        kept -= lengthBytes
      }
      if (list.length === 0) free.delete(lengthBytes)
      if (list === latest?.list) latest = undefined
      if (kept <= limitBytes) return
    }
  }
  return {
    take: (lengthBytes) => {
      if (!free.has(lengthBytes)) return new Uint8Array(lengthBytes)
      const reused = touch(lengthBytes).pop()
      if (reused === undefined) return new Uint8Array(lengthBytes)
      kept -= lengthBytes
      return reused
    },
    give: (bytes) => {
      const { length } = bytes
      // A transferred buffer that did not come back has length 0; a part of a larger buffer is not ours to hand out.
      if (length === 0 || length > limitBytes || length !== bytes.buffer.byteLength) return
      touch(length).push(bytes)
      kept += length
      if (kept > limitBytes) evict()
    },
  }
}
