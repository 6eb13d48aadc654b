import { seededRandom, type SeededRandom } from '@bitloom/core'
import { expect, it } from 'vitest'
// By path: they are for the tests of the repository only.
import { restoreTorrents } from '../../core/src/driver/restore.js'
import { inlineHasher, TestStorage, World } from '../../core/test/support/world.js'
import { fileStorage } from '../../storage-fs/src/index.js'
import { fileResumeStore } from '../src/index.js'
import { data, metainfo, pieceBytes, storageOptions, timeOf } from './support/album.js'
import { PowerDisk } from './support/power-disk.js'
import { watchedStore } from './support/watched-store.js'

const isFull = process.env['BITLOOM_FAULTS_FULL'] === '1'
const records = '/state/torrents'
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Downloads a half with a suffix, renames a file and then the folder, moves all of it, and goes on a little. */
async function moveAround() {
  const world = new World('moves')
  const disk = new PowerDisk(timeOf(world))
  const seeder = await world.node('10.0.0.1', {
    storage: new TestStorage(0, data),
    limits: { upBytesPerSecond: 3_000 },
  })
  await world.add(seeder, metainfo)
  const { store, settled } = watchedStore(records, disk)
  const node = await world.node('10.0.0.2', { storage: fileStorage(storageOptions, disk), resumeStore: store })
  const torrent = await world.add(node, metainfo, {
    directory: '/downloads',
    incompleteSuffix: '.part',
    peers: [world.endpoint('10.0.0.1')],
  })
  torrent.completed.catch(() => {})
  await world.clock.advance(70_000)
  const from = disk.events
  const { control } = torrent
  const changes = control
    .rename('album/3', 'album/three/3')
    .then(() => control.rename('album', 'Album'))
    .then(() => control.move('/elsewhere'))
  let isDone = false
  void changes.then(() => (isDone = true))
  await world.clock.runUntil(() => isDone, 60_000)
  expect(torrent.view).toMatchObject({ state: 'downloading', directory: '/elsewhere' })
  expect(torrent.view.paths?.[3]).toBe('Album/three/3')
  await world.clock.advance(35_000)
  const to = disk.events
  void node.close()
  void seeder.close()
  await world.clock.advance(10_000)
  expect(world.faults).toEqual([])
  return { disk, settled, from, to }
}

/** A process that is killed: all that it did is there. */
const kept = { below: (limit: number) => (limit === 101 ? 100 : 0) } as SeededRandom

async function restored(image: PowerDisk, world: World) {
  const resumeStore = fileResumeStore(records, { warn: () => {} }, image)
  const node = await world.node('10.0.0.3', { storage: fileStorage(storageOptions, image), resumeStore })
  const parts = { store: resumeStore, hasher: inlineHasher(), log, add: node.add.bind(node) }
  let torrents: Awaited<ReturnType<typeof restoreTorrents>> | undefined
  void restoreTorrents(parts).then((found) => (torrents = found))
  await world.clock.runUntil(() => torrents !== undefined, 10_000)
  const [torrent] = torrents ?? []
  torrent?.completed.catch(() => {})
  await world.clock.runUntil(() => !['loading', 'checking'].includes(torrent?.view.state ?? ''), 60_000)
  return torrent?.view
}

const has = (have: Uint8Array, piece: number): boolean => (((have[piece >> 3] ?? 0) << (piece & 7)) & 0x80) !== 0

it.for([
  ['a kill', isFull ? 600 : 90, false],
  ['a power cut', isFull ? 1_200 : 90, true],
] as const)(
  '%s at any moment of a renaming or a move loses nothing that was remembered',
  { timeout: 600_000 },
  async ([what, cuts, losesWrites]) => {
    const { disk, settled, from, to } = await moveAround()
    const random = seededRandom(what)
    const sum = { failed: 0, wrong: 0, lost: 0 }
    for (let cut = 0; cut < cuts; cut++) {
      const at = from + Math.floor(((to - from) * cut) / cuts)
      const world = new World(`cut ${cut}`)
      const image = disk.cut(at, losesWrites ? random : kept, timeOf(world))
      const before = settled.findLast(({ event }) => event <= at)?.have ?? new Uint8Array()
      const view = await restored(image, world)
      sum.failed += Number(view?.state !== 'downloading')
      for (let piece = 0; piece < metainfo.layout.pieceCount; piece++) {
        const isClaimed = view?.content?.have.has(piece) === true
        sum.lost += Number(!isClaimed && has(before, piece))
        if (isClaimed && !isThere(image, view.directory, view.paths ?? [], piece)) sum.wrong++
      }
      expect(sum, `cut ${cut} at ${at} of ${from} to ${to}`).toEqual({ failed: 0, wrong: 0, lost: 0 })
    }
    console.log(
      `faults: ${what} in a renaming or move: ${cuts} times, ${sum.lost} pieces lost, ${sum.failed} failed starts`,
    )
  },
)

function isThere(image: PowerDisk, directory: string, paths: readonly string[], piece: number): boolean {
  const [from, to] = [piece * pieceBytes, Math.min(data.length, (piece + 1) * pieceBytes)]
  return metainfo.files.every(({ offsetBytes, lengthBytes }, index) => {
    const [begin, end] = [Math.max(from, offsetBytes), Math.min(to, offsetBytes + lengthBytes)]
    if (begin >= end) return true
    return ['', '.part'].some((suffix) => {
      const found = image
        .contents(`${directory}/${paths[index]}${suffix}`)
        .subarray(begin - offsetBytes, end - offsetBytes)
      return Buffer.compare(found, data.subarray(begin, end)) === 0
    })
  })
}
