import { parseTorrent, systemHasher } from '@bitloom/core/node'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { verifyData, type Verification } from '../src/verify-data.js'
import { writeTorrent } from './torrents.js'

const folder = mkdtempSync(join(tmpdir(), 'bitloom-verify-'))
const hasher = systemHasher({ workers: 0 })
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const none = new AbortController().signal

/** A fresh torrent of three files, damaged by `damage`, verified. Pieces are of 32 KiB: a 0-3, b 3-5, c 5. */
async function verified(
  name: string,
  damage: (directory: string) => void = () => undefined,
  options: Parameters<typeof writeTorrent>[3] = {},
): Promise<Verification> {
  const path = await writeTorrent(folder, name, { a: 100_000, b: 70_000, c: 500 }, options)
  damage(join(folder, name))
  return verifyData(parseTorrent(readFileSync(path)), folder, hasher, none, () => undefined)
}

const flip = (path: string, at: number): void => {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(path, bytes)
}

describe('verifying data', () => {
  it.each(['v1', 'hybrid', 'v2'] as const)('finds a %s torrent whole', async (format) => {
    expect(await verified(`whole-${format}`, undefined, { format })).toMatchObject({
      whole: true,
      files: [],
      finished: true,
    })
  })

  it.each(['v1', 'hybrid', 'v2'] as const)('finds one wrong bit of a %s torrent', async (format) => {
    const found = await verified(`bit-${format}`, (directory) => flip(join(directory, 'a'), 40_000), { format })
    expect(found).toMatchObject({ whole: false, files: [{ problem: 'bad', pieces: [[1, 1]] }] })
    expect(found.goodPieces).toBe(found.pieceCount - 1)
  })

  it('blames every file of a wrong piece that two share', async () => {
    const { files } = await verified('shared', (directory) => flip(join(directory, 'a'), 99_999))
    expect(files).toEqual([
      { path: 'shared/a', problem: 'bad', pieces: [[3, 3]] },
      { path: 'shared/b', problem: 'bad', pieces: [[3, 3]] },
    ])
  })

  it('names a missing file, and its neighbours only as unconfirmed', async () => {
    const { files } = await verified('missing', (directory) => rmSync(join(directory, 'b')))
    expect(files).toEqual([
      { path: 'missing/a', problem: 'unconfirmed', pieces: [[3, 3]] },
      { path: 'missing/b', problem: 'missing', pieces: [[3, 5]] },
      { path: 'missing/c', problem: 'unconfirmed', pieces: [[5, 5]] },
    ])
  })

  it('joins ranges and tells short and long files', async () => {
    const { files } = await verified('lengths', (directory) => {
      flip(join(directory, 'a'), 0)
      flip(join(directory, 'a'), 70_000)
      truncateSync(join(directory, 'b'), 69_999)
      writeFileSync(join(directory, 'c'), Buffer.concat([readFileSync(join(directory, 'c')), Buffer.from('x')]))
    })
    expect(files).toEqual([
      {
        path: 'lengths/a',
        problem: 'bad',
        pieces: [
          [0, 0],
          [2, 2],
        ],
      },
      { path: 'lengths/b', problem: 'short', pieces: [[5, 5]] },
      { path: 'lengths/c', problem: 'long', pieces: [[5, 5]] },
    ])
  })

  it('stops when it is asked to', async () => {
    const path = await writeTorrent(folder, 'stopped', { a: 100_000 })
    const stop = AbortSignal.abort()
    const found = await verifyData(parseTorrent(readFileSync(path)), folder, hasher, stop, () => undefined)
    expect(found).toMatchObject({ finished: false, whole: false, checkedPieces: 0 })
  })
})
