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
