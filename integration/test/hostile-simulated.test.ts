import type { Connection } from '@bitloom/core'
import { extMetadata } from '@bitloom/ext-metadata'
import { extPex } from '@bitloom/ext-pex'
import { Simulation } from '@bitloom/simulator'
import { describe, expect, it } from 'vitest'
import type { HostilePeer } from '../src/hostile-kit.js'
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

/** A download of 20 s from one honest seed, with half of it there already, and peers that do this. */
async function attack({ does, count = 1 }: Pick<HostilePeer, 'does' | 'count'>, seed: string) {
  const simulation = new Simulation({ seed, data: 'real', torrent: { lengthBytes: 4_096 * kib, pieceBytes: 32 * kib } })
  const { clock, network, torrent } = simulation
  await simulation.start({ name: 'honest', has: 'all', line: { upBytesPerSecond: 100 * kib } })
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
  const isWhole = await simulation.run(() => victim.torrent.view.state === 'seeding', 120_000)
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
