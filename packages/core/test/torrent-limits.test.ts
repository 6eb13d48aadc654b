import { describe, expect, it } from 'vitest'
import type { AddOptions, TorrentHandle } from '../src/driver/api.js'
import { TokenBucket } from '../src/peer/token-bucket.js'
import type { Storage } from '../src/ports/storage.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const piece = 65_536
const kib = 1_024
const seconds = 1_000

/** A place for each torrent, by its name. */
function places(): Storage & { readonly of: Map<string, TestStorage> } {
  const of = new Map<string, TestStorage>()
  return {
    name: 'places',
    of,
    open: (content) => {
      const place = of.get((content as { name?: string }).name ?? '') ?? new TestStorage(content.layout.lengthBytes)
      return place.open(content)
    },
  }
}

/** A seed at 10.0.0.1 and a downloader at 10.0.0.2; every torrent of the one is on its way to the other. */
async function scene() {
  const world = new World()
  const [full, empty] = [places(), places()]
  const seeder = await world.node('10.0.0.1', { storage: full })
  const leecher = await world.node('10.0.0.2', { storage: empty })
  const share = async (
    name: string,
    options: { seed?: AddOptions['limits']; download?: AddOptions['limits']; pieces?: number } = {},
  ): Promise<{ seed: TorrentHandle; download: TorrentHandle }> => {
    const { metainfo, data } = makeTorrent({
      lengthBytes: (options.pieces ?? 64) * piece,
      pieceBytes: piece,
      seed: name,
    })
    full.of.set(name, new TestStorage(0, data))
    const limits = (of: AddOptions['limits']) => (of === undefined ? {} : { limits: of })
    const seed = await world.add(seeder, metainfo, { check: 'skip', ...limits(options.seed) })
    await seed.ready
    const peers = [world.endpoint('10.0.0.1')]
    const download = await world.add(leecher, metainfo, { peers, ...limits(options.download) })
    await world.clock.runUntil(() => download.view.stats.receivedBytes > 0, 10 * seconds)
    return { seed, download }
  }
  /** Bytes a second that came in the next so many seconds. */
  const rateOf = async (download: TorrentHandle, forSeconds: number): Promise<number> => {
    const before = download.view.stats.receivedBytes
    await world.clock.advance(forSeconds * seconds)
    return (download.view.stats.receivedBytes - before) / forSeconds
  }
  return { world, seeder, leecher, share, rateOf }
}

function expectRate(measured: number, wanted: number): void {
  expect(measured).toBeGreaterThan(wanted * 0.9)
  expect(measured).toBeLessThan(wanted * 1.1)
}

describe('a torrent', () => {
  it.each(['down', 'up'] as const)('keeps to a %s limit of its own within 10 %%', async (way) => {
    const { share, rateOf } = await scene()
    const { download } = await share(
      'one',
      way === 'down' ? { download: { downBytesPerSecond: 100 * kib } } : { seed: { upBytesPerSecond: 100 * kib } },
    )
    expectRate(await rateOf(download, 20), 100 * kib)
  })

  it('has a limit beside the session, and the lower one holds', async () => {
    const { leecher, share, rateOf } = await scene()
    const { download } = await share('one', { download: { downBytesPerSecond: 100 * kib } })
    const limits = (down: number): Parameters<typeof leecher.setLimits>[0] => ({
      downBytesPerSecond: down,
      upBytesPerSecond: undefined,
      maxPeers: 200,
      maxPeersPerTorrent: 50,
      halfOpen: 50,
      dialsPerSecond: 30,
      knownAddressesPerTorrent: 2_000,
      uploadSlots: 20,
      unwrittenBytes: 67_108_864,
    })
    leecher.setLimits(limits(50 * kib))
    await rateOf(download, 5)
    expectRate(await rateOf(download, 20), 50 * kib)
    leecher.setLimits(limits(400 * kib))
    await rateOf(download, 5)
    expectRate(await rateOf(download, 20), 100 * kib)
  })

  it('does not slow another one down', async () => {
    const { share, rateOf, world } = await scene()
    const slow = await share('slow', { download: { downBytesPerSecond: 50 * kib } })
    const fast = await share('fast', { download: { downBytesPerSecond: 150 * kib } })
    const before = slow.download.view.stats.receivedBytes
    const startMs = world.clock.nowMs()
    expectRate(await rateOf(fast.download, 20), 150 * kib)
    expectRate(
      ((slow.download.view.stats.receivedBytes - before) * seconds) / (world.clock.nowMs() - startMs),
      50 * kib,
    )
  })

  it('takes other limits while it runs: what is on its way is paid for, then the new rate holds', async () => {
    const { share, rateOf } = await scene()
    const { seed, download } = await share('one', { pieces: 300, seed: { upBytesPerSecond: 512 * kib } })
    await rateOf(download, 5)
    const connected = [...download.view.peers]
    download.control.limit({ downBytesPerSecond: 256 * kib })
    expect(download.control.limits).toEqual({ downBytesPerSecond: 256 * kib })
    expectRate(await rateOf(download, 20), 256 * kib)
    download.control.limit({ downBytesPerSecond: 64 * kib })
    await rateOf(download, 10)
    expectRate(await rateOf(download, 20), 64 * kib)
    download.control.limit({ downBytesPerSecond: undefined })
    expect(download.control.limits).toEqual({})
    await rateOf(download, 5)
    seed.control.limit({ upBytesPerSecond: 128 * kib })
    await rateOf(download, 2)
    expectRate(await rateOf(download, 20), 128 * kib)
    expect([...download.view.peers]).toEqual(connected)
  })

  it('with fewer places than peers disconnects nobody, and takes nobody in until there is room', async () => {
    const { world, share } = await scene()
    const { seed, download } = await share('one', { seed: { upBytesPerSecond: 64 * kib, maxPeers: 2 } })
    const late = await world.node('10.0.0.3', { storage: new TestStorage(64 * piece) })
    const { metainfo } = makeTorrent({ lengthBytes: 64 * piece, pieceBytes: piece, seed: 'one' })
    const third = await world.add(late, metainfo, { peers: [world.endpoint('10.0.0.1')] })
    await world.clock.runUntil(() => seed.view.stats.peers === 2, 20 * seconds)
    seed.control.limit({ maxPeers: 1 })
    await world.clock.advance(5 * seconds)
    expect(seed.view.stats.peers).toBe(2)
    await third.remove()
    await world.clock.advance(seconds)
    await world.add(late, metainfo, { peers: [world.endpoint('10.0.0.1')] })
    await world.clock.advance(20 * seconds)
    expect(seed.view.stats.peers).toBe(1)
    expect(download.view.stats.peers).toBe(1)
    seed.control.limit({ maxPeers: undefined })
    expect(await world.clock.runUntil(() => seed.view.stats.peers === 2, 120 * seconds)).toBe(true)
  })

  it('unchokes no more peers than it has slots of its own', async () => {
    const { world, share } = await scene()
    const { seed } = await share('one', { seed: { upBytesPerSecond: 64 * kib, uploadSlots: 1 } })
    const { metainfo } = makeTorrent({ lengthBytes: 64 * piece, pieceBytes: piece, seed: 'one' })
    for (const host of ['10.0.0.3', '10.0.0.4']) {
      const node = await world.node(host, { storage: new TestStorage(64 * piece) })
      await world.add(node, metainfo, { peers: [world.endpoint('10.0.0.1')] })
    }
    const unchoked = (): number => [...seed.view.peers].filter(({ amChoking }) => !amChoking).length
    await world.clock.runUntil(() => seed.view.stats.peers === 3, 20 * seconds)
    await world.clock.advance(15 * seconds)
    expect(unchoked()).toBe(1)
    seed.control.limit({ uploadSlots: 3 })
    expect(await world.clock.runUntil(() => unchoked() === 3, 2 * seconds)).toBe(true)
    seed.control.limit({ uploadSlots: 2 })
    expect(await world.clock.runUntil(() => unchoked() === 2, 2 * seconds)).toBe(true)
  })

  it.each([
    [{ downBytesPerSecond: 0 }, 'the limit downBytesPerSecond must be a number above 0, not 0'],
    [{ maxPeers: 1.5 }, 'the limit maxPeers must be a whole number above 0, not 1.5'],
    [{ uploadSlots: -1 }, 'the limit uploadSlots must be a whole number above 0, not -1'],
    [{ speed: 1 }, 'a torrent has no limit speed'],
  ] as const)('refuses the limit %j', async (limits, message) => {
    const { share, world, leecher } = await scene()
    const { download } = await share('one', { seed: { upBytesPerSecond: 64 * kib } })
    const refusal = expect.objectContaining({ code: 'INVALID_ARGUMENT', message }) as Error
    expect(() => download.control.limit(limits as object)).toThrow(refusal)
    expect(download.control.limits).toEqual({})
    const { metainfo } = makeTorrent({ lengthBytes: piece, pieceBytes: piece, seed: 'two' })
    await expect(world.add(leecher, metainfo, { limits: limits as object })).rejects.toThrow(message)
    expect(leecher.torrents()).toHaveLength(1)
  })
})

describe('a bucket that gets its first rate', () => {
  it('begins in debt for what is on its way, and gets back exactly what does not come', () => {
    const bucket = new TokenBucket(undefined, 0)
    bucket.setRate(100_000, 0, 300_000)
    expect(bucket.available(0)).toBe(-275_000)
    bucket.refund(100_000)
    expect(bucket.available(0)).toBe(-175_000)
    expect(bucket.available(2_000)).toBe(25_000)
  })

  it('owes ten seconds at the most', () => {
    const bucket = new TokenBucket(undefined, 0)
    bucket.setRate(100_000, 0, 1e9)
    expect(bucket.available(0)).toBe(-975_000)
  })

  it('that has one already is charged already', () => {
    const bucket = new TokenBucket(100_000, 0)
    bucket.setRate(50_000, 0, 300_000)
    expect(bucket.available(0)).toBe(16_384)
  })
})
