import { describe, expect, it } from 'vitest'
import { makeTorrent, TestStorage, World } from './support/world.js'

const piece = 262_144
const { metainfo, data } = makeTorrent({ lengthBytes: 24 * piece, pieceBytes: piece })
const hosts = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5']

/** What a download under a limit took of each of five seeders, the slow ones at 4 KiB a second, after so long. */
async function shares(limits: { session?: number; torrent?: number }, forMs: number, slow: readonly string[] = []) {
  const world = new World()
  for (const host of hosts) {
    const upBytesPerSecond = slow.includes(host) ? 4_096 : undefined
    const seeder = await world.node(host, { storage: new TestStorage(0, data), limits: { upBytesPerSecond } })
    await (
      await world.add(seeder, metainfo)
    ).ready
  }
  const engine = await world.node('10.0.0.9', {
    storage: new TestStorage(data.length),
    limits: { downBytesPerSecond: limits.session },
  })
  const torrent = await world.add(engine, metainfo, {
    peers: hosts.map((host) => world.endpoint(host)),
    limits: limits.torrent === undefined ? {} : { downBytesPerSecond: limits.torrent },
  })
  await world.clock.advance(forMs)
  const taken = new Map<string, number>()
  for (const { endpoint, downloadedBytes } of torrent.view.peers)
    taken.set(endpoint.kind === 'ip' ? endpoint.host : '', downloadedBytes)
  expect(world.faults).toEqual([])
  return { taken: hosts.map((host) => taken.get(host) ?? 0), total: torrent.view.stats.receivedBytes }
}

describe('under a download limit', () => {
  it.each([
    ['of the session', { session: 200_000 }, 15],
    ['of the torrent', { torrent: 200_000 }, 15],
    ['of a block a second', { session: 16_384 }, 40],
  ])('%s each peer gets its turn', async (_name, limits, seconds) => {
    const { taken, total } = await shares(limits, seconds * 1_000)
    const [rate = 0] = Object.values(limits)
    expect(total / seconds).toBeGreaterThan(rate * 0.9)
    expect(total / seconds).toBeLessThan(rate * 1.1)
    expect(Math.max(...taken) / Math.min(...taken)).toBeLessThan(1.5)
  })

  it('slow peers leave what they cannot use to the others', async () => {
    const { taken, total } = await shares({ session: 200_000 }, 15_000, hosts.slice(0, 3))
    expect(total / 15).toBeGreaterThan(180_000)
    const [, , , fourth = 0, fifth = 0] = taken
    expect(Math.max(fourth, fifth) / Math.min(fourth, fifth)).toBeLessThan(1.5)
  })
})
