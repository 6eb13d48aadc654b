import { Bits, type Content } from '@bitloom/core'

/** The pieces that may be whole by the sizes of files. `isElsewhere` tells of bytes that are kept in another place. */
export function presentPieces(
  content: Content,
  sizes: readonly number[],
  isElsewhere: (file: number, offsetBytes: number) => boolean,
): Bits {
  const { files, layout } = content
  const { pieceLengthBytes } = layout
  const present = Bits.full(layout.pieceCount)
  for (const [index, file] of files.entries()) {
    const size = sizes[index] ?? 0
    if (file.padding || size >= file.lengthBytes) continue
    const last = Math.floor((file.offsetBytes + file.lengthBytes - 1) / pieceLengthBytes)
    for (let piece = Math.floor((file.offsetBytes + size) / pieceLengthBytes); piece <= last; piece++) {
      const offsetBytes = Math.max(0, piece * pieceLengthBytes - file.offsetBytes)
      if (!isElsewhere(index, offsetBytes)) present.delete(piece)
    }
  }
  return present
}
