import { seededRandom } from '@bitloom/core'
import { expect, it } from 'vitest'
// By path: they are for the tests of the repository only.
import { TestStorage, World } from '../../core/test/support/world.js'
import { fileStorage } from '../../storage-fs/src/index.js'
import { fileResumeStore } from '../src/index.js'
import { data, lengths, metainfo, pieceBytes, storageOptions, timeOf } from './support/album.js'
import { PowerDisk } from './support/power-disk.js'
import { watchedStore } from './support/watched-store.js'

const cuts = process.env['BITLOOM_FAULTS_FULL'] === '1' ? 2_500 : 150
/** The fifth file is not wanted: of it, bytes that share a piece lie in the side file. */
const wantedFiles = lengths.map((_length, index) => index !== 4)

const directory = '/home/user/downloads'
const records = '/state/bitloom/torrents'

/** Downloads all of it slowly, with a pause and a change of mind. */
async function download() {
  const world = new World()
  const disk = new PowerDisk(timeOf(world))
  const storage = new TestStorage(0, data)
  const seeder = await world.node('10.0.0.1', { storage, limits: { upBytesPerSecond: 3_000 } })
  await world.add(seeder, metainfo)
  const { store, settled } = watchedStore(records, disk)
  const node = await world.node('10.0.0.2', { storage: fileStorage(storageOptions, disk), resumeStore: store })
  const peers = [world.endpoint('10.0.0.1')]
  const torrent = await world.add(node, metainfo, { directory, peers, wantedFiles })
  await world.clock.advance(70_000)
  torrent.control.pause()
  await world.clock.advance(40_000)
  torrent.control.resume()
  torrent.control.select(lengths.map(() => true))
  await world.clock.runUntil(() => torrent.view.state === 'seeding', 600_000)
  let isClosed = false
  void node.close().then(() => (isClosed = true))
  await world.clock.runUntil(() => isClosed, 10_000)
  expect(isClosed).toBe(true)
  await seeder.close()
  expect(world.faults).toEqual([])
  return { disk, settled }
}

const has = (have: Uint8Array, piece: number): boolean => (((have[piece >> 3] ?? 0) << (piece & 7)) & 0x80) !== 0

/** Starts after a cut without any peer, and then, now and then, with one. Answers what was claimed wrongly or lost. */
async function startAgain(image: PowerDisk, world: World, before: Uint8Array | undefined, complete: boolean) {
  const node = await world.node('10.0.0.3', {
    storage: fileStorage(storageOptions, image),
    resumeStore: fileResumeStore(records, { warn: () => {} }, image),
  })
  const torrent = await world.add(node, metainfo, { directory })
  torrent.completed.catch(() => {})
  await world.clock.runUntil(() => !['loading', 'checking'].includes(torrent.view.state), 60_000)
  const outcome = { failed: torrent.view.state === 'failed', wrong: 0, lost: 0, completed: true }
  for (let piece = 0; piece < metainfo.layout.pieceCount; piece++) {
    const claimed = torrent.view.content?.have.has(piece) === true
    if (claimed && !isOnDisk(image, piece)) outcome.wrong++
    if (!claimed && before !== undefined && has(before, piece)) outcome.lost++
  }
  if (complete) {
    const seeder = await world.node('10.0.0.1', { storage: new TestStorage(0, data) })
    await world.add(seeder, metainfo)
    torrent.control.addPeers([world.endpoint('10.0.0.1')], 'user')
    outcome.completed = await world.clock.runUntil(() => torrent.view.state === 'seeding', 600_000)
    for (let piece = 0; piece < metainfo.layout.pieceCount; piece++) outcome.wrong += isOnDisk(image, piece) ? 0 : 1
  }
  return outcome
}

/** Whether the real files, or the side file, have the right bytes of a piece. */
function isOnDisk(image: PowerDisk, piece: number): boolean {
  const [from, to] = [piece * pieceBytes, Math.min(data.length, (piece + 1) * pieceBytes)]
  for (const [index, { offsetBytes, lengthBytes, path }] of metainfo.files.entries()) {
    const [begin, end] = [Math.max(from, offsetBytes), Math.min(to, offsetBytes + lengthBytes)]
    if (begin >= end) continue
    const found = image.contents(`${directory}/${path}`).subarray(begin - offsetBytes, end - offsetBytes)
    const isRight = Buffer.compare(found, data.subarray(begin, end)) === 0
    if (!isRight && !(index === 4 && sideHas(image, data.subarray(begin, end)))) return false
  }
  return true
}

function sideHas(image: PowerDisk, bytes: Uint8Array): boolean {
  const name = `.album.${Buffer.from(metainfo.infoHashes.v1 ?? []).toString('hex', 0, 4)}.bitloom-parts`
  return Buffer.from(image.contents(`${directory}/${name}`)).includes(Buffer.from(bytes))
}

it(`after any of ${cuts} power cuts a torrent starts, and claims what is there`, { timeout: 900_000 }, async () => {
  const { disk, settled } = await download()
  const random = seededRandom('cuts')
  const sum = { failed: 0, wrong: 0, lost: 0, unfinished: 0 }
  for (let cut = 0; cut < cuts; cut++) {
    const at = random.below(disk.events + 1)
    const world = new World(`cut ${cut}`)
    const image = disk.cut(at, random, timeOf(world))
    const before = settled.findLast(({ event }) => event <= at)?.have
    const outcome = await startAgain(image, world, before, cut % 25 === 0)
    sum.failed += Number(outcome.failed)
    sum.wrong += outcome.wrong
    sum.lost += outcome.lost
    sum.unfinished += Number(!outcome.completed)
    expect(sum, `cut ${cut} at ${at}`).toEqual({ failed: 0, wrong: 0, lost: 0, unfinished: 0 })
  }
  console.log(
    `faults: power cuts among ${disk.events} disk events, ${settled.length} checkpoints: ${cuts} cuts, ` +
      `${sum.wrong} pieces claimed but absent, ${sum.failed} failed starts, ${sum.lost} pieces of the last checkpoint lost`,
  )
})

it('the disk of these tests does lose what was not flushed', async () => {
  const disk = new PowerDisk({ nowMs: () => 1, wait: async () => {} })
  await disk.mkdir('/a', { recursive: true })
  const file = await disk.open('/a/f', 'w')
  await file.write(Uint8Array.of(1, 2), 0, 2, 0)
  const early = disk.events
  await file.sync()
  for (const folder of ['/', '/a']) await (await disk.open(folder, 'r')).sync()
  const lengthsLeft = (at: number): Set<number> => {
    const random = seededRandom('disk')
    const time = { nowMs: () => 1, wait: async () => {} }
    return new Set(Array.from({ length: 100 }, () => disk.cut(at, random, time).contents('/a/f').length))
  }
  expect(lengthsLeft(early)).toEqual(new Set([0, 2]))
  expect(lengthsLeft(disk.events)).toEqual(new Set([2]))
})
