import type { DatagramSocket, IpEndpoint } from '@bitloom/core'
import { seededRandom } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { type DatagramSpec, type Line, SimulatedNetwork, VirtualClock } from '../src/index.js'

const line: Line = { upBytesPerSecond: Infinity, downBytesPerSecond: Infinity, latencyMs: 20, reachable: true }
const any: IpEndpoint = { kind: 'ip', host: '0.0.0.0', port: 0 }

/** Two hosts with a socket each. */
async function world(datagrams: DatagramSpec = {}, seed = '1') {
  const clock = new VirtualClock()
  const network = new SimulatedNetwork(clock, seededRandom(seed), { datagrams })
  const [left, right] = [network.addHost('10.0.0.1', line), network.addHost('10.0.0.2', line)]
  const [near, far] = [await network.datagram(left).open(any), await network.datagram(right).open(any)]
  return { clock, network, left, right, near, far }
}

/** What arrives, in order: which datagram it was, and when. */
function listen(clock: VirtualClock, socket: DatagramSocket): { readonly id: number; readonly atMs: number }[] {
  const came: { readonly id: number; readonly atMs: number }[] = []
  socket.onMessage((bytes) => void came.push({ id: ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0), atMs: clock.elapsedMs }))
  return came
}

/** Sends so many, one each millisecond, and waits for the last. Its buffer is used again for each. */
async function send(clock: VirtualClock, from: DatagramSocket, to: IpEndpoint, count: number): Promise<void> {
  const buffer = new Uint8Array(2)
  for (let id = 0; id < count; id++) {
    buffer.set([id >> 8, id & 255])
    from.send(buffer, to)
    await clock.advance(1)
  }
  await clock.advance(10_000)
}

const ids = (came: readonly { readonly id: number }[]): number[] => came.map(({ id }) => id)

describe('datagrams', () => {
  it('arrive once, in order, after the latency of both lines, and say who sent them', async () => {
    const { clock, near, far } = await world()
    const came = listen(clock, far)
    const senders = new Set<IpEndpoint>()
    await send(clock, near, far.at, 100)
    expect(ids(came)).toEqual(Array.from({ length: 100 }, (_, id) => id))
    for (const { id, atMs } of came) expect(atMs).toBe(id + 40)
    near.onMessage((_bytes, from) => void senders.add(from))
    far.send(new Uint8Array(1), near.at)
    await clock.advance(100)
    expect([...senders]).toEqual([far.at])
  })

  it.each([0.1, 0.5])('are lost at a share of %d, within three in a hundred', async (loss) => {
    const { clock, near, far } = await world({ loss })
    const came = listen(clock, far)
    await send(clock, near, far.at, 4_000)
    expect(Math.abs(1 - came.length / 4_000 - loss)).toBeLessThan(0.03)
    expect(new Set(ids(came)).size).toBe(came.length)
  })

  it('arrive twice at a share, within three in a hundred, and never more often', async () => {
    const { clock, near, far } = await world({ duplicates: 0.2 })
    const came = listen(clock, far)
    await send(clock, near, far.at, 4_000)
    expect(Math.abs(came.length / 4_000 - 1.2)).toBeLessThan(0.03)
    const times = new Map<number, number>()
    for (const { id } of came) times.set(id, (times.get(id) ?? 0) + 1)
    expect(Math.max(...times.values())).toBe(2)
    expect(times.size).toBe(4_000)
  })

  it('overtake each other within the jitter', async () => {
    const { clock, near, far } = await world({ jitterMs: 100 })
    const came = listen(clock, far)
    await send(clock, near, far.at, 1_000)
    expect(came).toHaveLength(1_000)
    const overtaken = came.filter(({ id }, index) => id < (came[index - 1]?.id ?? 0))
    expect(overtaken.length).toBeGreaterThan(300)
    for (const { id, atMs } of came) expect(atMs).toBeGreaterThanOrEqual(id + 40)
    for (const { id, atMs } of came) expect(atMs).toBeLessThan(id + 140)
  })

  it('do the same for the same seed, and other things for another', async () => {
    const run = async (seed: string) => {
      const { clock, near, far } = await world({ loss: 0.2, duplicates: 0.2, jitterMs: 50 }, seed)
      const came = listen(clock, far)
      await send(clock, near, far.at, 300)
      return came
    }
    const first = await run('1')
    expect(await run('1')).toEqual(first)
    expect(ids(await run('2'))).not.toEqual(ids(first))
  })

  it('reach nobody at a closed socket, and nobody from or to a host that is gone', async () => {
    const { clock, network, left, near, far } = await world()
    const [there, back] = [listen(clock, far), listen(clock, near)]
    await far.close()
    await send(clock, near, far.at, 5)
    far.send(new Uint8Array(2), near.at)
    await clock.advance(100)
    expect([there.length, back.length]).toEqual([0, 0])
    const again = await network.datagram(left).open(any)
    const other = await network.datagram(network.addHost('10.0.0.3', line)).open(any)
    const heard = listen(clock, other)
    network.removeHost(left)
    again.send(new Uint8Array(2), other.at)
    other.send(new Uint8Array(2), again.at)
    await clock.advance(100)
    expect(heard).toEqual([])
  })

  it('have one socket at an address', async () => {
    const { network, right, far } = await world()
    const taken = network.datagram(right).open(far.at)
    await expect(taken).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' })
    await far.close()
    expect((await network.datagram(right).open(far.at)).at).toEqual(far.at)
  })
})
