import type { Connection, IpEndpoint } from '@bitloom/core'
import { seededRandom } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { type Line, type NetworkSpec, SimulatedNetwork, VirtualClock } from '../src/index.js'
import { KiB, MiB } from './swarms.js'

const never = new AbortController().signal

function world(spec: NetworkSpec = {}) {
  const clock = new VirtualClock()
  const network = new SimulatedNetwork(clock, seededRandom('network'), spec)
  let count = 0
  const host = (line: Partial<Line> = {}) => {
    const whole = { upBytesPerSecond: Infinity, downBytesPerSecond: Infinity, latencyMs: 5, reachable: true, ...line }
    const added = network.addHost(`10.0.0.${++count}`, whole)
    const accepted: Connection[] = []
    const transport = network.transport(added)
    const at: IpEndpoint = { kind: 'ip', host: added.name, port: 1 }
    void transport.listen?.(at, (connection) => void accepted.push(connection))
    return { host: added, transport, at, accepted }
  }
  type Node = ReturnType<typeof host>
  const connect = async (from: Node, to: Node): Promise<[Connection, Connection]> => {
    let near: Connection | undefined
    void from.transport.dial(to.at, never).then((connection) => (near = connection))
    await clock.run(() => near !== undefined, clock.elapsedMs + 10_000)
    const far = to.accepted.at(-1)
    if (near === undefined || far === undefined) throw new Error('not connected')
    return [near, far]
  }
  return { clock, network, host, connect }
}

/** Counts what comes, and keeps the sender's pipe full. */
function pump(from: Connection, to: Connection): { bytes: number } {
  const count = { bytes: 0 }
  to.onBytes((_bytes, length) => {
    count.bytes += length
  })
  const more = (): void => void from.write(new Uint8Array(64 * KiB), more)
  for (let index = 0; index < 8; index++) more()
  return count
}

describe('a line', () => {
  it.each([
    ['uplink', { upBytesPerSecond: 100_000 }, {}],
    ['downlink', {}, { downBytesPerSecond: 100_000 }],
    ['narrower of both', { upBytesPerSecond: 300_000 }, { downBytesPerSecond: 100_000 }],
  ])('carries what its %s can, within 3 %%', async (_name, sender, receiver) => {
    const { clock, host, connect } = world()
    const [near, far] = await connect(host(sender), host(receiver))
    const count = pump(near, far)
    await clock.advance(60_000)
    expect(count.bytes / 60).toBeGreaterThan(97_000)
    expect(count.bytes / 60).toBeLessThan(103_000)
  })

  it('is shared fairly by the connections of its uplink', async () => {
    const { clock, host, connect } = world()
    const sender = host({ upBytesPerSecond: MiB })
    const counts = []
    for (let index = 0; index < 5; index++) counts.push(pump(...(await connect(sender, host()))))
    await clock.advance(60_000)
    for (const { bytes } of counts) expect(bytes / 60 / (MiB / 5)).toBeCloseTo(1, 1)
  })

  it('is shared fairly by those who send to its downlink, near and far, and none of them is held up by another', async () => {
    const { clock, host, connect } = world()
    const receiver = host({ downBytesPerSecond: MiB })
    const other = host()
    const counts = []
    for (let index = 0; index < 5; index++) {
      const sender = host({ upBytesPerSecond: MiB, latencyMs: 5 + 40 * index })
      const toReceiver = pump(...(await connect(sender, receiver)))
      counts.push({ toReceiver, toOther: pump(...(await connect(sender, other))) })
    }
    await clock.advance(60_000)
    for (const { toReceiver, toOther } of counts) {
      expect(toReceiver.bytes / 60 / (MiB / 5)).toBeGreaterThan(0.9)
      expect(toReceiver.bytes / 60 / (MiB / 5)).toBeLessThan(1.1)
      // What one receiver has no room for goes to the other.
      expect((toReceiver.bytes + toOther.bytes) / 60 / MiB).toBeGreaterThan(0.97)
    }
  })

  it('is asymmetric: uploads do not slow downloads down', async () => {
    const { clock, host, connect } = world()
    const node = host({ upBytesPerSecond: 100_000, downBytesPerSecond: 400_000 })
    const [near, far] = await connect(node, host())
    const [up, down] = [pump(near, far), pump(far, near)]
    await clock.advance(60_000)
    expect(up.bytes / 60 / 100_000).toBeCloseTo(1, 1)
    expect(down.bytes / 60 / 400_000).toBeCloseTo(1, 1)
  })
})

describe('a connection', () => {
  it('takes the latency of both lines, and keeps the order, jitter or not', async () => {
    const { clock, host, connect } = world({ jitterMs: 50 })
    const [near, far] = await connect(host({ latencyMs: 30 }), host({ latencyMs: 20 }))
    const sentMs = clock.nowMs()
    const came: [number, number][] = []
    far.onBytes((bytes) => void came.push([bytes[0] ?? 0, clock.nowMs() - sentMs]))
    for (let index = 0; index < 50; index++) near.write(Uint8Array.of(index), () => {})
    await clock.advance(1_000)
    expect(came.map(([index]) => index)).toEqual(Array.from({ length: 50 }, (_, index) => index))
    for (const [, ms] of came) expect(ms).toBeGreaterThanOrEqual(50)
    for (const [, ms] of came) expect(ms).toBeLessThan(101)
  })

  it('brings every byte once, cut anywhere, however its reader pauses', async () => {
    const { clock, host, connect } = world({ split: 0.7 })
    const [near, far] = await connect(host({ upBytesPerSecond: MiB }), host())
    const sent = seededRandom('bytes').bytes(300_000)
    const came: Uint8Array[] = []
    const lengths = new Set<number>()
    far.onBytes((bytes, length) => {
      came.push(bytes.slice(0, length))
      lengths.add(length)
      far.pause()
      clock.after(7, () => far.resume())
    })
    for (let at = 0; at < sent.length; at += 50_000) near.write(sent.slice(at, at + 50_000), () => {})
    await clock.advance(10_000)
    expect(Buffer.concat(came).equals(sent)).toBe(true)
    expect(lengths.size).toBeGreaterThan(5)
  })

  it('brings what was gathered on the multiples of its time, in order, and a close after it', async () => {
    const { clock, host, connect } = world({ gatherMs: 20 })
    const [near, far] = await connect(host({ latencyMs: 3 }), host())
    const sentMs = clock.nowMs()
    const came: [string, number][] = []
    far.onBytes((bytes) => void came.push([String(bytes[0]), clock.nowMs()]))
    far.onClose(() => void came.push(['closed', clock.nowMs()]))
    for (let index = 0; index < 5; index++)
      clock.after(index * 5, () => void near.write(Uint8Array.of(index), () => {}))
    clock.after(21, () => near.close())
    await clock.advance(1_000)
    expect(came.map(([what]) => what)).toEqual(['0', '1', '2', '3', '4', 'closed'])
    for (const [index, [, atMs]] of came.slice(0, 5).entries()) {
      expect(atMs % 20).toBe(0)
      expect(atMs - sentMs - index * 5).toBeGreaterThanOrEqual(8)
      expect(atMs - sentMs - index * 5).toBeLessThan(28)
    }
  })

  it('sends a reader that pauses no more than a window full, and goes on when it reads again', async () => {
    const { clock, network, host, connect } = world()
    const [near, far] = await connect(host({ upBytesPerSecond: MiB }), host())
    const count = pump(near, far)
    far.pause()
    await clock.advance(60_000)
    expect(count.bytes).toBe(0)
    expect(network.totals.sentBytes).toBeGreaterThanOrEqual(256 * KiB)
    expect(network.totals.sentBytes).toBeLessThan(512 * KiB)
    far.resume()
    await clock.advance(60_000)
    expect(count.bytes / 60).toBeGreaterThan(0.97 * MiB)
  })

  it('calls done once for each write, sent or dropped, and says when it is above high water', async () => {
    const { clock, host, connect } = world()
    const [near, far] = await connect(host({ upBytesPerSecond: 100_000 }), host())
    far.onBytes(() => {})
    let [done, drained] = [0, 0]
    near.onDrain(() => void drained++)
    const answers = Array.from({ length: 20 }, () => near.write(new Uint8Array(100_000), () => void done++))
    expect(answers[0]).toBe(true)
    expect(answers.at(-1)).toBe(false)
    await clock.advance(16_000)
    expect(drained).toBe(1)
    expect(done).toBeGreaterThan(10)
    near.close()
    await clock.advance(1_000)
    expect(done).toBe(20)
  })

  it('tells the other side of a close after what came before it, and its own side nothing', async () => {
    const { clock, host, connect } = world()
    const [near, far] = await connect(host(), host())
    const story: string[] = []
    near.onClose(() => void story.push('near'))
    far.onBytes((_bytes, length) => void story.push(`${length} bytes`))
    far.onClose((error) => void story.push(`far ${error?.message ?? 'in good order'}`))
    near.write(new Uint8Array(10), () => {})
    near.close()
    await clock.advance(1_000)
    expect(story).toEqual(['10 bytes', 'far in good order'])
  })

  it('breaks about as often as it is told, for both sides', async () => {
    const { clock, host, connect } = world({ lossPerHour: 6 })
    const [a, b] = [host(), host()]
    let [broken, told] = [0, 0]
    for (let index = 0; index < 200; index++) {
      const [near, far] = await connect(a, b)
      near.onClose((error) => void (error !== undefined && broken++))
      far.onClose(() => void told++)
    }
    await clock.advance(600_000)
    // One in the mean: 63 % of them.
    expect(broken).toBeGreaterThan(105)
    expect(broken).toBeLessThan(150)
    expect(told).toBe(broken)
  })
})

describe('a dial', () => {
  it('takes a round trip, and is refused where nobody listens', async () => {
    const { clock, host } = world()
    const [from, to] = [host({ latencyMs: 10 }), host({ latencyMs: 30 })]
    const story: string[] = []
    const tell = (what: string) => () => void story.push(`${what} at ${clock.elapsedMs}`)
    from.transport.dial(to.at, never).then(tell('there'), tell('not there'))
    from.transport.dial({ ...to.at, port: 2 }, never).then(tell('taken'), tell('refused'))
    await clock.advance(1_000)
    expect(story).toEqual(['there at 80', 'refused at 80'])
  })

  it('of a host behind a NAT, or one that is gone, gets no answer until it is given up', async () => {
    const { clock, host, network } = world()
    const [from, behindNat, gone] = [host(), host({ reachable: false }), host()]
    network.removeHost(gone.host)
    const patience = new AbortController()
    const story: string[] = []
    for (const { at } of [behindNat, gone]) {
      const dialling = from.transport.dial(at, patience.signal)
      dialling.then(
        () => story.push('there'),
        (error: Error) => story.push(error.message),
      )
    }
    await clock.advance(60_000)
    expect(story).toEqual([])
    patience.abort()
    await clock.advance(1)
    expect(story).toEqual(['10.0.0.2:1 does not answer', '10.0.0.3:1 does not answer'])
    expect(behindNat.accepted).toEqual([])
    const dialling = behindNat.transport.dial(from.at, never)
    await clock.advance(1_000)
    expect((await dialling).remote).toEqual(from.at)
  })
})
