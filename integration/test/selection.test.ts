import type { Metainfo } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { addressOf, inLab, type Lab, type Made, makeSeeded, until } from '../src/lab.js'
import { differences, filesBelow } from '../src/payload.js'

// Each file begins and ends within a piece (32 KiB) that it shares with its neighbours.
const files = { '1.bin': 100_000, '2.bin': 200_000, '3.bin': 1_000, '4.bin': 150_000, 'folder/5.bin': 90_000 }
const wantedPaths = ['album/2.bin', 'album/4.bin']

async function prepare(lab: Lab) {
  const { made, seeder } = await makeSeeded(lab, files)
  const wantedFiles = made.torrent.files.map(({ path }) => wantedPaths.includes(path))
  const options = { torrent: made.torrent, directory: lab.path('downloads'), peers: [addressOf(seeder)] }
  return { made, options, wantedFiles }
}

/** What may be seen, and what is hidden beside it. */
async function onDisk(lab: Lab) {
  const paths = await filesBelow(lab.path('downloads'))
  const isHidden = (path: string): boolean => path.split('/').some((part) => part.startsWith('.'))
  return { files: paths.filter((path) => !isHidden(path)), hidden: paths.filter(isHidden) }
}

/** Bytes of all pieces that hold a byte of a wanted file. */
function bytesOfWantedPieces({ layout, files: all }: Metainfo): number {
  const pieces = new Set<number>()
  for (const { path, offsetBytes, lengthBytes } of all) {
    if (!wantedPaths.includes(path)) continue
    const last = Math.floor((offsetBytes + lengthBytes - 1) / layout.pieceLengthBytes)
    for (let piece = Math.floor(offsetBytes / layout.pieceLengthBytes); piece <= last; piece++) pieces.add(piece)
  }
  return [...pieces].reduce((sum, piece) => sum + layout.pieceLength(piece), 0)
}

async function expectAll(lab: Lab, made: Made): Promise<void> {
  expect(await differences(made.path, lab.path('downloads', 'album'))).toEqual([])
  expect((await onDisk(lab)).hidden).toEqual([])
}

describe('a choice of files', () => {
  it(
    'puts these on disk and no others; the rest chosen later completes everything',
    inLab(async (lab) => {
      const { made, options, wantedFiles } = await prepare(lab)
      const session = await lab.session()
      const { completed, view, control } = await session.add({ ...options, wantedFiles })
      await completed
      expect(view.state).toBe('seeding')
      const partial = await onDisk(lab)
      expect(partial.files).toEqual(wantedPaths)
      expect(partial.hidden.length).toBeGreaterThan(0)
      const before = view.stats.receivedBytes
      expect(before).toBe(bytesOfWantedPieces(made.torrent))

      control.select(made.torrent.files.map(() => true))
      await until('everything is there', () => view.state === 'seeding' && view.stats.leftBytes === 0)
      expect(view.stats.receivedBytes).toBe(made.torrent.lengthBytes)
      await session.close()
      await expectAll(lab, made)
    }),
  )

  it(
    'completes after a restart too, with what the side file kept',
    inLab(async (lab) => {
      const { made, options, wantedFiles } = await prepare(lab)
      const first = await lab.session()
      await (
        await first.add({ ...options, wantedFiles })
      ).completed
      await first.close()
      expect((await onDisk(lab)).files).toEqual(wantedPaths)

      const second = await lab.session()
      const { completed, view } = await second.add(options)
      await completed
      expect(view.stats.receivedBytes).toBe(made.torrent.lengthBytes - bytesOfWantedPieces(made.torrent))
      await second.close()
      await expectAll(lab, made)
    }),
  )

  it(
    'keeps what is unwanted later, and serves it',
    inLab(async (lab) => {
      const { made, options, wantedFiles } = await prepare(lab)
      const session = await lab.session()
      const { completed, control, view } = await session.add(options)
      await completed
      control.select(wantedFiles)
      await until('less is wanted', () => view.stats.wantedBytes === bytesOfWantedPieces(made.torrent))
      const third = await lab.session()
      const again = await third.add({ ...options, directory: lab.path('again'), peers: [addressOf(session)] })
      await again.completed
      expect(await differences(made.path, lab.path('again', 'album'))).toEqual([])
      await session.close()
      await expectAll(lab, made)
    }),
  )
})
