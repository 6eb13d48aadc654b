import { encode, type Encodable, type Metainfo, parseTorrent, seededRandom } from '@bitloom/core'
import { digest } from '@bitloom/core/node'
import type { World } from '../../../core/test/support/world.js'
import type { DiskTime } from './power-disk.js'

export const pieceBytes = 16_384
export const lengths = [3 * pieceBytes + 100, 5_000, 0, 9 * pieceBytes, 700, 12 * pieceBytes - 3_000, 4 * pieceBytes]
export const storageOptions = { maxOpenFiles: 64, extentBytes: 1_048_576 }

/** Seven files below "album", some of them in one piece, and their torrent. */
export const { metainfo, data } = makeAlbum()

function makeAlbum(): { metainfo: Metainfo; data: Uint8Array } {
  const data = seededRandom('album').bytes(lengths.reduce((sum, length) => sum + length, 0))
  const pieces: Uint8Array[] = []
  for (let at = 0; at < data.length; at += pieceBytes) pieces.push(digest('sha1', data.subarray(at, at + pieceBytes)))
  const files = lengths.map(
    (length, index) =>
      new Map<string, Encodable>([
        ['length', length],
        ['path', [`${index}`]],
      ]),
  )
  const info = new Map<string, Encodable>([
    ['files', files],
    ['name', 'album'],
    ['piece length', pieceBytes],
    ['pieces', Buffer.concat(pieces)],
  ])
  return { metainfo: parseTorrent(encode(new Map([['info', info]])), digest), data }
}

export function timeOf(world: World): DiskTime {
  const { clock } = world
  return {
    nowMs: () => clock.wallMs(),
    wait: (ms) => new Promise((resolve) => clock.after(ms, resolve)),
  }
}
