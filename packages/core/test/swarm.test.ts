import { describe, expect, it } from 'vitest'
import { StorageError } from '../src/bytes/errors.js'
import type { TorrentHandle } from '../src/driver/api.js'
import type { Refusal } from '../src/hooks/hooks.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const piece = 65_536
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.from(a).equals(Buffer.from(b))

describe('a swarm', () => {
  it('of one seed and four leechers completes, and leechers give to each other', async () => {
    const world = new World()
    const { metainfo, data } = makeTorrent({ lengthBytes: 40 * piece + 17, pieceBytes: piece })
    const seeder = await world.node('10.0.0.1', {
      storage: new TestStorage(0, data),
      limits: { upBytesPerSecond: 524_288 },
    })
    await world.add(seeder, metainfo)
    const hosts = ['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5']
    const everyone = ['10.0.0.1', ...hosts].map((host) => world.endpoint(host))
    const downloads: { storage: TestStorage; torrent: TorrentHandle }[] = []
    for (const host of hosts) {
      const storage = new TestStorage(data.length)
      const engine = await world.node(host, { storage })
      downloads.push({ storage, torrent: await world.add(engine, metainfo, { peers: everyone }) })
    }
    const whole = (): boolean => downloads.every(({ torrent }) => torrent.view.state === 'seeding')
    expect(await world.clock.runUntil(whole, 120_000)).toBe(true)
    for (const { storage } of downloads) expect(same(storage.data, data)).toBe(true)
    const given = downloads.reduce((sum, { torrent }) => sum + torrent.view.stats.uploadedBytes, 0)
    expect(given).toBeGreaterThan(0)
    expect(world.faults).toEqual([])
  })

  it('goes on from data that is there, and seeds with no picker at work', async () => {
    const world = new World()
    const { metainfo, data } = makeTorrent({ lengthBytes: 10 * piece, pieceBytes: piece })
    const half = data.slice()
    half.fill(0, 5 * piece)
    const seeder = await world.node('10.0.0.1', { storage: new TestStorage(0, data) })
    await world.add(seeder, metainfo)
    const leecher = await world.node('10.0.0.2', { storage: new TestStorage(0, half) })
    const download = await world.add(leecher, metainfo, { peers: [world.endpoint('10.0.0.1')] })
    await download.ready
    expect(download.view.content?.have.count).toBe(5)
    await world.clock.runUntil(() => download.view.state === 'seeding', 60_000)
    expect(download.view.stats.receivedBytes).toBe(5 * piece)
    await download.completed
  })

  it('bans the only sender of a corrupt piece and finishes with honest peers', async () => {
    const world = new World()
    const { metainfo, data } = makeTorrent({ lengthBytes: 8 * piece, pieceBytes: piece })
    const corrupt = data.slice()
    corrupt[3 * piece + 5] = (corrupt[3 * piece + 5] ?? 0) ^ 0xff
    const liar = await world.node('10.0.0.66', { storage: new TestStorage(0, corrupt) })
    await world.add(liar, metainfo, { check: 'skip' })
    const seeder = await world.node('10.0.0.1', { storage: new TestStorage(0, data) })
    const honest = await world.add(seeder, metainfo)
    const rejected: number[] = []
    const gone: string[] = []
    const target = new TestStorage(data.length)
    const leecher = await world.node('10.0.0.2', {
      storage: target,
      hooks: {
        pieceRejected: (index) => void rejected.push(index),
        peerDisconnected: (peer, reason) =>
          void gone.push(`${peer.endpoint.kind === 'ip' ? peer.endpoint.host : ''} ${reason}`),
      },
    })
    const download = await world.add(leecher, metainfo, { peers: [world.endpoint('10.0.0.66')] })
    await world.clock.runUntil(() => rejected.length > 0, 60_000)
    expect(rejected).toEqual([3])
    download.control.addPeers([world.endpoint('10.0.0.1')], 'user')
    expect(await world.clock.runUntil(() => download.view.state === 'seeding', 60_000)).toBe(true)
    expect(same(target.data, data)).toBe(true)
    expect(gone[0]).toBe('10.0.0.66 sent corrupt data')
    expect(honest.view.stats.uploadedBytes).toBeGreaterThan(0)
  })

  it('waits while the disk is full and goes on by itself', async () => {
    const world = new World()
    const { metainfo, data } = makeTorrent({ lengthBytes: 30 * piece, pieceBytes: piece })
    const seeder = await world.node('10.0.0.1', { storage: new TestStorage(0, data) })
    await world.add(seeder, metainfo)
    const target = new TestStorage(data.length)
    target.failWrites = new StorageError('NO_SPACE', 'the disk is full', { path: '/x', retry: true })
    const failures: string[] = []
    const leecher = await world.node('10.0.0.2', {
      storage: target,
      hooks: { torrentFailed: (error) => void failures.push(error.message) },
    })
    const download = await world.add(leecher, metainfo, { peers: [world.endpoint('10.0.0.1')] })
    expect(await world.clock.runUntil(() => download.view.state === 'blocked', 10_000)).toBe(true)
    await world.clock.advance(20_000)
    expect(failures).toEqual(['the disk is full'])
    expect(download.view.state).toBe('blocked')
    target.failWrites = undefined
    expect(await world.clock.runUntil(() => download.view.state === 'seeding', 120_000)).toBe(true)
    expect(same(target.data, data)).toBe(true)
  })

  it('keeps to a download limit within 10 % over ten seconds', async () => {
    const world = new World()
    const { metainfo, data } = makeTorrent({ lengthBytes: 64 * piece, pieceBytes: piece })
    const seeder = await world.node('10.0.0.1', { storage: new TestStorage(0, data) })
    await world.add(seeder, metainfo)
    const leecher = await world.node('10.0.0.2', {
      storage: new TestStorage(data.length),
      limits: { downBytesPerSecond: 102_400 },
    })
    const download = await world.add(leecher, metainfo, { peers: [world.endpoint('10.0.0.1')] })
    await world.clock.runUntil(() => download.view.stats.receivedBytes > 0, 10_000)
    const before = download.view.stats.receivedBytes
    await world.clock.advance(10_000)
    const rate = (download.view.stats.receivedBytes - before) / 10
    expect(rate).toBeGreaterThan(102_400 * 0.9)
    expect(rate).toBeLessThan(102_400 * 1.1)
  })

  it('keeps to an upload limit', async () => {
    const world = new World()
    const { metainfo, data } = makeTorrent({ lengthBytes: 64 * piece, pieceBytes: piece })
    const seeder = await world.node('10.0.0.1', {
      storage: new TestStorage(0, data),
      limits: { upBytesPerSecond: 102_400 },
    })
    await world.add(seeder, metainfo)
    const leecher = await world.node('10.0.0.2', { storage: new TestStorage(data.length) })
    const download = await world.add(leecher, metainfo, { peers: [world.endpoint('10.0.0.1')] })
    await world.clock.runUntil(() => download.view.stats.receivedBytes > 0, 10_000)
    const before = download.view.stats.receivedBytes
    await world.clock.advance(10_000)
    const rate = (download.view.stats.receivedBytes - before) / 10
    expect(rate).toBeGreaterThan(102_400 * 0.85)
    expect(rate).toBeLessThan(102_400 * 1.15)
  })

  it('pauses, drops its peers, and resumes', async () => {
    const world = new World()
    const { metainfo, data } = makeTorrent({ lengthBytes: 64 * piece, pieceBytes: piece })
    const seeder = await world.node('10.0.0.1', {
      storage: new TestStorage(0, data),
      limits: { upBytesPerSecond: 204_800 },
    })
    await world.add(seeder, metainfo)
    const leecher = await world.node('10.0.0.2', { storage: new TestStorage(data.length) })
    const download = await world.add(leecher, metainfo, { peers: [world.endpoint('10.0.0.1')] })
    await world.clock.runUntil(() => download.view.stats.receivedBytes > 5 * piece, 60_000)
    download.control.pause()
    expect(download.view.state).toBe('paused')
    expect(download.view.stats.peers).toBe(0)
    const paused = download.view.stats.receivedBytes
    await world.clock.advance(30_000)
    expect(download.view.stats.receivedBytes).toBe(paused)
    download.control.resume()
    expect(await world.clock.runUntil(() => download.view.state === 'seeding', 120_000)).toBe(true)
  })

  it('rechecks: what became wrong is fetched again', async () => {
    const world = new World()
    const { metainfo, data } = makeTorrent({ lengthBytes: 8 * piece, pieceBytes: piece })
    const seeder = await world.node('10.0.0.1', { storage: new TestStorage(0, data) })
    await world.add(seeder, metainfo)
    const target = new TestStorage(data.length)
    const leecher = await world.node('10.0.0.2', { storage: target })
    const download = await world.add(leecher, metainfo, { peers: [world.endpoint('10.0.0.1')] })
    await world.clock.runUntil(() => download.view.state === 'seeding', 60_000)
    target.data.fill(7, 2 * piece, 3 * piece)
    download.control.recheck()
    expect(download.view.state).toBe('checking')
    await world.clock.runUntil(() => download.view.state !== 'checking', 1_000)
    expect(download.view.content?.have.count).toBe(7)
    expect(await world.clock.runUntil(() => download.view.state === 'seeding', 120_000)).toBe(true)
    expect(same(target.data, data)).toBe(true)
  })

  it('finds peers through a tracker and tells it started, completed and stopped', async () => {
    const world = new World()
    const { metainfo, data } = makeTorrent({
      lengthBytes: 8 * piece,
      pieceBytes: piece,
      trackers: ['test://tracker/announce'],
    })
    const told: string[] = []
    const tracker = (name: string) => ({
      schemes: ['test'],
      announce: async (request: { event: string | undefined; left: number }) => {
        told.push(`${name} ${request.event ?? 'regular'} ${request.left}`)
        return { peers: [world.endpoint('10.0.0.1'), world.endpoint('10.0.0.2')] as const, intervalMs: 60_000 }
      },
    })
    const seeder = await world.node('10.0.0.1', { storage: new TestStorage(0, data), trackers: [tracker('seed')] })
    await world.add(seeder, metainfo)
    const leecher = await world.node('10.0.0.2', {
      storage: new TestStorage(data.length),
      trackers: [tracker('leech')],
    })
    const download = await world.add(leecher, metainfo)
    expect(await world.clock.runUntil(() => download.view.state === 'seeding', 60_000)).toBe(true)
    await world.clock.advance(1_000)
    await download.remove()
    expect(told.filter((line) => line.startsWith('leech'))).toEqual([
      `leech started ${data.length}`,
      'leech completed 0',
      'leech stopped 0',
    ])
    await Promise.all([seeder.close(), leecher.close()])
    expect(told.at(-1)).toBe('seed stopped 0')
    expect(world.faults).toEqual([])
  })

  it('downloads only what is selected, and more when more is', async () => {
    const world = new World()
    const { metainfo, data } = makeTorrent({ lengthBytes: 8 * piece, pieceBytes: piece })
    const seeder = await world.node('10.0.0.1', { storage: new TestStorage(0, data) })
    await world.add(seeder, metainfo)
    const target = new TestStorage(data.length)
    const leecher = await world.node('10.0.0.2', { storage: target })
    const download = await world.add(leecher, metainfo, { peers: [world.endpoint('10.0.0.1')], wantedFiles: [false] })
    await download.ready
    await world.clock.advance(30_000)
    expect(download.view.stats.receivedBytes).toBe(0)
    download.control.prioritize([2, 5], 7)
    await world.clock.runUntil(() => download.view.content?.have.count === 2, 60_000)
    expect(download.view.stats.receivedBytes).toBe(2 * piece)
    download.control.select([true])
    expect(await world.clock.runUntil(() => download.view.stats.leftBytes === 0, 60_000)).toBe(true)
    expect(same(target.data, data)).toBe(true)
  })

  it('refuses the same torrent twice, and a closed engine takes none', async () => {
    const world = new World()
    const { metainfo } = makeTorrent({ lengthBytes: piece, pieceBytes: piece })
    const engine = await world.node('10.0.0.1', { storage: new TestStorage(piece) })
    const first = await world.add(engine, metainfo)
    await expect(world.add(engine, metainfo)).rejects.toMatchObject({ code: 'DUPLICATE' })
    await first.remove()
    const again = await world.add(engine, metainfo)
    await again.ready
    await engine.close()
    await expect(world.add(engine, metainfo)).rejects.toMatchObject({ code: 'CLOSED' })
    expect(world.clock.pending).toBe(0)
    expect(world.network.ends.size).toBe(0)
  })

  it('lets a hook refuse peers at each stage', async () => {
    for (const stage of ['known', 'dial', 'handshake', 'extended'] as const) {
      const world = new World()
      const { metainfo, data } = makeTorrent({ lengthBytes: piece, pieceBytes: piece })
      const seeder = await world.node('10.0.0.1', {
        storage: new TestStorage(0, data),
        limits: { upBytesPerSecond: 1 },
      })
      await world.add(seeder, metainfo)
      const seen: string[] = []
      const refuse = (candidate: { stage: string }): Refusal | undefined => {
        seen.push(candidate.stage)
        return candidate.stage === stage ? { refuse: 'test' } : undefined
      }
      const leecher = await world.node('10.0.0.2', { storage: new TestStorage(piece), hooks: { acceptPeer: refuse } })
      const download = await world.add(leecher, metainfo, { peers: [world.endpoint('10.0.0.1')] })
      await world.clock.advance(3_000)
      expect(seen.at(-1)).toBe(stage)
      expect(download.view.stats.peers).toBe(0)
    }
  })
})
