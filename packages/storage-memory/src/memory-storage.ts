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
  const hasPadding = content.files.some((file) => file.padding)
  let isClosed = false
  const refuse = (code: 'GONE' | 'IO', reason: string): StorageError =>
    new StorageError(code, `${reason} of ${content.name}`, { path: content.name, retry: false })
  const refuseClosed = (): void => {
    if (isClosed) throw refuse('GONE', 'the memory is given back')
  }
  return {
    extentBytes: 1_048_576,
    write: async (piece, begin, bytes) => {
      refuseClosed()
      const buffer = pieces.get(piece) ?? new Uint8Array(layout.pieceLength(piece))
      if (begin + bytes.length > buffer.length) throw refuse('IO', `a write goes past the end of piece ${piece}`)
      pieces.set(piece, buffer)
      buffer.set(bytes, begin)
      if (hasPadding) clearPadding(content, piece, begin, buffer.subarray(begin, begin + bytes.length))
    },
    read: async (piece, begin, into) => {
      refuseClosed()
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
      refuseClosed()
      const bits = new Bits(layout.pieceCount)
      for (const piece of pieces.keys()) bits.add(piece)
      return bits
    },
    sync: async () => {},
    close: async () => {
      isClosed = true
      pieces.clear()
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
