import { createTorrent } from '@bitloom/core/node'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Bytes that differ from place to place, so that a shifted block is a wrong one. */
export function patternBytes(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0, state = seed + 1; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[at] = state >>> 16
  }
  return bytes
}

/** A folder `name` with these files below `directory`, and its torrent beside it. Gives the path of the torrent. */
export async function writeTorrent(
  directory: string,
  name: string,
  files: Readonly<Record<string, number>>,
  options: Parameters<typeof createTorrent>[1] = {},
): Promise<string> {
  let seed = name.length
  for (const [path, length] of Object.entries(files)) {
    const target = join(directory, name, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, patternBytes(length, seed++))
  }
  const { bytes } = await createTorrent(join(directory, name), { pieceLengthBytes: 32_768, noDate: true, ...options })
  const torrentPath = join(directory, `${name}.torrent`)
  writeFileSync(torrentPath, bytes)
  return torrentPath
}
