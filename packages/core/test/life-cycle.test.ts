import { afterEach, describe, expect, it } from 'vitest'
import type { TorrentHandle } from '../src/driver/api.js'
import type { TrackerClient } from '../src/ports/tracker-client.js'
import { add, broken, full, type LifeScene, nothingLeft, piece, scene } from './support/life-scene.js'
import { settleMicrotasks } from './support/virtual-clock.js'
import { TestStorage } from './support/world.js'

/** Ways to get a download into each state. */
const phases: Readonly<Record<string, (scene: LifeScene) => Promise<TorrentHandle>>> = {
  'while the storage opens': async (it) => {
    it.target.holds.add('open')
    return add(it)
  },
  'while it is checked': async (it) => {
    it.target.data.set(it.data.subarray(0, 5 * piece))
    it.target.holds.add('present')
    const torrent = await add(it)
    await settleMicrotasks()
    expect(torrent.view.state).toBe('checking')
    return torrent
  },
  downloading: async (it) => {
    const torrent = await add(it)
    await it.world.clock.runUntil(() => torrent.view.stats.receivedBytes > 6.5 * piece, 60_000)
    return torrent
  },
  'while writes are under way': async (it) => {
    it.target.holds.add('write')
    const torrent = await add(it)
    await it.world.clock.runUntil(() => torrent.view.stats.receivedBytes > 6.5 * piece, 60_000)
    return torrent
  },
  'blocked by a full disk': async (it) => {
    it.target.failWrites = full()
    const torrent = await add(it)
    await it.world.clock.runUntil(() => torrent.view.state === 'blocked', 60_000)
    return torrent
  },
  'blocked, with a retry under way': async (it) => {
    it.target.failWrites = full()
    const torrent = await add(it)
    await it.world.clock.runUntil(() => torrent.view.state === 'blocked', 60_000)
    it.target.holds.add('write')
    await it.world.clock.runUntil(() => it.target.underWay.has('write'), 60_000)
    return torrent
  },
  paused: async (it) => {
    const torrent = await add(it)
    await it.world.clock.runUntil(() => torrent.view.stats.receivedBytes > 6.5 * piece, 60_000)
    torrent.control.pause()
    return torrent
  },
  failed: async (it) => {
    const torrent = await add(it)
    await it.world.clock.runUntil(() => torrent.view.stats.receivedBytes > 6.5 * piece, 60_000)
    it.target.failWrites = broken()
    await it.world.clock.runUntil(() => torrent.view.state === 'failed', 60_000)
    return torrent
  },
  'while the last sync is under way': async (it) => {
    it.target.holds.add('sync')
    const torrent = await add(it)
    await it.world.clock.runUntil(() => it.target.underWay.has('sync'), 60_000)
    return torrent
  },
  seeding: async (it) => {
    const torrent = await add(it)
    await it.world.clock.runUntil(() => torrent.view.state === 'seeding', 60_000)
    return torrent
  },
}

const acts: Readonly<Record<string, (torrent: TorrentHandle) => void>> = {
  'at once': () => {},
  'after pausing twice': ({ control }) => (control.pause(), control.pause()),
  'after pausing and resuming twice': ({ control }) => {
    for (let round = 0; round < 2; round++) {
      control.pause()
      control.resume()
    }
  },
  'after a recheck, twice': ({ control }) => (control.recheck(), control.recheck()),
  'after deselecting everything': ({ control }) => control.select([false]),
}

describe.each(Object.entries(phases))('a torrent that is removed %s', (_phase, reach) => {
  it.each(Object.entries(acts))('%s leaves nothing behind', async (_act, act) => {
    for (const extentBytes of [1_048_576, 32_768]) {
      const it = await scene({ extentBytes })
      const torrent = await reach(it)
      act(torrent)
      const removed = torrent.remove()
      void torrent.remove()
      it.target.release()
      await removed
      expect(it.leecher.torrents()).toEqual([])
      await nothingLeft(it)
    }
  })
})

describe('a storage that hangs', () => {
  it.each(['open', 'present', 'read', 'write', 'sync', 'close'] as const)(
    'in %s does not hold up removal or closing',
    async (name) => {
      for (const how of ['remove', 'close'] as const) {
        const it = await scene()
        const torrent = await add(it)
        if (name === 'open' || name === 'present') {
          await torrent.remove()
          it.target.holds.add(name)
        }
        const again = name === 'open' || name === 'present' ? await add(it) : torrent
        if (name === 'read') it.target.data.fill(1)
        it.target.holds.add(name)
        await it.world.clock.advance(2_000)
        if (name === 'read') again.control.recheck()
        await settleMicrotasks()
        const ending = how === 'remove' ? again.remove() : it.leecher.close()
        let result: unknown
        void ending.then(
          () => (result = 'ended'),
          (error: unknown) => (result = error),
        )
        await it.world.clock.runUntil(() => result !== undefined, 4_000)
        expect(result).toMatchObject({ message: expect.stringMatching(/storage|closed with errors/) })
        expect(it.leecher.torrents()).toEqual([])
        it.target.release()
        await settleMicrotasks()
        await nothingLeft(it)
      }
    },
  )
})

describe('a tracker', () => {
  let last: LifeScene | undefined
  afterEach(async () => {
    if (last !== undefined) await nothingLeft(last)
    last = undefined
  })

  it('hears of a torrent again that was paused and resumed', async () => {
    const it = (last = await scene())
    const torrent = await add(it)
    await it.world.clock.advance(1_000)
    torrent.control.pause()
    await it.world.clock.advance(10_000)
    torrent.control.resume()
    await it.world.clock.advance(1_000)
    expect(it.told).toEqual(['started', 'stopped', 'started'])
    torrent.control.pause()
    torrent.control.resume()
    await it.world.clock.advance(20_000)
    expect(it.told.slice(3, 5)).toEqual(['stopped', 'started'])
    await torrent.remove()
  })

  it('hears of completed and stopped when a tap of completed closes the session', async () => {
    const it = (last = await scene())
    const told: string[] = []
    const tracker: TrackerClient = {
      schemes: ['test'],
      announce: async (request, _identity, signal) => {
        signal.throwIfAborted()
        told.push(request.event ?? 'regular')
        return { peers: [], intervalMs: 60_000 }
      },
    }
    let closing: Promise<void> | undefined
    const other = await it.world.node('10.0.0.3', {
      storage: new TestStorage(it.data.length),
      trackers: [tracker],
      hooks: { completed: () => (closing = other.close()) },
    })
    await it.world.add(other, it.metainfo, { peers: [it.world.endpoint('10.0.0.1')] })
    await it.world.clock.runUntil(() => closing !== undefined, 60_000)
    await closing
    expect(told).toEqual(['started', 'completed', 'stopped'])
  })

  it('that never answers does not hold up closing', async () => {
    const it = (last = await scene())
    const silent: TrackerClient = { schemes: ['test'], announce: () => new Promise(() => {}) }
    const other = await it.world.node('10.0.0.3', { storage: new TestStorage(it.data.length), trackers: [silent] })
    await it.world.add(other, it.metainfo)
    await it.world.clock.advance(1_000)
    let closed = false
    void other.close().then(() => (closed = true))
    await it.world.clock.runUntil(() => closed, 4_000)
    expect(closed).toBe(true)
  })
})
