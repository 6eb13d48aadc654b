import { describe, expect, it } from 'vitest'
import type { IpEndpoint } from '../src/ports/endpoint.js'
import { encodeExtendedHandshake } from '../src/wire/extended.js'
import { RawPeer } from './support/raw-peer.js'
import { seeding } from './support/scenes.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const piece = 65_536

const hosts = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `10.1.${index >> 8}.${index & 255}`)
const at = (host: string): IpEndpoint => ({ kind: 'ip', host, port: 6881 })

/** An engine that knows `count` addresses, and the times of its dials. */
async function dialling(count: number, takes: 'refuse' | 'hang') {
  const world = new World()
  const { metainfo, data } = makeTorrent({ lengthBytes: 4 * piece, pieceBytes: piece })
  const open = new Set<string>()
  if (takes === 'hang') {
    for (const host of hosts(count)) {
      await world.network.transport(host).listen?.(at(host), (connection) => {
        open.add(host)
        connection.onClose(() => open.delete(host))
      })
    }
  }
  const dials: number[] = []
  const engine = await world.node('10.0.0.1', {
    storage: new TestStorage(data.length),
    hooks: {
      acceptPeer: (candidate) => {
        if (candidate.stage === 'dial') dials.push(world.clock.nowMs())
        return undefined
      },
    },
  })
  await world.add(engine, metainfo, { peers: hosts(count).map(at) })
  return { world, engine, dials, open }
}

describe('dials', () => {
  it('are 30 a second at the most', async () => {
    const { world, engine, dials } = await dialling(400, 'refuse')
    await world.clock.advance(5_000)
    // The first second may spend what a second's worth has saved up.
    expect(dials.length).toBeGreaterThan(5 * 30)
    for (const from of dials) {
      const within = dials.filter((ms) => ms >= from && ms < from + 1_000).length
      expect(within).toBeLessThanOrEqual(60)
    }
    expect(dials.filter((ms) => ms >= 3_000 && ms < 5_000).length).toBeLessThanOrEqual(61)
    await engine.close()
  })

  it('wait while 50 connections have not shaken hands', async () => {
    const { world, engine, dials, open } = await dialling(120, 'hang')
    await world.clock.advance(9_000)
    expect(dials.length).toBe(50)
    expect(open.size).toBe(50)
    // Each gives its place up after 10 s.
    await world.clock.advance(4_000)
    expect(dials.length).toBeGreaterThan(80)
    expect(open.size).toBeLessThanOrEqual(50)
    await engine.close()
  })
})

describe('connected peers', () => {
  it('are limited over all torrents', async () => {
    const world = new World()
    const engine = await world.node('10.0.0.1', { storage: new TestStorage(4 * piece), limits: { maxPeers: 5 } })
    const torrents = ['a', 'b'].map((seed) => makeTorrent({ lengthBytes: 4 * piece, pieceBytes: piece, seed }).metainfo)
    for (const metainfo of torrents) await (await world.add(engine, metainfo)).ready
    for (const host of hosts(8)) {
      const metainfo = torrents[Number(host.split('.')[3]) % 2]
      if (metainfo !== undefined) await RawPeer.dial(world, '10.0.0.1', metainfo, { id: host, from: host })
    }
    const peers = engine.torrents().map((view) => view.stats.peers)
    expect(peers.toSorted()).toEqual([2, 3])
    await engine.close()
  })
})

it('the only source of a piece that sent it wrong comes back after five minutes', async () => {
  const world = new World()
  const { metainfo, data } = makeTorrent({ lengthBytes: 8 * piece, pieceBytes: piece })
  const spoilt = new TestStorage(0, data.slice())
  spoilt.data[3 * piece + 5] = (spoilt.data[3 * piece + 5] ?? 0) ^ 0xff
  const seeder = await world.node('10.0.0.1', {
    storage: spoilt,
    hooks: { acceptPeer: ({ stage }) => (stage === 'dial' ? { refuse: 'only answers' } : undefined) },
  })
  await world.add(seeder, metainfo, { check: 'skip' })
  const target = new TestStorage(data.length)
  const rejected: number[] = []
  const leecher = await world.node('10.0.0.2', {
    storage: target,
    hooks: { pieceRejected: (index) => void rejected.push(index) },
  })
  const download = await world.add(leecher, metainfo)
  download.control.addPeers([world.endpoint('10.0.0.1')], 'tracker')
  expect(await world.clock.runUntil(() => rejected.length > 0, 60_000)).toBe(true)
  spoilt.data = data
  await world.clock.advance(240_000)
  expect(download.view.stats.peers).toBe(0)
  expect(await world.clock.runUntil(() => download.view.state === 'seeding', 240_000)).toBe(true)
  expect(Buffer.compare(target.data, data)).toBe(0)
  await Promise.all([leecher.close(), seeder.close()])
})

it('a dial that is refused at the handshake makes room for the next at once', async () => {
  const world = new World()
  const { metainfo, data } = makeTorrent({ lengthBytes: 4 * piece, pieceBytes: piece })
  for (const host of ['10.0.0.8', '10.0.0.9']) {
    const seeder = await world.node(host, { storage: new TestStorage(0, data) })
    await world.add(seeder, metainfo)
  }
  const leecher = await world.node('10.0.0.2', {
    storage: new TestStorage(data.length),
    hooks: {
      acceptPeer: ({ stage, endpoint }) =>
        stage === 'handshake' && endpoint.kind === 'ip' && endpoint.host === '10.0.0.8' ? { refuse: 'no' } : undefined,
    },
  })
  const peers = ['10.0.0.8', '10.0.0.9'].map(at)
  const download = await world.add(leecher, metainfo, { peers, limits: { maxPeers: 1 } })
  expect(await world.clock.runUntil(() => download.view.state === 'seeding', 5_000)).toBe(true)
})

it('a peer that says again and again where it listens is known at the first place only', async () => {
  const it = await seeding()
  const before = it.torrent.view.stats.knownAddresses
  const peer = await RawPeer.dial(it.world, '10.0.0.1', it.metainfo, { id: 'many', from: '10.9.9.8', extensions: true })
  for (let port = 2_000; port < 4_100; port++) {
    const hello = { messages: new Map(), client: 'x', requestQueue: 10, uploadOnly: false, port, extra: new Map() }
    peer.say((wire) => wire.extended(0, encodeExtendedHandshake(hello)))
  }
  await it.world.clock.advance(1_000)
  expect(peer.isClosed).toBe(false)
  expect(it.torrent.view.stats.knownAddresses).toBe(before + 1)
  it.torrent.control.addPeers([at('10.0.0.77')], 'user')
  expect(it.torrent.view.stats.knownAddresses).toBe(before + 2)
})
