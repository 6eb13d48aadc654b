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
