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
