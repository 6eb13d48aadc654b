import type { Content, FileEntry, Layout } from '@bitloom/core'
import { NumberSet } from '../kit/bits.js'

const blockBytes = 16_384

export interface FileShape {
  readonly path: string
  readonly lengthBytes: number
  readonly padding?: boolean
}

/** A torrent of these files below a folder of its name, with a made-up info-hash. Its geometry is counted byte by byte. */
export function contentOf(shapes: readonly FileShape[], pieceLengthBytes: number, name = 'torrent'): Content {
  let offsetBytes = 0
  const files = shapes.map(({ path, lengthBytes, padding = false }): FileEntry => {
    const file = { path: `${name}/${path}`, lengthBytes, offsetBytes, padding, executable: false, hidden: false }
    offsetBytes += lengthBytes
    return file
  })
  const seed = [...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), shapes.length)
  const v1 = Uint8Array.from({ length: 20 }, (_, index) => (seed >> (index % 16)) + index * 11)
  return { name, infoHashes: { v1 }, files, layout: layoutOf(files, pieceLengthBytes, offsetBytes) }
}

function layoutOf(files: readonly FileEntry[], pieceLengthBytes: number, lengthBytes: number): Layout {
  const pieceCount = Math.ceil(lengthBytes / pieceLengthBytes)
  const pieceLength = (piece: number): number => Math.min(pieceLengthBytes, lengthBytes - piece * pieceLengthBytes)
  const isPadding = (at: number): boolean =>
    files.some((file) => file.padding && at >= file.offsetBytes && at < file.offsetBytes + file.lengthBytes)
  const dataLength = (piece: number): number => {
    const begin = piece * pieceLengthBytes
    let end = begin + pieceLength(piece)
    while (end > begin && isPadding(end - 1)) end--
    // A piece of nothing but padding keeps one block, to be completed by.
    return end > begin ? end - begin : Math.min(blockBytes, pieceLength(piece))
  }
  return {
    pieceCount,
    pieceLengthBytes,
    lengthBytes,
    pieceLength,
    zeroTailBytes: (piece) => pieceLength(piece) - dataLength(piece),
    blockCount: (piece) => Math.ceil(dataLength(piece) / blockBytes),
    blockLength: (piece, block) => Math.min(blockBytes, dataLength(piece) - block * blockBytes),
  }
}

/** By file index. */
export function wantedFiles(content: Content, isWanted: (file: number) => boolean = () => true): NumberSet {
  return NumberSet.of(content.files.length, isWanted)
}

/** Bytes that tell where in the stream they belong, none of them zero. */
export function streamBytes(at: number, lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes)
  for (let index = 0; index < lengthBytes; index++) bytes[index] = (((at + index) * 7 + ((at + index) >> 7)) % 255) + 1
  return bytes
}

/** Many small files around the bounds of pieces of 100 bytes, an empty one among them. */
export const manyFiles = contentOf(
  [130, 5, 0, 65, 300, 1, 99, 250].map((lengthBytes, index) => ({
    path: `folder ${index % 3}/file ${index}`,
    lengthBytes,
  })),
  100,
  'many files',
)

/** One file, and a last piece that is short. */
export const oneFile = contentOf([{ path: 'alone', lengthBytes: 1_000 }], 256, 'one file')

/** Padding up to the end of a piece (BEP 47). */
export const paddedFiles = contentOf(
  [
    { path: 'a', lengthBytes: 150 },
    { path: '.pad/50', lengthBytes: 50, padding: true },
    { path: 'b', lengthBytes: 120 },
  ],
  100,
  'padded files',
)

/** Pieces of a megabyte, and files that end where no block does. */
export const largePieces = contentOf(
  [
    { path: 'large', lengthBytes: 2_500_000 },
    { path: 'tiny', lengthBytes: 1 },
    { path: 'rest', lengthBytes: 400_001 },
  ],
  1_048_576,
  'large pieces',
)

/** The smallest torrent there is. */
export const oneByte = contentOf([{ path: 'byte', lengthBytes: 1 }], 16_384, 'one byte')
