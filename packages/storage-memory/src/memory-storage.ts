import { Bits, type Content, fileSpans, type Storage, StorageError, type StorageHandle } from '@bitloom/core'

/** Pieces in memory, one buffer for each that was written. Writes are copied, since the caller keeps its buffers. */
export function memoryStorage(): Storage {
  return {
    name: 'memory',
    open: async (content) => openContent(content),
  }
}

function openContent(content: Content): StorageHandle {
  const { layout } = content
  const pieces = new Map<number, Uint8Array>()
  let isClosed = false
  const check = (): void => {
    if (isClosed)
      throw new StorageError('GONE', `the memory of ${content.name} is closed`, { path: content.name, retry: false })
  }
  return {
    extentBytes: 1_048_576,
    write: async (piece, begin, bytes) => {
      check()
      const buffer = pieces.get(piece) ?? new Uint8Array(layout.pieceLength(piece))
      if (begin + bytes.length > buffer.length) throw new RangeError(`a write past the end of piece ${piece}`)
      pieces.set(piece, buffer)
      buffer.set(bytes, begin)
      clearPadding(content, piece, begin, buffer.subarray(begin, begin + bytes.length))
    },
    read: async (piece, begin, into) => {
      check()
      const buffer = pieces.get(piece)
      let at = begin
      for (const target of into) {
        const part = buffer?.subarray(at, at + target.length) ?? new Uint8Array()
        target.set(part)
        target.fill(0, part.length)
        at += target.length
      }
    },
    present: async () => {
      const bits = new Bits(layout.pieceCount)
      for (const piece of pieces.keys()) bits.add(piece)
      return bits
    },
    sync: async () => {},
    close: async () => {
      isClosed = true
    },
    remove: async () => pieces.clear(),
  }
}

/** Padding is never kept: whatever is written there reads as zeros (BEP 47). */
function clearPadding(content: Content, piece: number, begin: number, written: Uint8Array): void {
  let at = 0
  for (const span of fileSpans(content, piece, begin, written.length)) {
    if (content.files[span.file]?.padding === true) written.fill(0, at, at + span.lengthBytes)
    at += span.lengthBytes
  }
}
