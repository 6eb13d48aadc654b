import { describe, expect, it } from 'vitest'
import type { Choker } from '../src/ports/choker.js'
import type { PeerView } from '../src/ports/views.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const piece = 65_536
const wholeBytes = 100 * piece
const seedHost = '10.0.0.1'
const hosts = ['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5']

/** Unchokes everybody, each at the rate of its host, if it has one. */
function atRates(rates: Readonly<Record<string, number>>): Choker {
  const rateOf = ({ endpoint }: PeerView) => (endpoint.kind === 'ip' ? rates[endpoint.host] : undefined)
  return {
    name: 'rates',
    create: () => (round) =>
      round.candidates.map(({ peer }) => {
        const uploadBytesPerSecond = rateOf(peer)
        return { peer, reason: 'rate', ...(uploadBytesPerSecond === undefined ? {} : { uploadBytesPerSecond }) }
      }),
  }
}

/** What a seed gives to each of four leechers, which know nobody else: bytes a second over ten seconds, and in all. */
async function given(options: { limit?: number; choker?: Choker }) {
  const world = new World()
  const { metainfo, data } = makeTorrent({ lengthBytes: wholeBytes, pieceBytes: piece })
  const seeder = await world.node(seedHost, {
    storage: new TestStorage(0, data),
    limits: { upBytesPerSecond: options.limit },
    ...(options.choker === undefined ? {} : { choker: options.choker }),
  })
  await world.add(seeder, metainfo)
  const downloads = []
  for (const host of hosts) {
    const leecher = await world.node(host, { storage: new TestStorage(data.length) })
    downloads.push(await world.add(leecher, metainfo, { peers: [world.endpoint(seedHost)] }))
  }
  await world.clock.advance(5_000)
  const before = downloads.map(({ view }) => view.stats.receivedBytes)
  await world.clock.advance(10_000)
  expect(world.faults).toEqual([])
  const bytes = downloads.map(({ view }) => view.stats.receivedBytes)
  return { bytes, rates: bytes.map((after, at) => (after - (before[at] ?? 0)) / 10) }
}

describe('what peers get of the upload', () => {
  it('is a fair share of the limit', async () => {
    const { rates } = await given({ limit: 409_600 })
    for (const rate of rates) {
      expect(rate).toBeGreaterThan(102_400 * 0.85)
      expect(rate).toBeLessThan(102_400 * 1.15)
    }
  })

  it('is the rate that the choker says, without a limit of the session', async () => {
    const { rates, bytes } = await given({
      choker: atRates({ [hosts[0] ?? '']: 40_000, [hosts[1] ?? '']: 80_000, [hosts[2] ?? '']: 160_000 }),
    })
    for (const [at, rate] of [40_000, 80_000, 160_000].entries()) {
      expect(rates[at]).toBeGreaterThan(rate * 0.9)
      expect(rates[at]).toBeLessThan(rate * 1.1)
    }
    expect(bytes[3]).toBe(wholeBytes)
  })

  it('is the rate that the choker says within the limit, and the others share the rest', async () => {
    const { rates } = await given({
      limit: 400_000,
      choker: atRates({ [hosts[0] ?? '']: 40_000, [hosts[1] ?? '']: 120_000 }),
    })
    for (const [at, rate] of [40_000, 120_000, 120_000, 120_000].entries()) {
      expect(rates[at]).toBeGreaterThan(rate * 0.85)
      expect(rates[at]).toBeLessThan(rate * 1.15)
    }
  })
})
