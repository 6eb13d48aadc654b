import { expect, it } from 'vitest'
import type { TrackerClient } from '../src/ports/tracker-client.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const minutes = 60_000

/** A tracker that answers with nobody, and the minutes at which it was asked. */
function lonely(world: World, minIntervalMs?: number): { client: TrackerClient; asked: number[] } {
  const asked: number[] = []
  const client: TrackerClient = {
    schemes: ['http'],
    announce: async () => {
      asked.push(Math.round(world.clock.nowMs() / minutes))
      return { peers: [], intervalMs: 30 * minutes, ...(minIntervalMs === undefined ? {} : { minIntervalMs }) }
    },
  }
  return { client, asked }
}

async function alone(options: { whole?: boolean; minIntervalMs?: number } = {}) {
  const world = new World()
  const { client, asked } = lonely(world, options.minIntervalMs)
  const { metainfo, data } = makeTorrent({ lengthBytes: 65_536, pieceBytes: 32_768, trackers: ['http://a.example/'] })
  const storage = options.whole === true ? new TestStorage(0, data) : new TestStorage(data.length)
  const engine = await world.node('10.0.0.1', { storage, trackers: [client] })
  await world.add(engine, metainfo)
  await world.clock.advance(21 * minutes)
  expect(world.faults).toEqual([])
  const [first = 0] = asked
  return asked.map((at) => at - first)
}

it('a download without peers asks its tracker again every five minutes', async () => {
  expect(await alone()).toEqual([0, 5, 10, 15, 20])
})

it('and not before the tracker allows', async () => {
  expect(await alone({ minIntervalMs: 12 * minutes })).toEqual([0, 12])
})

it('a seed waits for its interval', async () => {
  expect(await alone({ whole: true })).toEqual([0])
})
