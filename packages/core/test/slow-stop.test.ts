import { expect, it } from 'vitest'
import { memoryResumeStore } from '../src/driver/memory-resume-store.js'
import type { ResumeStore } from '../src/ports/resume-store.js'
import type { Storage } from '../src/ports/storage.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const lengthBytes = 32_768
const callMs = 50

/** A disk that makes durable one thing after the other, in the order it is asked. */
function slowDisk(world: World): { flush(): Promise<void>; isSlow: boolean } {
  let last = Promise.resolve()
  return {
    isSlow: false,
    flush() {
      if (!this.isSlow) return Promise.resolve()
      last = last.then(() => new Promise((done) => void world.clock.after(callMs, done)))
      return last
    },
  }
}

it('of a hundred torrents whose stop is cut short by a slow disk some are saved whole, and the disk is free again', async () => {
  const world = new World()
  const disk = slowDisk(world)
  const storage: Storage = {
    name: 'slow',
    open: async (content) => ({ ...(await new TestStorage(lengthBytes).open(content)), sync: () => disk.flush() }),
  }
  const kept = memoryResumeStore()
  let saved = 0
  const resumeStore: ResumeStore = {
    ...kept,
    put: async (...given) => {
      await disk.flush()
      await kept.put(...given)
      if (disk.isSlow) saved++
    },
  }
  const engine = await world.node('10.0.0.1', { storage, resumeStore })
  for (let n = 0; n < 100; n++) {
    const { metainfo } = makeTorrent({ lengthBytes, pieceBytes: 16_384, seed: `torrent ${n}` })
    await world.add(engine, metainfo)
  }
  await world.clock.advance(1_000)
  // Something about each is other than its record says.
  for (const { id } of engine.torrents()) engine.control(id).limit({ maxPeers: 7 })
  disk.isSlow = true
  const closing = engine.close().catch((error: unknown) => error)
  await world.clock.advance(3_500)
  const { errors } = (await closing) as AggregateError
  // All at once, and none would be whole by now.
  expect(saved).toBeGreaterThan(15)
  expect(errors.length).toBeGreaterThanOrEqual(100 - saved)
  expect(errors.length).toBeLessThanOrEqual(100 - saved + 8)
  // What had begun is ended, nothing else begins.
  const before = saved
  await world.clock.advance(2_000)
  const after = saved
  expect(after - before).toBeLessThanOrEqual(16)
  await world.clock.advance(60_000)
  expect(saved).toBe(after)
  expect(world.clock.pending).toBe(0)
})

/** A torrent of a session whose store takes five seconds for the call that comes next. */
async function atSlowStore() {
  const world = new World()
  const kept = memoryResumeStore()
  let waitMs = 0
  const resumeStore: ResumeStore = {
    ...kept,
    put: async (...given) => {
      const ms = waitMs
      waitMs = 0
      if (ms > 0) await new Promise<void>((done) => void world.clock.after(ms, done))
      await kept.put(...given)
    },
  }
  const files = Object.assign(new TestStorage(lengthBytes), { stamps: [undefined] })
  const moves: string[] = []
  const move = async (directory: string): Promise<void> => void moves.push(directory)
  const storage: Storage = { name: 'slow', open: async (content) => ({ ...(await files.open(content)), move }) }
  const engine = await world.node('10.0.0.1', { storage, resumeStore })
  const { metainfo } = makeTorrent({ lengthBytes, pieceBytes: 16_384 })
  const { control } = await world.add(engine, metainfo)
  await world.clock.advance(1_000)
  control.limit({ maxPeers: 7 })
  waitMs = 5_000
  await world.clock.advance(30_000)
  const record = async () => kept.get((await kept.keys())[0] ?? '')
  return { world, engine, control, record, moves }
}

it('a torrent that is removed while its record is being written does not come back', async () => {
  const { world, control, record } = await atSlowStore()
  const removing = control.remove().catch((error: unknown) => error)
  await world.clock.advance(3_500)
  expect(await removing).toMatchObject({ code: 'CLOSED' })
  await world.clock.advance(10_000)
  expect(await record()).toMatchObject({ state: 'removed' })
})

it('nothing is moved of which the record does not say so, in a stop neither', async () => {
  const { world, engine, control, record, moves } = await atSlowStore()
  const moving = control.move('/new').catch((error: unknown) => error)
  const closing = engine.close().catch(() => {})
  await world.clock.advance(60_000)
  await Promise.all([moving, closing])
  expect(moves).toEqual(['/new'])
  const { directory, relocating } = (await record()) ?? {}
  expect([directory, relocating?.directory]).toContain('/new')
})
