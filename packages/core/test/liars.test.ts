import { describe, expect, it } from 'vitest'
import { type SeededRandom, seededRandom } from '../src/bytes/seeded-random.js'
import type { Storage } from '../src/ports/storage.js'
import { wrapStorage } from '../src/ports/wrap-storage.js'
import { RawPeer } from './support/raw-peer.js'
import { downloading } from './support/scenes.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const block = 16_384
const piece = 8 * block
const { metainfo, data } = makeTorrent({ lengthBytes: 64 * piece, pieceBytes: piece })
const hour = 3_600_000

/** The data, but of so many blocks that are read for peers (0 to 1) one byte is wrong. `lies` hears of their pieces. */
function lying(share: number, random: SeededRandom, lies: Set<number>): Storage {
  const inner: Storage = new TestStorage(0, data)
  return {
    name: 'lying',
    open: async (...args) => {
      const handle = await inner.open(...args)
      return wrapStorage(handle, {
        read: async (index, begin, into, purpose) => {
          await handle.read(index, begin, into, purpose)
          for (const bytes of into) {
            if (random.below(1_000) >= share * 1_000) continue
            bytes[7] = (bytes[7] ?? 0) ^ 1
            lies.add(index)
          }
        },
      })
    },
  }
}

interface Outcome {
  readonly isWhole: boolean
  readonly seconds: number
  readonly receivedBytes: number
  /** Hosts in the order they were banned. */
  readonly banned: readonly string[]
  /** By host: pieces that it had a part in, and made bad. */
  readonly badPieces: ReadonlyMap<string, number>
}

/** Five sources of 256 KiB a second, of which the last `liars` lie, and a download of 512 KiB a second at most. */
async function download(liars: number, share: number, seed: string, extentBytes = 1_048_576): Promise<Outcome> {
  const world = new World(seed)
  const lies = new Map<string, Set<number>>()
  const liesOf = (host: string): Set<number> => {
    const pieces = lies.get(host) ?? new Set()
    lies.set(host, pieces)
    return pieces
  }
  const hosts = [1, 2, 3, 4, 5].map((index) => `10.0.0.${index}`)
  for (const [index, host] of hosts.entries()) {
    const isLiar = index >= hosts.length - liars
    const storage = lying(isLiar ? share : 0, seededRandom(`${seed}/${host}`), liesOf(host))
    const seeder = await world.node(host, { storage, limits: { upBytesPerSecond: 262_144 } })
    await (
      await world.add(seeder, metainfo, { check: 'skip' })
    ).ready
  }
  const target = new TestStorage(data.length)
  target.extentBytes = extentBytes
  const badPieces = new Map<string, number>()
  const banned: string[] = []
  const engine = await world.node('10.0.0.9', {
    storage: target,
    limits: { downBytesPerSecond: 524_288 },
    hooks: {
      pieceRejected: (index, contributors) => {
        for (const { endpoint } of contributors) {
          if (endpoint.kind !== 'ip' || !liesOf(endpoint.host).has(index)) continue
          badPieces.set(endpoint.host, (badPieces.get(endpoint.host) ?? 0) + 1)
        }
      },
      peerDisconnected: ({ endpoint }, reason) => {
        if (endpoint.kind === 'ip' && reason === 'sent corrupt data') banned.push(endpoint.host)
      },
    },
  })
  const peers = hosts.map((host) => world.endpoint(host))
  const { view } = await world.add(engine, metainfo, { peers })
  const beganMs = world.clock.nowMs()
  const isDone = await world.clock.runUntil(() => view.state === 'seeding', hour)
  expect(world.faults).toEqual([])
  return {
    isWhole: isDone && Buffer.from(target.data).equals(Buffer.from(data)),
    seconds: (world.clock.nowMs() - beganMs) / 1_000,
    receivedBytes: view.stats.receivedBytes,
    banned,
    badPieces,
  }
}

describe('one honest source and four that lie', () => {
  it.each([
    ['in all blocks', 1, 1_048_576],
    ['in one block of 20', 0.05, 1_048_576],
    ['in one block of 20, with pieces that are written in parts', 0.05, 2 * block],
  ])(
    '%s: the data is right, at most 1.3 times its size comes, in at most 3 times the time',
    async (_name, share, extentBytes) => {
      const clean = await download(0, 0, '1', extentBytes)
      expect(clean).toMatchObject({ isWhole: true, banned: [] })
      for (const seed of ['1', '2']) {
        const { isWhole, seconds, receivedBytes, banned, badPieces } = await download(4, share, seed, extentBytes)
        expect(isWhole).toBe(true)
        expect(banned.toSorted()).toEqual(['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'])
        expect(receivedBytes).toBeLessThanOrEqual(1.3 * data.length)
        expect(seconds).toBeLessThan(3 * clean.seconds)
        expect(Math.max(...badPieces.values())).toBeLessThanOrEqual(3)
      }
    },
  )
})

describe('a peer under suspicion', () => {
  it('that is slow on purpose is helped by others', async () => {
    const { world, peer, torrent, metainfo: one, payload } = await downloading({ pieces: 1, pieceBytes: 32 * block })
    const bring = (by: RawPeer, begin: number): void => by.sendBlock(0, begin, payload(0, begin, block))
    const other = await RawPeer.dial(world, '10.0.0.1', one, { id: 'other', from: '10.0.0.9' })
    peer.say((wire) => (wire.haveAll(), wire.choke(false)))
    await world.clock.advance(500)
    peer.sendBlock(0, 0, new Uint8Array(block))
    const asked: number[] = []
    peer.onRequest = (_index, begin) => void asked.push(begin)
    // It chokes before its last block, so that the other is the first to be asked again.
    let left = 31
    other.onRequest = (_index, begin) => {
      if (--left === 0) other.say((wire) => wire.choke(true))
      if (left >= 0) bring(other, begin)
    }
    other.say((wire) => (wire.haveAll(), wire.choke(false)))
    expect(await world.clock.runUntil(() => torrent.view.stats.wastedBytes > 0, 60_000)).toBe(true)
    await world.clock.advance(1_000)
    other.onRequest = (_index, begin) => bring(other, begin)
    other.say((wire) => wire.choke(false))
    const drip = (): void => {
      const begin = asked.shift()
      if (begin !== undefined) bring(peer, begin)
      world.clock.after(20_000, drip)
    }
    drip()
    await world.clock.advance(30_000)
    expect(torrent.view.state).toBe('downloading')
    expect(await world.clock.runUntil(() => torrent.view.state === 'seeding', 90_000)).toBe(true)
  })
})
