import { cp, open, truncate } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { addressOf, inLab, type Lab, type Made, makeSeeded } from '../src/lab.js'
import { differences } from '../src/payload.js'

const pieceBytes = 32_768
// Whole pieces, so that what is missing can be counted.
const files = { 'a.bin': 20 * pieceBytes, 'b.bin': 10 * pieceBytes, 'empty.txt': 0 }
const totalBytes = 30 * pieceBytes

/** A seeder, and a copy of its data to be spoilt, in `downloads`. */
async function prepare(lab: Lab) {
  const { made, seeder } = await makeSeeded(lab, files)
  await cp(made.path, lab.path('downloads', 'album'), { recursive: true })
  return { made, seeder }
}

/** Adds the torrent over what is in `downloads` and waits until it is whole and the same. */
async function complete(lab: Lab, made: Made, peers: ReturnType<typeof addressOf>[]) {
  const session = await lab.session()
  const rejected: number[] = []
  session.hooks.pieceRejected.tap((piece) => void rejected.push(piece))
  const handle = await session.add({ torrent: made.torrent, directory: lab.path('downloads'), peers })
  await handle.ready
  const foundBytes = handle.view.stats.verifiedBytes
  await handle.completed
  expect(await differences(made.path, lab.path('downloads', 'album'))).toEqual([])
  expect(rejected).toEqual([])
  return { session, foundBytes, receivedBytes: handle.view.stats.receivedBytes }
}

it(
  'goes on with data that is half there',
  inLab(async (lab) => {
    const { made, seeder } = await prepare(lab)
    await truncate(lab.path('downloads', 'album', 'a.bin'), 7 * pieceBytes + 100)
    const { foundBytes, receivedBytes } = await complete(lab, made, [addressOf(seeder)])
    expect(foundBytes).toBe(17 * pieceBytes)
    expect(receivedBytes).toBe(13 * pieceBytes)
  }),
)

it(
  'finds wrong bytes and fetches those pieces only',
  inLab(async (lab) => {
    const { made, seeder } = await prepare(lab)
    const handle = await open(lab.path('downloads', 'album', 'a.bin'), 'r+')
    for (const piece of [0, 3, 19]) await handle.write(Uint8Array.of(1, 2, 3), 0, 3, piece * pieceBytes + 5_000)
    await handle.close()
    const { foundBytes, receivedBytes } = await complete(lab, made, [addressOf(seeder)])
    expect(foundBytes).toBe(totalBytes - 3 * pieceBytes)
    expect(receivedBytes).toBe(3 * pieceBytes)
  }),
)

it(
  'seeds data that is whole without a download, and to a second session at once',
  inLab(async (lab) => {
    const { made, seeder } = await prepare(lab)
    await seeder.close()
    const { session, foundBytes, receivedBytes } = await complete(lab, made, [])
    expect([foundBytes, receivedBytes]).toEqual([totalBytes, 0])
    expect(session.torrents()[0]?.state).toBe('seeding')
    const other = await lab.session()
    const { completed } = await other.add({
      torrent: made.torrent,
      directory: lab.path('other'),
      peers: [addressOf(session)],
    })
    await completed
    expect(await differences(made.path, lab.path('other', 'album'))).toEqual([])
  }),
)

it(
  'is not misled by a file that has its full length and is empty in parts',
  inLab(async (lab) => {
    const { made, seeder } = await prepare(lab)
    const path = lab.path('downloads', 'album', 'b.bin')
    await truncate(path, 4 * pieceBytes)
    await truncate(path, 10 * pieceBytes)
    const { foundBytes } = await complete(lab, made, [addressOf(seeder)])
    expect(foundBytes).toBe(24 * pieceBytes)
  }),
)
