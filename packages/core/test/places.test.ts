import { describe, expect, it } from 'vitest'
import { RawPeer } from './support/raw-peer.js'
import { makeTorrent, TestStorage, World } from './support/world.js'
import { block, piece } from './support/scenes.js'

const seconds = 1_000

/** A download with two places, and peers that dial it one after the other and have nothing. */
async function full(order: readonly number[]) {
  const world = new World()
  const { metainfo, data } = makeTorrent({ lengthBytes: 10 * piece, pieceBytes: piece })
  const limits = { maxPeersPerTorrent: 2 }
  const engine = await world.node('10.0.0.1', { storage: new TestStorage(data.length), limits })
  const torrent = await world.add(engine, metainfo)
  await torrent.ready
  const dial = (index: number): Promise<RawPeer> =>
    RawPeer.dial(world, '10.0.0.1', metainfo, { id: `peer ${index}`, from: `10.9.9.${index}` })
  const peers = new Map<number, RawPeer>()
  for (const index of order) peers.set(index, await dial(index))
  const staying = (): number[] => [...peers].filter(([, peer]) => !peer.isClosed).map(([index]) => index)
  return { world, torrent, data, peers, staying, dial }
}

const numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9]

it('places do not go to whoever came first: in any order the same peers stay', async () => {
  const forth = await full(numbers)
  const back = await full([...numbers].reverse())
  expect(forth.staying()).toHaveLength(2)
  expect(forth.staying().sort()).toEqual(back.staying().sort())
  expect(forth.torrent.view.stats.peers).toBe(2)
})

it('who gives us blocks keeps its place', async () => {
  const { torrent, peers, data, staying, world, dial } = await full([1, 2])
  for (const peer of peers.values()) {
    peer.onRequest = (index, begin, length) => {
      const at = index * piece + begin
      if (index < 9) peer.sendBlock(index, begin, data.slice(at, at + length))
    }
    peer.say((wire) => {
      wire.haveAll()
      wire.choke(false)
    })
  }
  await world.clock.advance(2 * seconds)
  expect(torrent.view.stats.receivedBytes).toBeGreaterThanOrEqual(18 * block)
  for (const index of numbers.slice(2)) {
    const newcomer = await dial(index)
    expect(newcomer.isClosed).toBe(true)
    // Nor does it make a peer of us first, for nothing.
    expect(newcomer.isAnswered).toBe(false)
  }
  expect(staying()).toEqual([1, 2])
})

it('where others were turned away, one leaves of whom nobody wanted anything for 30 s', async () => {
  const { world, staying, dial } = await full(numbers)
  const before = staying()
  const turnedAway = await dial(numbers.find((index) => !before.includes(index)) ?? 0)
  expect(turnedAway.isClosed).toBe(true)
  await world.clock.advance(20 * seconds)
  expect(staying()).toEqual(before)
  await world.clock.advance(20 * seconds)
  expect(staying()).toHaveLength(1)
})

it('a download takes a place for an address that is known from one that dialled it and exchanges nothing', async () => {
  const { torrent, world, data, staying } = await full([1, 2])
  const { metainfo } = makeTorrent({ lengthBytes: 10 * piece, pieceBytes: piece })
  const seed = await world.node('10.0.0.2', { storage: new TestStorage(0, data) })
  await world.add(seed, metainfo)
  torrent.control.addPeers([world.endpoint('10.0.0.2')], 'tracker')
  expect(await world.clock.runUntil(() => torrent.view.state === 'seeding', 20 * seconds)).toBe(true)
  expect(staying()).toHaveLength(1)
})

describe('a session without places', () => {
  /** Peers of an old torrent have them all, and want what it has not. */
  async function crowded(count: number) {
    const world = new World()
    const old = makeTorrent({ lengthBytes: 10 * piece, pieceBytes: piece, seed: 'old' })
    const { metainfo, data } = makeTorrent({ lengthBytes: 10 * piece, pieceBytes: piece, seed: 'new' })
    const storage = new TestStorage(data.length)
    const engine = await world.node('10.0.0.1', { storage, limits: { maxPeers: count } })
    await (
      await world.add(engine, old.metainfo)
    ).ready
    const peers: RawPeer[] = []
    for (let index = 0; index < count; index++) {
      peers.push(await RawPeer.dial(world, '10.0.0.1', old.metainfo, { id: `old ${index}`, from: `10.9.9.${index}` }))
    }
    const staying = (): number => peers.filter((peer) => !peer.isClosed).length
    const seed = await world.node('10.0.0.2', { storage: new TestStorage(0, data) })
    return { world, engine, seed, metainfo, staying, peers }
  }

  it('gives one of the torrent that has most to a download that dials', async () => {
    const { world, engine, seed, metainfo, staying } = await crowded(4)
    expect(staying()).toBe(4)
    await world.add(seed, metainfo, { check: 'skip' })
    const download = await world.add(engine, metainfo, { peers: [world.endpoint('10.0.0.2')] })
    expect(await world.clock.runUntil(() => download.view.state === 'seeding', 10 * seconds)).toBe(true)
    expect(staying()).toBe(3)
  })

  it('gives one to a download that is dialled', async () => {
    const { world, engine, seed, metainfo, staying } = await crowded(4)
    const download = await world.add(engine, metainfo)
    await download.ready
    await world.add(seed, metainfo, { check: 'skip', peers: [world.endpoint('10.0.0.1')] })
    const peer = await RawPeer.dial(world, '10.0.0.1', metainfo, { id: 'new', from: '10.9.8.1' })
    expect(peer.isClosed).toBe(false)
    expect(staying()).toBe(3)
  })

  it('gives none where the torrents have about as many each, nor to a seed', async () => {
    const { world, engine, metainfo, staying } = await crowded(3)
    const whole = await world.add(engine, metainfo, { check: 'skip' })
    await whole.ready
    const refused = await RawPeer.dial(world, '10.0.0.1', metainfo, { id: 'new', from: '10.9.8.1' })
    expect(refused.isClosed).toBe(true)
    const third = makeTorrent({ lengthBytes: 10 * piece, pieceBytes: piece, seed: 'third' })
    await (
      await world.add(engine, third.metainfo)
    ).ready
    const dial = (id: string) => RawPeer.dial(world, '10.0.0.1', third.metainfo, { id, from: '10.9.8.2' })
    expect((await dial('first')).isClosed).toBe(false)
    expect(staying()).toBe(2)
    expect((await dial('second')).isClosed).toBe(true)
    expect(staying()).toBe(2)
  })
})
