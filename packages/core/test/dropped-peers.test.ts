import { expect, it } from 'vitest'
import type { Connection } from '../src/ports/transport.js'
import type { End } from './support/memory-network.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const piece = 65_536
const { metainfo, data } = makeTorrent({ lengthBytes: 96 * piece, pieceBytes: piece })
const heldMs = 2_000

/** Both ends of each connection that is made are gone two seconds later. */
function dropping(world: World) {
  const dropped = { count: 0 }
  const { network } = world
  const transportOf = network.transport.bind(network)
  network.transport = (host) => {
    const inner = transportOf(host)
    return {
      ...inner,
      dial: async (to, signal): Promise<Connection> => {
        const connection = await inner.dial(to, signal)
        const end = connection as End
        world.clock.after(heldMs, () => {
          if (end.isClosed) return
          dropped.count++
          end.ended()
          end.peer?.ended()
        })
        return connection
      },
    }
  }
  return dropped
}

it('every peer of 50 is dropped after two seconds, again and again: the download ends, and nothing is lost', async () => {
  const world = new World()
  const dropped = dropping(world)
  const hosts = Array.from({ length: 50 }, (_, index) => `10.0.1.${index + 1}`)
  for (const host of hosts) {
    const limits = { upBytesPerSecond: 9_000 }
    const seed = await world.node(host, { storage: new TestStorage(0, data), limits })
    await world.add(seed, metainfo, { check: 'skip' })
  }
  const target = new TestStorage(data.length)
  const verified: number[] = []
  const hooks = { pieceVerified: (index: number) => void verified.push(index) }
  const engine = await world.node('10.0.0.1', { storage: target, hooks })
  const torrent = await world.add(engine, metainfo, { peers: hosts.map((host) => world.endpoint(host)) })
  const beganMs = world.clock.nowMs()
  expect(await world.clock.runUntil(() => torrent.view.state === 'seeding', 3_600_000)).toBe(true)
  const tookMs = world.clock.nowMs() - beganMs
  const { receivedBytes, wastedBytes } = torrent.view.stats
  await engine.close()

  expect(dropped.count).toBeGreaterThan(100)
  expect(Buffer.from(target.data).equals(Buffer.from(data))).toBe(true)
  expect(verified.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 96 }, (_, index) => index))
  expect(receivedBytes - wastedBytes).toBe(data.length)
  expect(receivedBytes).toBeLessThan(1.1 * data.length)
  expect({ faults: world.faults, violations: target.violations }).toEqual({ faults: [], violations: [] })
  expect(world.memories.get('10.0.0.1')?.held.size).toBe(0)
  console.log(
    `limits: peers dropped after 2 s: ${dropped.count} times one of 50, whole after ${Math.round(tookMs / 1_000)} s of virtual time, downloaded ${(receivedBytes / data.length).toFixed(2)} times the size`,
  )
})
