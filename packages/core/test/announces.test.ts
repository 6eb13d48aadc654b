import { describe, expect, it } from 'vitest'
import { pluginContract, type Plugin, TrackerClient, TrackerError } from '../src/index.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const { metainfo } = makeTorrent({ lengthBytes: 100_000, pieceBytes: 16_384 })

/** A client that refuses so many announces, and writes down when each came. */
function trackerThatFails(times: number, world: World, atMs: number[]): Plugin {
  return {
    name: 'tracker',
    contract: pluginContract,
    bind: (bindings) =>
      bindings.value(TrackerClient, {
        schemes: ['http'],
        announce: async () => {
          atMs.push(world.clock.nowMs())
          if (atMs.length <= times) throw new TrackerError('TRACKER_UNREACHABLE', 'nobody is there')
          return { peers: [], intervalMs: 1_800_000 }
        },
      }),
  }
}

describe('a torrent that knows nobody', () => {
  it.each([
    ['that fails at first, in an hour', 2, 3_600_000, 4],
    ['that answers with nobody, in an hour', 0, 3_700_000, 3],
  ])('goes on asking a tracker %s', async (_name, failures, untilMs, least) => {
    const world = new World()
    const atMs: number[] = []
    const session = await world.session('10.0.0.1', new TestStorage(100_000), [trackerThatFails(failures, world, atMs)])
    await session.add({ torrent: metainfo, directory: '/', trackers: [['http://tracker.example/announce']] })
    await world.clock.advance(untilMs)
    expect(atMs.length).toBeGreaterThanOrEqual(least)
    const closing = session.close()
    await world.clock.advance(10_000)
    await closing
    expect(world.faults).toEqual([])
  })
})

describe('a tracker that answers `started` only when the torrent stops already', () => {
  /** It takes 1 s for each answer, and writes down what it was told. */
  async function scene() {
    const world = new World()
    const told: string[] = []
    const tracker: TrackerClient = {
      schemes: ['test'],
      announce: async ({ event }, _identity, signal) => {
        told.push(event ?? 'regular')
        await new Promise<void>((resolve) => world.clock.after(1_000, resolve))
        signal.throwIfAborted()
        return { peers: [] }
      },
    }
    const engine = await world.node('10.0.0.1', { storage: new TestStorage(100_000), trackers: [tracker] })
    const torrent = await world.add(engine, metainfo, { trackers: [['test://tracker']] })
    await world.clock.advance(100)
    expect(told).toEqual(['started'])
    return { world, told, engine, torrent }
  }

  it.each<[string, (parts: Awaited<ReturnType<typeof scene>>) => void]>([
    ['is paused', ({ torrent }) => torrent.control.pause()],
    ['is removed', ({ torrent }) => void torrent.remove()],
    ['goes with its session', ({ engine }) => void engine.close()],
  ])('hears `stopped` after it when it %s', async (_name, end) => {
    const parts = await scene()
    end(parts)
    await parts.world.clock.advance(4_000)
    expect(parts.told).toEqual(['started', 'stopped'])
    expect(parts.world.faults).toEqual([])
  })

  it('hears a new `started` and no `stopped` when it is resumed meanwhile', async () => {
    const { world, told, torrent } = await scene()
    torrent.control.pause()
    torrent.control.resume()
    await world.clock.advance(4_000)
    expect(told).toEqual(['started', 'started'])
  })
})

it('a regular announce that is under way ends before `stopped` goes', async () => {
  const world = new World()
  const log: string[] = []
  const tracker: TrackerClient = {
    schemes: ['test'],
    announce: async ({ event }, _identity, signal) => {
      log.push(event ?? 'regular')
      if (event !== undefined) return { peers: [], intervalMs: 60_000 }
      signal.addEventListener('abort', () => log.push('regular ended'))
      return new Promise(() => {})
    },
  }
  const engine = await world.node('10.0.0.1', { storage: new TestStorage(100_000), trackers: [tracker] })
  const torrent = await world.add(engine, metainfo, { trackers: [['test://tracker']] })
  await world.clock.advance(70_000)
  expect(log).toEqual(['started', 'regular'])
  torrent.control.pause()
  await world.clock.advance(4_000)
  expect(log).toEqual(['started', 'regular', 'regular ended', 'stopped'])
  expect(world.faults).toEqual([])
})

it('a torrent that was found whole, loses a piece and gets it back tells nobody that it has completed', async () => {
  const world = new World()
  const { metainfo: small, data } = makeTorrent({ lengthBytes: 100_000, pieceBytes: 16_384 })
  const told: string[] = []
  const tracker: TrackerClient = {
    schemes: ['test'],
    announce: async ({ event }) => {
      told.push(event ?? 'regular')
      return { peers: [] }
    },
  }
  const other = await world.node('10.0.0.1', { storage: new TestStorage(0, data) })
  await world.add(other, small)
  const storage = new TestStorage(0, data.slice())
  let completed = 0
  const hooks = { completed: () => void completed++ }
  const engine = await world.node('10.0.0.2', { storage, trackers: [tracker], hooks })
  const torrent = await world.add(engine, small, { trackers: [['test://tracker']] })
  await world.clock.advance(1_000)
  expect(torrent.view.state).toBe('seeding')
  storage.data.fill(0, 0, 10)
  torrent.control.recheck()
  await world.clock.advance(1_000)
  expect(torrent.view.state).toBe('downloading')
  torrent.control.addPeers([world.endpoint('10.0.0.1')], 'user')
  await world.clock.advance(10_000)
  expect(torrent.view.state).toBe('seeding')
  expect([told, completed]).toEqual([['started'], 0])
})

it('a peer that is connected is not dialled again by command', async () => {
  const world = new World()
  const other = await world.node('10.0.0.1', { storage: new TestStorage(100_000) })
  await world.add(other, metainfo)
  const refused: unknown[] = []
  const asked: string[] = []
  const hooks = { acceptPeer: ({ stage }: { stage: string }) => void asked.push(stage) }
  const engine = await world.node('10.0.0.2', { storage: new TestStorage(100_000), hooks })
  const torrent = await world.add(engine, metainfo)
  engine.trace((record) => void (record.event === 'refuse' && refused.push(record)))
  await world.clock.advance(1_000)
  for (let times = 0; times < 3; times++) {
    torrent.control.dial(world.endpoint('10.0.0.1'))
    await world.clock.advance(1_000)
  }
  expect(torrent.view.stats.peers).toBe(1)
  expect(asked).toEqual(['dial', 'handshake', 'extended'])
  expect(refused).toEqual([])
})

it('many torrents that start together announce themselves one after the other', async () => {
  const world = new World()
  const atMs: number[] = []
  const tracker: TrackerClient = {
    schemes: ['test'],
    announce: async () => {
      atMs.push(world.clock.nowMs())
      return { peers: [] }
    },
  }
  const engine = await world.node('10.0.0.1', { storage: new TestStorage(32_768), trackers: [tracker] })
  for (let index = 0; index < 150; index++) {
    const { metainfo: one } = makeTorrent({ lengthBytes: 32_768, pieceBytes: 32_768, seed: `torrent ${index}` })
    await world.add(engine, one, { trackers: [['test://tracker']] })
  }
  await world.clock.advance(10_000)
  expect(atMs).toHaveLength(150)
  const firstMs = atMs[0] ?? 0
  const within = (from: number, to: number): number =>
    atMs.filter((at) => at - firstMs >= from && at - firstMs < to).length
  expect(within(0, 100)).toBeGreaterThanOrEqual(50)
  for (let from = 100; from < 1_900; from += 100) expect(within(from, from + 100)).toBeLessThanOrEqual(10)
  expect(within(2_200, 10_000)).toBe(0)
})
