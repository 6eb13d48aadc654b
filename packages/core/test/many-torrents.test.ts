import { afterEach, expect, it, vi } from 'vitest'
import { TorrentDriver } from '../src/driver/torrent-driver.js'
import { KnownAddresses } from '../src/torrent/known-addresses.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

afterEach(() => vi.restoreAllMocks())

/** How often the engine looked at any of its torrents: whom to dial, what is due when, and what is due now. */
function watchLooks(): () => number {
  const spies = [
    vi.spyOn(KnownAddresses.prototype, 'next'),
    vi.spyOn(TorrentDriver.prototype, 'nextDeadlineMs'),
    vi.spyOn(TorrentDriver.prototype, 'tick'),
  ]
  return () => {
    const looks = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0)
    for (const spy of spies) spy.mockClear()
    return looks
  }
}

/** An engine with so many torrents that nobody else has. */
async function crowd(count: number) {
  const world = new World()
  const engine = await world.node('10.0.0.1', { storage: new TestStorage(32_768) })
  const torrents = Array.from({ length: count }, (_, index) =>
    makeTorrent({ lengthBytes: 32_768, pieceBytes: 32_768, seed: `torrent ${index}` }),
  )
  const looks = watchLooks()
  for (const { metainfo } of torrents) await world.add(engine, metainfo)
  await world.clock.advance(60_000)
  return { world, engine, torrents, looks, startLooks: looks() }
}

it('a start looks at each torrent a few times, however many there are', async () => {
  const few = await crowd(20)
  vi.restoreAllMocks()
  const many = await crowd(80)
  expect(few.startLooks).toBeGreaterThan(20)
  expect(many.startLooks / 80).toBeLessThanOrEqual((few.startLooks / 20) * 1.1)
})

it('torrents with nothing due are not looked at, nor while one is at work', async () => {
  const { world, engine, torrents, looks } = await crowd(50)
  const [first] = torrents
  if (first === undefined) throw new Error('there is no torrent')
  await world.clock.advance(120_000)
  expect(looks()).toBe(0)
  const seed = await world.node('10.0.0.2', { storage: new TestStorage(0, first.data) })
  const other = await world.add(seed, first.metainfo)
  looks()
  other.control.addPeers([world.endpoint('10.0.0.1')], 'user')
  await world.clock.advance(5_000)
  expect(engine.torrents()[0]?.state).toBe('seeding')
  // Two ends of one download, of a second or so.
  expect(looks()).toBeLessThan(100)
  expect(world.faults).toEqual([])
})

it('dials go round among the torrents, from one run to the next', async () => {
  const world = new World()
  const engine = await world.node('10.0.0.1', { storage: new TestStorage(32_768), limits: { dialsPerSecond: 2 } })
  const dialled: string[] = []
  const original = KnownAddresses.prototype.dialling
  vi.spyOn(KnownAddresses.prototype, 'dialling').mockImplementation(function (this: KnownAddresses, endpoint) {
    if (endpoint.kind === 'ip') dialled.push(endpoint.host.slice(0, 4))
    return original.call(this, endpoint)
  })
  for (const net of [1, 2, 3]) {
    const { metainfo } = makeTorrent({ lengthBytes: 32_768, pieceBytes: 32_768, seed: `torrent ${net}` })
    const { control } = await world.add(engine, metainfo)
    const hosts = Array.from({ length: 8 }, (_, index) => `10.${net}.0.${index + 1}`)
    control.addPeers(
      hosts.map((host) => world.endpoint(host)),
      'user',
    )
  }
  await world.clock.advance(4_000)
  const each = [1, 2, 3].map((net) => dialled.filter((host) => host === `10.${net}`).length)
  expect(Math.min(...each)).toBeGreaterThan(0)
  expect(Math.max(...each) - Math.min(...each)).toBeLessThanOrEqual(1)
})
