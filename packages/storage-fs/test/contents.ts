/** Torrents that the tests of this package write and read, and how. */
import { Bits, type Content, createLayout, type FileEntry, type StorageHandle } from '@bitloom/core'

export interface FileShape {
  readonly path: string
  readonly lengthBytes: number
  readonly padding?: boolean
  readonly executable?: boolean
}

/** A torrent of these files below the folder "torrent", with an info-hash that is made up. */
export function contentOf(shapes: readonly FileShape[], pieceLengthBytes: number): Content {
  let offsetBytes = 0
  const files = shapes.map(({ path, lengthBytes, padding = false, executable = false }): FileEntry => {
    const file = { path: `torrent/${path}`, lengthBytes, offsetBytes, padding, executable, hidden: false }
    offsetBytes += lengthBytes
    return file
  })
  const v1 = Uint8Array.from({ length: 20 }, (_, index) => index * 11 + shapes.length)
  return { name: 'torrent', infoHashes: { v1 }, files, layout: createLayout(files, pieceLengthBytes) }
}

export function wantedOf(content: Content, isWanted: (file: number) => boolean = () => true): Bits {
  const wanted = new Bits(content.files.length)
  for (const index of content.files.keys()) if (isWanted(index)) wanted.add(index)
  return wanted
}

/** Bytes that tell where they belong: those of the torrent's stream from `at` on. */
export function streamBytes(at: number, lengthBytes: number): Uint8Array {
  return Uint8Array.from({ length: lengthBytes }, (_, index) => ((at + index) * 7 + ((at + index) >> 8) + 1) & 0xff)
}

export async function readPiece(handle: StorageHandle, content: Content, piece: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(content.layout.pieceLength(piece)).fill(0xee)
  await handle.read(piece, 0, [bytes], 'verify')
  return bytes
}

export async function writePiece(handle: StorageHandle, content: Content, piece: number): Promise<Uint8Array> {
  const { layout } = content
  const bytes = streamBytes(piece * layout.pieceLengthBytes, layout.pieceLength(piece))
  await handle.write(piece, 0, bytes)
  return bytes
}

/** Many small files around the bounds of pieces of 100 bytes, an empty one among them. */
export const manyFiles = contentOf(
  [130, 5, 0, 65, 300, 1, 99, 250].map((lengthBytes, index) => ({
    path: `folder ${index % 3}/file ${index}`,
    lengthBytes,
  })),
  100,
)
