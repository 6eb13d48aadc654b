import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AddOptions, SessionLimits, TorrentHandle } from '../src/driver/api.js'
import { memoryResumeStore } from '../src/driver/memory-resume-store.js'
import { restoreTorrents } from '../src/driver/restore.js'
import { TorrentDriver } from '../src/driver/torrent-driver.js'
import { magnetOf } from '../src/metainfo/magnet.js'
import type { TrackerClient } from '../src/ports/tracker-client.js'
import { inlineHasher, makeTorrent, TestStorage, testLimits, World } from './support/world.js'
import { titlesOf } from './support/titles.js'

afterEach(() => vi.restoreAllMocks())

const piece = 32_768
const seconds = 1_000

/** Torrents a, b, c … of four pieces: a seeder at 10.0.0.1 has them all, the engine under test none unless it says so. */
async function scene(names: string, limits: Partial<SessionLimits> = {}) {
  const world = new World()
  const torrents = titlesOf(
    [...names].map((name) =>
      makeTorrent({
        lengthBytes: 4 * piece,
        pieceBytes: piece,
        seed: name,
        trackers: ['test://tracker/announce'],
      }),
    ),
  )
  const seeder = await world.node('10.0.0.1', { storage: torrents.storage('full') })
  for (const { metainfo } of torrents.all) await world.add(seeder, metainfo)
  const told: string[] = []
  const tracker: TrackerClient = {
    schemes: ['test'],
    announce: async (request, identity) => {
      const name = torrents.nameOf(identity.infoHash)
      if (request.event !== undefined) told.push(`${name} ${request.event}`)
      return { peers: [], intervalMs: 1_800_000 }
    },
  }
  const resumeStore = memoryResumeStore()
  const engine = await world.node('10.0.0.2', {
    storage: torrents.storage('empty'),
    limits,
    trackers: [tracker],
    resumeStore,
  })
  const handles = new Map<string, TorrentHandle>()
  const add = async (name: string, options: Partial<AddOptions> = {}): Promise<TorrentHandle> => {
    const handle = await world.add(engine, torrents.named(name), options)
    handle.completed.catch(() => {})
    handle.ready.catch(() => {})
    handles.set(name, handle)
    return handle
  }
  const meet = (...which: string[]): void => {
    for (const name of which) handles.get(name)?.control.addPeers([world.endpoint('10.0.0.1')], 'user')
  }
  const states = (): string => [...handles].map(([name, { view }]) => `${name} ${view.state}`).join(', ')
  const control = (name: string) => {
    const handle = handles.get(name)
    if (handle === undefined) throw new Error(`no torrent ${name}`)
    return handle.control
  }
  return { world, engine, torrents, add, meet, states, control, told, resumeStore }
}

describe('the queue of a session', () => {
  it('lets so many download, in order, and the next when one is whole', async () => {
    const { world, add, meet, states, told } = await scene('abc', { activeDownloads: 1 })
    for (const name of 'abc') await add(name)
    await world.clock.advance(1 * seconds)
    expect(states()).toBe('a downloading, b queued, c queued')
    expect(told).toEqual(['a started'])
    meet('a', 'c')
    await world.clock.advance(5 * seconds)
    expect(states()).toBe('a seeding, b downloading, c queued')
    meet('b')
    await world.clock.advance(5 * seconds)
    // Whom it heard of while it waited is met now.
    expect(states()).toBe('a seeding, b seeding, c seeding')
    expect(told).toEqual(['a started', 'a completed', 'b started', 'b completed', 'c started', 'c completed'])
    expect(world.faults).toEqual([])
  })

  it('tells the trackers of one whose turn is over that it has stopped, and keeps its data for the next turn', async () => {
    const { world, add, meet, states, control, told } = await scene('ab', {
      activeDownloads: 1,
      downBytesPerSecond: piece,
    })
    const first = await add('a')
    await add('b')
    meet('a')
    await world.clock.advance(3 * seconds)
    const verified = first.view.stats.verifiedBytes
    expect(verified).toBeGreaterThan(0)
    control('b').queue('top')
    await world.clock.advance(1 * seconds)
    expect(states()).toBe('a queued, b downloading')
    expect(first.view.stats.peers).toBe(0)
    expect(told).toEqual(['a started', 'a stopped', 'b started'])
    control('b').pause()
    meet('a')
    await world.clock.advance(8 * seconds)
    expect(states()).toBe('a seeding, b paused')
    expect(first.view.stats.wastedBytes).toBe(0)
  })

  it('lends the turn of a download that gets nothing for a minute, and takes it back when data comes', async () => {
    const { world, add, meet, states } = await scene('abc', { activeDownloads: 1, downBytesPerSecond: 4_096 })
    for (const name of 'abc') await add(name)
    await world.clock.advance(55 * seconds)
    expect(states()).toBe('a downloading, b queued, c queued')
    await world.clock.advance(15 * seconds)
    expect(states()).toBe('a downloading, b downloading, c queued')
    meet('a')
    await world.clock.advance(15 * seconds)
    expect(states()).toBe('a downloading, b queued, c queued')
    await world.clock.advance(30 * seconds)
    expect(states()).toBe('a seeding, b downloading, c queued')
    expect(world.faults).toEqual([])
  })

  it('has a seed that gives nothing for a minute lend its turn, too', async () => {
    const { world, add, meet, states } = await scene('ab', { activeSeeds: 1 })
    for (const name of 'ab') await add(name)
    meet('a', 'b')
    await world.clock.advance(20 * seconds)
    expect(states()).toBe('a seeding, b queued')
    await world.clock.advance(60 * seconds)
    expect(states()).toBe('a seeding, b seeding')
  })

  it('has positions that a reader can show, paused torrents included', async () => {
    const { world, engine, add, control } = await scene('abc', { activeDownloads: 1 })
    const [a, b, c] = [await add('a'), await add('b', { paused: true }), await add('c')]
    const positions = (): unknown[] => [a, b, c].map(({ view }) => view.queuePosition)
    await world.clock.advance(1 * seconds)
    expect(positions()).toEqual([0, 1, 2])
    control('c').queue(0)
    expect(positions()).toEqual([1, 2, 0])
    control('b').queue('up')
    expect(positions()).toEqual([2, 1, 0])
    await a.remove()
    expect(positions()).toEqual([undefined, 1, 0])
    expect(engine.torrents()).toHaveLength(2)
  })

  it('resumes into the queue, and forces beside it', async () => {
    const { world, add, states, control } = await scene('abc', { activeDownloads: 1 })
    for (const name of 'abc') await add(name, { paused: name !== 'a' })
    await world.clock.advance(1 * seconds)
    expect(states()).toBe('a downloading, b paused, c paused')
    control('b').resume()
    expect(states()).toBe('a downloading, b queued, c paused')
    control('c').force(true)
    expect(states()).toBe('a downloading, b queued, c paused')
    control('c').resume()
    expect(states()).toBe('a downloading, b queued, c downloading')
    expect(control('c').view.forced).toBe(true)
    control('b').pause()
    control('a').pause()
    expect(states()).toBe('a paused, b paused, c downloading')
    control('c').force(false)
    expect(states()).toBe('a paused, b paused, c downloading')
  })

  it('goes on when one is removed, fails, or the limits change', async () => {
    const { world, engine, add, states, control } = await scene('abcd', { activeDownloads: 1 })
    const a = await add('a')
    for (const name of 'bcd') await add(name)
    await world.clock.advance(1 * seconds)
    await a.remove()
    expect(states()).toContain('b downloading, c queued')
    control('b').recheck()
    await world.clock.advance(1 * seconds)
    expect(states()).toContain('b downloading, c queued')
    engine.setLimits({ ...testLimits, activeDownloads: 2 })
    expect(states()).toContain('b downloading, c downloading, d queued')
    engine.setLimits(testLimits)
    expect(states()).toContain('b downloading, c downloading, d downloading')
  })

  it('counts a magnet link as a download, and takes its metadata while it waits', async () => {
    const { world, engine, torrents, add, states } = await scene('ab', { activeDownloads: 1 })
    await add('a')
    const metainfo = torrents.named('b')
    const b = await engine.add({ torrent: magnetOf(metainfo), directory: '/' })
    b.completed.catch(() => {})
    await world.clock.advance(1 * seconds)
    expect(b.view.state).toBe('queued')
    expect(await b.control.provideInfo(metainfo.info)).toBe(true)
    await world.clock.advance(1 * seconds)
    expect(b.view.state).toBe('queued')
    expect(b.view.content?.pieceCount).toBe(4)
    expect(states()).toBe('a downloading')
  })

  it('is the same after a restart', async () => {
    const { world, engine, torrents, add, control, resumeStore } = await scene('abc', { activeDownloads: 1 })
    for (const name of 'abc') await add(name)
    await world.clock.advance(1 * seconds)
    control('c').queue('top')
    control('b').force(true)
    await world.clock.advance(1 * seconds)
    await engine.close()
    const again = await world.node('10.0.0.3', {
      storage: torrents.storage('empty'),
      limits: { activeDownloads: 1 },
      resumeStore,
    })
    const quiet = (): void => {}
    const reads = vi.spyOn(resumeStore, 'get')
    const handles = await restoreTorrents({
      store: resumeStore,
      hasher: inlineHasher(),
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      add: (options, record) => again.add(options, record),
    })
    await world.clock.advance(1 * seconds)
    // Each record once.
    expect(reads).toHaveBeenCalledTimes(3)
    const views = handles.map(({ view }) => view).sort((a, b) => (a.queuePosition ?? 0) - (b.queuePosition ?? 0))
    expect(views.map(({ name, state, forced }) => [name, state, forced])).toEqual([
      ['c', 'downloading', false],
      ['a', 'queued', false],
      ['b', 'downloading', true],
    ])
  })

  it('looks at nobody that waits while time goes on', async () => {
    const names = 'abcdefghijklmnopqrstuvwxyz'
    const { world, add, states } = await scene(names, { activeDownloads: 1 })
    const { view: first } = await add('a')
    for (const name of names.slice(1)) await add(name)
    await world.clock.advance(31 * seconds)
    expect(states().match(/queued/g)).toHaveLength(25)
    const spies = [vi.spyOn(TorrentDriver.prototype, 'tick'), vi.spyOn(TorrentDriver.prototype, 'nextDeadlineMs')]
    await world.clock.advance(25 * seconds)
    for (const spy of spies)
      expect(spy.mock.contexts.filter((one) => (one as TorrentDriver).view !== first)).toEqual([])
  })
})

describe('a seed', () => {
  /** One torrent that is whole at the engine under test, and a leecher that fetches it again and again. */
  async function seedScene(limits: Partial<SessionLimits>, own: AddOptions['limits'] = {}) {
    const world = new World()
    const { metainfo, data } = makeTorrent({ lengthBytes: 4 * piece, pieceBytes: piece })
    const store = memoryResumeStore()
    const engine = await world.node('10.0.0.2', { storage: new TestStorage(0, data), limits, resumeStore: store })
    const seed = await world.add(engine, metainfo, { limits: own })
    let leechers = 0
    const fetch = async (): Promise<void> => {
      const node = await world.node(`10.0.1.${++leechers}`, { storage: new TestStorage(data.length) })
      const download = await world.add(node, metainfo, { peers: [world.endpoint('10.0.0.2')] })
      download.completed.catch(() => {})
      await world.clock.advance(3 * seconds)
      await node.close()
    }
    return { world, engine, seed, fetch, store }
  }

  it('pauses when it has uploaded so much, and says why', async () => {
    const { seed, fetch, world } = await seedScene({ seedRatio: 2 })
    await fetch()
    expect([seed.view.state, seed.view.seedRatio, seed.view.pausedBy]).toEqual(['seeding', 1, undefined])
    await fetch()
    expect([seed.view.state, seed.view.seedRatio, seed.view.pausedBy]).toEqual(['paused', 2, 'seedRatio'])
    seed.control.resume()
    await world.clock.advance(60 * seconds)
    expect([seed.view.state, seed.view.pausedBy]).toEqual(['seeding', undefined])
    expect(seed.control.limits).toEqual({ seedRatio: Infinity, seedMs: Infinity })
    await fetch()
    expect(seed.view.seedRatio).toBe(3)
  })

  it('pauses when it has seeded for so long, which pauses do not count for', async () => {
    const { world, seed } = await seedScene({ seedMs: 100 * seconds })
    await world.clock.advance(60 * seconds)
    seed.control.pause()
    await world.clock.advance(1_000 * seconds)
    expect(seed.view.seedingMs / seconds).toBeCloseTo(60, 0)
    seed.control.resume()
    await world.clock.advance(39 * seconds)
    expect(seed.view.state).toBe('seeding')
    await world.clock.advance(2 * seconds)
    expect([seed.view.state, seed.view.pausedBy]).toEqual(['paused', 'seedMs'])
  })

  it.each([
    ['more of its own', { seedMs: 200 * seconds }, 'seeding'],
    ['none of its own', { seedMs: Infinity }, 'seeding'],
    ['less of its own', { seedMs: 50 * seconds }, 'paused'],
  ] as const)('with %s does not go by the limit of the session', async (_what, own, state) => {
    const { world, seed } = await seedScene({ seedMs: 100 * seconds }, own)
    await world.clock.advance((state === 'paused' ? 60 : 120) * seconds)
    expect(seed.view.state).toBe(state)
  })

  it('counts what it did before a recheck once, and takes limits that come later', async () => {
    const { world, engine, seed, fetch, store } = await seedScene({})
    await fetch()
    await world.clock.advance(40 * seconds)
    seed.control.recheck()
    await world.clock.advance(40 * seconds)
    expect(seed.view.seedRatio).toBe(1)
    engine.setLimits({ ...testLimits, seedMs: 10 * seconds })
    await world.clock.advance(1 * seconds)
    expect(seed.view.pausedBy).toBe('seedMs')
    await engine.close()
    const record = await store.get((await store.keys())[0] ?? '')
    expect(record?.uploadedBytes).toBe(4 * piece)
    expect((record?.seedingMs ?? 0) / seconds).toBeCloseTo(84, -1)
    expect(record?.state).toBe('paused')
  })

  it('that is enough makes room for the next', async () => {
    const { world, add, states } = await scene('ab', { activeSeeds: 1, seedMs: 100 * seconds })
    await add('a', { check: 'skip' })
    await add('b', { check: 'skip' })
    await world.clock.advance(50 * seconds)
    expect(states()).toBe('a seeding, b queued')
    await world.clock.advance(60 * seconds)
    expect(states()).toBe('a paused, b seeding')
    await world.clock.advance(110 * seconds)
    expect(states()).toBe('a paused, b paused')
  })
})
