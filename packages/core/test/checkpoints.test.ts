import { describe, expect, it } from 'vitest'
import { memoryResumeStore } from '../src/driver/memory-resume-store.js'
import { infoHashName } from '../src/metainfo/info-hash.js'
import type { ResumeRecord, ResumeStore } from '../src/ports/resume-store.js'
import type { FileStamp } from '../src/ports/storage.js'
import { broken, full, piece, pieces } from './support/life-scene.js'
import { settleMicrotasks } from './support/virtual-clock.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const { metainfo, data } = makeTorrent({ lengthBytes: pieces * piece, pieceBytes: piece })
const key = infoHashName(metainfo.infoHashes)

/** A seeder of so many bytes a second at 10.0.0.1. */
async function seeded(upBytesPerSecond?: number) {
  const world = new World()
  const seeder = await world.node('10.0.0.1', { storage: new TestStorage(0, data), limits: { upBytesPerSecond } })
  await world.add(seeder, metainfo)
  let hosts = 1
  /** A new process with this storage and these records. */
  const start = async (storage: TestStorage, resumeStore: ResumeStore, options = {}) => {
    const node = await world.node(`10.0.0.${++hosts}`, { storage, resumeStore })
    const peers = [world.endpoint('10.0.0.1')]
    return { node, torrent: await world.add(node, metainfo, { peers, ...options }) }
  }
  return { world, seeder, start }
}

const countOf = (record: ResumeRecord | undefined): number =>
  [...(record?.have ?? [])].reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)

describe('a checkpoint', () => {
  it('comes when the torrent begins, then at most every 30 s, and claims what was synced by then', async () => {
    const { world, start } = await seeded(2 * piece)
    const store = memoryResumeStore()
    const puts: number[] = []
    const storage = new TestStorage(data.length)
    const syncs: number[] = []
    const watched: ResumeStore = {
      ...store,
      put: async (name, record) => {
        puts.push(world.clock.nowMs())
        await store.put(name, record)
      },
    }
    storage.synced = () => void syncs.push(world.clock.nowMs())
    const { torrent } = await start(storage, watched)
    await world.clock.advance(100)
    expect(puts).toHaveLength(1)
    expect(await store.get(key)).toMatchObject({
      state: 'active',
      directory: '/',
      storage: 'test',
      name: metainfo.name,
    })
    await world.clock.advance(10_000)
    expect(torrent.view.content?.have.count).toBeGreaterThan(10)
    expect(countOf(await store.get(key))).toBe(0)
    await world.clock.runUntil(() => puts.length > 1, 60_000)
    await settleMicrotasks()
    expect((puts[1] ?? 0) - (puts[0] ?? 0)).toBeLessThanOrEqual(31_000)
    expect(countOf(await store.get(key))).toBe(pieces)
    expect(syncs.at(-1)).toBeLessThanOrEqual(puts.at(-1) ?? 0)
  })

  it('is not made by a session that begins with what is remembered, and is as soon as anything is other', async () => {
    const world = new World()
    const store = memoryResumeStore()
    let [gets, puts] = [0, 0]
    const counted: ResumeStore = {
      ...store,
      get: async (name) => (gets++, store.get(name)),
      put: async (name, record) => (puts++, store.put(name, record)),
    }
    let last = 0
    const session = async (limits = {}) => {
      const storage = new TestStorage(0, data)
      const node = await world.node(`10.0.0.${++last}`, { storage, resumeStore: counted })
      ;[gets, puts] = [0, 0]
      const torrent = await world.add(node, metainfo, { limits })
      await world.clock.advance(1_000)
      const counts = { gets, puts, state: torrent.view.state }
      await node.close()
      return counts
    }
    expect(await session()).toMatchObject({ puts: 1, state: 'seeding' })
    const remembered = await store.get(key)
    expect(countOf(remembered)).toBe(pieces)
    expect(await session()).toEqual({ gets: 1, puts: 0, state: 'seeding' })
    expect(countOf(await store.get(key))).toBe(pieces)
    expect((await session({ uploadSlots: 3 })).puts).toBe(1)
  })

  it('claims nothing that came while the data was made durable', async () => {
    const { world, start } = await seeded(piece / 4)
    const store = memoryResumeStore()
    const storage = new TestStorage(data.length)
    const { torrent } = await start(storage, store)
    await world.clock.advance(5_000)
    storage.holds.add('sync')
    await world.clock.runUntil(() => storage.underWay.has('sync'), 40_000)
    const had = torrent.view.content?.have.count ?? 0
    await world.clock.advance(12_000)
    expect(torrent.view.content?.have.count).toBeGreaterThan(had)
    storage.release()
    await world.clock.advance(5)
    expect(had).toBeGreaterThan(3)
    expect(countOf(await store.get(key))).toBe(had)
  })

  it('that cannot be saved is told, tried again, and stops nothing', async () => {
    const { world, start } = await seeded()
    const store = memoryResumeStore()
    let failing = true
    const failingStore: ResumeStore = {
      ...store,
      put: (name, record) => (failing ? Promise.reject(full()) : store.put(name, record)),
    }
    const { torrent } = await start(new TestStorage(data.length), failingStore)
    await world.clock.runUntil(() => torrent.view.state === 'seeding', 60_000)
    expect(await store.get(key)).toBeUndefined()
    failing = false
    await world.clock.advance(31_000)
    expect(countOf(await store.get(key))).toBe(pieces)
  })

  it('whose flush fails ends the torrent, and the record before it stays', async () => {
    const { world, start } = await seeded(2 * piece)
    const store = memoryResumeStore()
    const storage = new TestStorage(data.length)
    const { torrent, node } = await start(storage, store)
    torrent.completed.catch(() => {})
    await world.clock.advance(5_000)
    storage.failSyncs = broken()
    await world.clock.runUntil(() => torrent.view.state === 'failed', 60_000)
    expect(torrent.view.error).toBe(storage.failSyncs)
    storage.failSyncs = undefined
    await node.close()
    expect(countOf(await store.get(key))).toBe(0)
  })
})

it('what says the same as the record that is there is not written again, when a torrent starts and when it ends', async () => {
  const { world, start } = await seeded(2 * piece)
  const store = memoryResumeStore()
  let puts = 0
  const counted: ResumeStore = {
    ...store,
    put: async (name, record) => {
      puts++
      await store.put(name, record)
    },
  }
  const storage = new TestStorage(data.length)
  const { node, torrent } = await start(storage, counted)
  torrent.completed.catch(() => {})
  await world.clock.advance(5_000)
  torrent.control.pause()
  await world.clock.advance(40_000)
  await node.close()
  const before = puts
  const again = await start(storage, counted)
  again.torrent.control.pause()
  await world.clock.advance(40_000)
  await again.node.close()
  expect(before).toBeGreaterThan(1)
  expect(puts).toBe(before)
})

it('wall clocks that jump by two hours, to and fro, change nothing', async () => {
  const runs: unknown[] = []
  for (const jumps of [
    [0, 0, 0],
    [7_200_000, -7_200_000, 0],
  ]) {
    const { world, start } = await seeded(2 * piece)
    const store = memoryResumeStore()
    const puts: number[] = []
    const watched: ResumeStore = {
      ...store,
      put: async (name, record) => {
        puts.push(world.clock.nowMs())
        await store.put(name, record)
      },
    }
    const { torrent } = await start(new TestStorage(data.length), watched)
    for (const jump of jumps) {
      await world.clock.advance(2_000)
      world.clock.jumpMs = jump
    }
    await world.clock.runUntil(() => torrent.view.state === 'seeding', 60_000)
    await world.clock.advance(40_000)
    runs.push({ puts, doneMs: world.clock.nowMs(), have: countOf(await store.get(key)) })
    expect(world.faults).toEqual([])
  }
  expect(runs[1]).toEqual(runs[0])
  console.log('faults: wall clock jumps of ± 2 h: the same checkpoints at the same times, the same end')
})

describe('a torrent that starts again', () => {
  /** A download that ended in the middle, cleanly. */
  async function halfDone(stamps?: FileStamp) {
    const { world, start } = await seeded(2 * piece)
    const store = memoryResumeStore()
    const storage = new TestStorage(data.length)
    storage.stamps = stamps === undefined ? undefined : [stamps]
    const { node, torrent } = await start(storage, store)
    torrent.completed.catch(() => {})
    await world.clock.advance(5_000)
    const had = torrent.view.content?.have.count ?? 0
    await node.close()
    return { world, start, store, storage, had }
  }
  const stamp = { lengthBytes: 5, modifiedUs: 7 }

  it('trusts what is remembered of a file that looks as it did', async () => {
    const { start, store, storage, had } = await halfDone(stamp)
    storage.data.fill(0)
    const { torrent } = await start(storage, store)
    await torrent.ready
    expect(torrent.view.content?.have.count).toBe(had)
    expect(had).toBeGreaterThan(5)
  })

  it('hashes a file that looks different, and only believes that', async () => {
    const { start, store, storage, had } = await halfDone(stamp)
    storage.stamps = [{ ...stamp, modifiedUs: 8 }]
    storage.data.fill(0, 0, piece)
    const { torrent } = await start(storage, store)
    await torrent.ready
    expect(torrent.view.content?.have.count).toBe(had - 1)
  })

  it.each([
    ['some', (bytes: Uint8Array) => bytes.fill(0, 0, 2 * piece), 2],
    ['none', () => {}, 0],
  ] as const)('by a sample finds that %s of it is wrong', async (_what, spoil, lost) => {
    const { start, store, storage, had } = await halfDone(stamp)
    spoil(storage.data)
    const { torrent } = await start(storage, store, { check: 'sample' })
    await torrent.ready
    expect(torrent.view.content?.have.count).toBe(had - lost)
  })

  it.each([
    ['another folder', { directory: '/elsewhere' }, true],
    ['a full check', { check: 'full' as const }, false],
  ])('believes nothing with %s', async (_what, options, isKept) => {
    const { start, store, storage, had } = await halfDone(stamp)
    storage.data.fill(0)
    const { torrent } = await start(storage, store, options)
    await torrent.ready
    expect(torrent.view.content?.have.count).toBe(0)
    expect(countOf(await store.get(key))).toBe(isKept ? had : 0)
  })

  it('goes on though its record cannot be read', async () => {
    const { start, store, storage, had } = await halfDone(stamp)
    const { torrent } = await start(storage, { ...store, get: () => Promise.reject(new Error('unreadable')) })
    await torrent.ready
    expect(torrent.view.content?.have.count).toBe(had)
  })

  it('counts what all runs sent and received', async () => {
    const { world, start, store, storage } = await halfDone(stamp)
    const { node, torrent } = await start(storage, store)
    await world.clock.runUntil(() => torrent.view.state === 'seeding', 60_000)
    await node.close()
    const record = await store.get(key)
    expect(record?.downloadedBytes).toBeGreaterThanOrEqual(data.length)
    expect(torrent.view.stats.receivedBytes).toBeLessThan(data.length)
  })
})

it.each([
  ['are not asked for again', false],
  ['that were spoilt meanwhile are, and nobody is blamed', true],
])('blocks of a piece that is not whole %s', async (_what, spoilt) => {
  const large = makeTorrent({ lengthBytes: 4 * 262_144, pieceBytes: 262_144, seed: 'large' })
  const world = new World()
  const upBytesPerSecond = 65_536
  const seeder = await world.node('10.0.0.1', {
    storage: new TestStorage(0, large.data),
    limits: { upBytesPerSecond },
  })
  await world.add(seeder, large.metainfo)
  const store = memoryResumeStore()
  const storage = new TestStorage(large.data.length)
  storage.extentBytes = 32_768
  const peers = [world.endpoint('10.0.0.1')]
  const first = await world.node('10.0.0.2', { storage, resumeStore: store })
  const begun = await world.add(first, large.metainfo, { peers })
  begun.completed.catch(() => {})
  await world.clock.advance(3_000)
  expect(begun.view.content?.have.count).toBe(0)
  await first.close()
  const record = await store.get(infoHashName(large.metainfo.infoHashes))
  expect(record?.partial).toMatchObject([{ piece: 0 }])
  if (spoilt) storage.data.fill(0, 0, 32_768)

  const banned: unknown[] = []
  const second = await world.node('10.0.0.3', {
    storage,
    resumeStore: store,
    hooks: { peerDisconnected: (_peer, reason) => void banned.push(reason) },
  })
  const again = await world.add(second, large.metainfo, { peers })
  let isDone = false
  void again.completed.then(() => (isDone = true))
  await world.clock.runUntil(() => isDone, 120_000)
  expect(Buffer.compare(storage.data, large.data)).toBe(0)
  expect(banned).toEqual([])
  expect(again.view.stats.wastedBytes > 0).toBe(spoilt)
  expect(again.view.stats.receivedBytes <= large.data.length - 2 * 32_768).toBe(!spoilt)
  await Promise.all([second.close(), seeder.close()])
  expect(world.faults).toEqual([])
})
