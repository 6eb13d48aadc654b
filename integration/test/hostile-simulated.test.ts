import { type Connection, type Plugin, pluginContract } from '@bitloom/core'
import { extMetadata } from '@bitloom/ext-metadata'
import { extPex } from '@bitloom/ext-pex'
import { Simulation } from '@bitloom/simulator'
import { describe, expect, it } from 'vitest'
import { greeted, type HostilePeer, offering } from '../src/hostile-kit.js'
import { hostilePeers } from '../src/hostile-peers.js'
import { type Pipe, Seat } from '../src/hostile-seat.js'

const kib = 1_024
const signal = new AbortController().signal

function pipeOf(connection: Connection): Pipe {
  return {
    write: (bytes) => void connection.write(bytes, () => {}),
    onBytes: (sink) => connection.onBytes((bytes, length) => sink(bytes.subarray(0, length))),
    onClose: (sink) => connection.onClose(() => sink()),
    pause: () => connection.pause(),
    close: () => connection.close(),
  }
}

const dialsNobody: Plugin = {
  name: 'dials-nobody',
  contract: pluginContract,
  apply: ({ hooks }) => {
    hooks.acceptPeer.tap(({ stage }) => (stage === 'dial' ? { refuse: 'it waits' } : undefined))
  },
}

interface Attack extends Pick<HostilePeer, 'does' | 'count'> {
  /** Of the honest seed: the others are there before it. */
  readonly latencyMs?: number
  /** The seed is dialled, and dials nobody. */
  readonly seedWaits?: boolean
  readonly forMs?: number
}

/** A download of 20 s from one honest seed, with half of it there already, and peers that do this. */
async function attack({ does, count = 1, latencyMs = 25, seedWaits = false, forMs = 120_000 }: Attack, seed: string) {
  const simulation = new Simulation({ seed, data: 'real', torrent: { lengthBytes: 4_096 * kib, pieceBytes: 32 * kib } })
  const { clock, network, torrent } = simulation
  const honest = await simulation.start({
    name: 'honest',
    has: 'all',
    line: { upBytesPerSecond: 100 * kib, latencyMs },
    plugins: seedWaits ? [dialsNobody] : [],
  })
  if (seedWaits) simulation.tracker.enlist(torrent.metainfo.infoHashes.v1 ?? new Uint8Array(20), honest.endpoint)
  const half = simulation.someOfThem(0.5, simulation.random.fork('half'))
  const victim = await simulation.start({ name: 'victim', has: half, plugins: [extPex(), extMetadata()] })
  const seats: Seat[] = []
  for (let number = 0; number < count; number++) {
    const host = network.addHost(simulation.nextAddress(), {
      upBytesPerSecond: Infinity,
      downBytesPerSecond: Infinity,
      latencyMs: 10,
      reachable: false,
    })
    void network
      .transport(host)
      .dial(victim.endpoint, signal)
      .then((connection) => {
        const seat = new Seat(pipeOf(connection), torrent.metainfo, number, clock, victim.session.peerId)
        seats.push(seat)
        does(seat)
      })
  }
  const isWhole = await simulation.run(() => victim.torrent.view.state === 'seeding', forMs)
  return { isWhole, tookMs: clock.elapsedMs, closes: seats.filter((seat) => seat.isClosed).length, seats, simulation }
}

const clean = await attack({ does: () => {}, count: 0 }, '1')

describe('a hostile peer in a simulated network', () => {
  it.each(hostilePeers)('$name: $ends', async (peer) => {
    const { isWhole, tookMs, closes, seats, simulation } = await attack(peer, '1')
    expect(seats.length).toBe(peer.count ?? 1)
    expect(closes).toBe(peer.ends === 'stays' ? 0 : (peer.closes ?? peer.count ?? 1))
    expect(isWhole).toBe(true)
    expect(tookMs).toBeLessThan(2 * clean.tookMs)
    expect(simulation.faults).toEqual([])
  })

  it('is one of more than 40 kinds', () => {
    expect(new Set(hostilePeers.map(({ name }) => name)).size).toBe(hostilePeers.length)
    expect(hostilePeers.length).toBeGreaterThanOrEqual(40)
  })
})

/** As many as a torrent has places, and some more. */
const crowd: readonly (readonly [string, HostilePeer['does']])[] = [
  ['want all and have nothing', greeted((seat) => seat.say((wire) => wire.interested(true)))],
  ['have all and never let anybody ask', greeted((seat) => seat.say((wire) => wire.haveAll()))],
  ['have all and bring nothing', offering(() => {})],
  [
    'have all and reject every request',
    offering((seat, piece, begin, length) => seat.say((wire) => wire.reject(piece, begin, length))),
  ],
]

describe('a crowd that was there first and takes every place', () => {
  describe.each([
    ['dials the torrent', false],
    ['the torrent dials', true],
  ])('does not keep the seed out that %s', (_how, seedWaits) => {
    it.each(crowd)('of peers that %s', async (_what, does) => {
      const hostile = { does, count: 60, latencyMs: 1_000, seedWaits, forMs: 300_000 }
      const { isWhole, seats, simulation } = await attack(hostile, '1')
      expect(isWhole).toBe(true)
      // A place was all that was needed.
      expect(seats.filter((seat) => !seat.isClosed).length).toBeGreaterThan(20)
      expect(simulation.faults).toEqual([])
    })
  })
})
