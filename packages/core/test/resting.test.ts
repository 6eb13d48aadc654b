import { describe, expect, it } from 'vitest'
import { ResumeError, StorageError } from '../src/bytes/errors.js'
import { memoryResumeStore } from '../src/driver/memory-resume-store.js'
import { infoHashName } from '../src/metainfo/info-hash.js'
import type { ResumeRecord, ResumeStore } from '../src/ports/resume-store.js'
import type { Storage, StorageHandle } from '../src/ports/storage.js'
import { wrapStorage } from '../src/ports/wrap-storage.js'
import { piece, pieces } from './support/life-scene.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const { metainfo, data } = makeTorrent({ lengthBytes: pieces * piece, pieceBytes: piece })
const key = infoHashName(metainfo.infoHashes)

/** A torrent with all its pieces that has been at rest for a while, and what is asked of its record from then on. */
async function rested() {
  const world = new World()
  const kept = memoryResumeStore()
  const asked = { gets: 0, puts: [] as ResumeRecord[] }
  const store: ResumeStore = {
    ...kept,
    get: async (name) => {
      asked.gets++
      if (slowMs > 0) await new Promise<void>((resolve) => void world.clock.after(slowMs, resolve))
      return kept.get(name)
    },
    put: async (name, record) => (asked.puts.push(record), kept.put(name, record)),
  }
  const inner = new TestStorage(0, data.slice())
  const lost = new Set<number>()
  let slowMs = 0
  const storage: Storage = {
    name: 'test',
    open: async (content): Promise<StorageHandle> => {
      const handle = await inner.open(content)
      return wrapStorage(handle, {
        read: async (at, begin, into, purpose) => {
          if (lost.has(at) && purpose === 'serve')
            throw new StorageError('GONE', 'it is gone', { path: '/', retry: false })
          await handle.read(at, begin, into, purpose)
        },
        write: async (at, begin, bytes) => {
          lost.delete(at)
          await handle.write(at, begin, bytes)
        },
      })
    },
  }
  const other = await world.node('10.0.0.1', { storage: new TestStorage(0, data.slice()) })
  await world.add(other, metainfo)
  const node = await world.node('10.0.0.2', { storage, resumeStore: store })
  const torrent = await world.add(node, metainfo)
  await world.clock.advance(2_000)
  expect(torrent.view.state).toBe('seeding')
  asked.gets = 0
  asked.puts.length = 0
  return {
    world,
    torrent,
    kept,
    asked,
    inner,
    lose: (...which: number[]) => which.forEach((at) => lost.add(at)),
    slow: (ms: number) => (slowMs = ms),
  }
}

describe('a torrent with all its pieces', () => {
  it('has its info dictionary in its record only, and reads it back for whoever asks', async () => {
    const { torrent, asked } = await rested()
    expect(torrent.view.metainfo).not.toHaveProperty('info')
    expect(torrent.view.metainfo?.infoLengthBytes).toBe(metainfo.info.length)
    expect(await torrent.control.info()).toEqual(metainfo.info)
    expect(await torrent.control.info()).toEqual(metainfo.info)
    expect(asked.gets).toBe(2)
  })

  it('writes records that have it, when something changes', async () => {
    const { world, torrent, asked } = await rested()
    torrent.control.limit({ maxPeers: 7 })
    await world.clock.advance(60_000)
    expect(asked.puts).toHaveLength(1)
    expect(asked.puts[0]).toMatchObject({ info: metainfo.info, limits: { maxPeers: 7 } })
  })

  it('that a check finds spoilt has it again, and gets its pieces anew', async () => {
    const { world, torrent, inner } = await rested()
    inner.data.fill(0, 0, piece)
    torrent.control.recheck()
    expect(await world.clock.runUntil(() => torrent.view.content?.have.count === pieces - 1, 10_000)).toBe(true)
    torrent.control.addPeers([world.endpoint('10.0.0.1')], 'user')
    expect(await world.clock.runUntil(() => torrent.view.state === 'seeding', 60_000)).toBe(true)
    expect(Buffer.compare(inner.data, data)).toBe(0)
    await world.clock.advance(60_000)
    expect(torrent.view.content?.have.count).toBe(pieces)
    expect(world.faults).toEqual([])
  })

  it('that is checked while its record is being written holds it until its pieces are there', async () => {
    const { world, torrent, inner } = await rested()
    inner.holds.add('sync')
    torrent.control.limit({ maxPeers: 7 })
    expect(await world.clock.runUntil(() => inner.underWay.has('sync'), 60_000)).toBe(true)
    inner.data.fill(0, 0, piece)
    torrent.control.recheck()
    await world.clock.advance(1_000)
    inner.release()
    expect(await world.clock.runUntil(() => torrent.view.content?.have.count === pieces - 1, 10_000)).toBe(true)
    torrent.control.addPeers([world.endpoint('10.0.0.1')], 'user')
    expect(await world.clock.runUntil(() => torrent.view.state === 'seeding', 60_000)).toBe(true)
    expect(torrent.view.stats.wastedBytes).toBe(0)
  })

  it('that loses a piece while it serves it has it again, and gets the piece anew', async () => {
    const { world, torrent, lose } = await rested()
    lose(2)
    const reader = await world.node('10.0.0.3', { storage: new TestStorage(data.length) })
    const reading = await world.add(reader, metainfo, { peers: [world.endpoint('10.0.0.2')] })
    expect(await world.clock.runUntil(() => torrent.view.state === 'downloading', 60_000)).toBe(true)
    torrent.control.addPeers([world.endpoint('10.0.0.1')], 'user')
    expect(await world.clock.runUntil(() => reading.view.state === 'seeding', 120_000)).toBe(true)
    expect(torrent.view.state).toBe('seeding')
    expect(torrent.view.stats.wastedBytes).toBe(0)
    expect(world.faults).toEqual([])
  })
})

describe('a torrent that loses many pieces at once', () => {
  it('reads its info dictionary back once', async () => {
    const { world, torrent, asked, lose, slow } = await rested()
    lose(...Array.from({ length: pieces }, (_, at) => at))
    slow(2_000)
    const reader = await world.node('10.0.0.3', { storage: new TestStorage(data.length) })
    await world.add(reader, metainfo, { peers: [world.endpoint('10.0.0.2')] })
    expect(await world.clock.runUntil(() => asked.gets > 0, 60_000)).toBe(true)
    await world.clock.advance(4_000)
    expect(torrent.view.content?.have.count).toBeLessThan(pieces - 1)
    expect(asked.gets).toBe(1)
    expect(world.faults).toEqual([])
  })
})

describe('a torrent whose store keeps nothing', () => {
  it('holds its info dictionary, and can be checked', async () => {
    const world = new World()
    const resumeStore: ResumeStore = { ...memoryResumeStore(), put: async () => {} }
    const node = await world.node('10.0.0.2', { storage: new TestStorage(0, data.slice()), resumeStore })
    const torrent = await world.add(node, metainfo)
    await world.clock.advance(2_000)
    expect(torrent.view.state).toBe('seeding')
    expect(await torrent.control.info()).toEqual(metainfo.info)
    torrent.control.recheck()
    await world.clock.advance(2_000)
    expect(torrent.view.state).toBe('seeding')
  })
})

describe('a torrent whose record is gone while it rests', () => {
  it('seeds on, and says why its info dictionary cannot be had', async () => {
    const { world, torrent, kept } = await rested()
    await kept.delete(key)
    await expect(torrent.control.info()).rejects.toBeInstanceOf(ResumeError)
    const reader = await world.node('10.0.0.3', { storage: new TestStorage(data.length) })
    const reading = await world.add(reader, metainfo, { peers: [world.endpoint('10.0.0.2')] })
    expect(await world.clock.runUntil(() => reading.view.state === 'seeding', 60_000)).toBe(true)
    expect(torrent.view.state).toBe('seeding')
  })

  it('is not written a record that lacks it', async () => {
    const { world, torrent, kept, asked } = await rested()
    await kept.delete(key)
    torrent.control.limit({ maxPeers: 7 })
    await world.clock.advance(40_000)
    expect(asked.puts).toEqual([])
    expect(JSON.stringify(world.warnings)).toContain('the resume record cannot be saved')
  })

  it('fails when all its data is to be checked', async () => {
    const { world, torrent, kept } = await rested()
    await kept.delete(key)
    torrent.control.recheck()
    await world.clock.advance(1_000)
    expect(torrent.view.state).toBe('failed')
    expect(torrent.view.error).toBeInstanceOf(ResumeError)
  })
})
