import { describe, expect, it } from 'vitest'
import type { TorrentHandle } from '../src/driver/api.js'
import { makeTorrent, World } from './support/world.js'
import { titlesOf } from './support/titles.js'

const piece = 65_536
const rate = 300_000
const seeders = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4']

/** What each of three torrents gets in ten seconds of a limit of the session that they share; a has one peer, b two, c four. */
async function shares(way: 'down' | 'up'): Promise<number[]> {
  const world = new World()
  const titles = titlesOf([...'abc'].map((seed) => makeTorrent({ lengthBytes: 80 * piece, pieceBytes: piece, seed })))
  const peersOf = (at: number): readonly string[] => seeders.slice(0, 2 ** at)
  const engine = await world.node('10.0.0.9', {
    storage: titles.storage(way === 'down' ? 'empty' : 'full'),
    limits: { [way === 'down' ? 'downBytesPerSecond' : 'upBytesPerSecond']: rate },
  })
  const handles: TorrentHandle[] = []
  for (const { metainfo } of titles.all) handles.push(await world.add(engine, metainfo))
  for (const host of seeders) {
    const node = await world.node(host, { storage: titles.storage(way === 'down' ? 'full' : 'empty') })
    for (const [at, { metainfo }] of titles.all.entries()) {
      if (peersOf(at).includes(host)) await world.add(node, metainfo, { peers: [world.endpoint('10.0.0.9')] })
    }
  }
  const bytes = (): number[] =>
    handles.map(({ view: { stats } }) => (way === 'down' ? stats.receivedBytes : stats.uploadedBytes))
  await world.clock.advance(5_000)
  const before = bytes()
  await world.clock.advance(10_000)
  expect(world.faults).toEqual([])
  return bytes().map((after, at) => (after - (before[at] ?? 0)) / 10)
}

describe('a limit of the session', () => {
  it.each(['down', 'up'] as const)('%s is shared among its torrents, however many peers each has', async (way) => {
    const got = await shares(way)
    expect(got.reduce((sum, one) => sum + one) / rate).toBeGreaterThan(0.95)
    expect(got.reduce((sum, one) => sum + one) / rate).toBeLessThan(1.05)
    expect(Math.min(...got) / (rate / 3)).toBeGreaterThan(0.7)
  })
})
