import { createHash } from 'node:crypto'
import { encodePlain, type Metainfo } from '@bitloom/core'
import { parseTorrent } from '@bitloom/core/node'

const pieceLengthBytes = 16_384
const pieceCount = 10_000

/** What every byte of a piece is. */
const fillOf = (piece: number): number => piece & 255

/** A torrent of 10,000 small pieces. */
export function crowdTorrent(): Metainfo {
  const hashes = Array.from({ length: 256 }, (_, fill) =>
    createHash('sha1').update(new Uint8Array(pieceLengthBytes).fill(fill)).digest(),
  )
  const pieces = new Uint8Array(20 * pieceCount)
  for (let piece = 0; piece < pieceCount; piece += 1) pieces.set(hashes[fillOf(piece)] ?? [], 20 * piece)
  const info = { length: pieceCount * pieceLengthBytes, name: 'crowd', 'piece length': pieceLengthBytes, pieces }
  return parseTorrent(encodePlain({ info }))
}

/** The bytes of a block. */
export function crowdBlock(piece: number, lengthBytes: number): Uint8Array {
  return new Uint8Array(lengthBytes).fill(fillOf(piece))
}
