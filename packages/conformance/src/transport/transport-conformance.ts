import type { Connection, IpEndpoint, Transport } from '@bitloom/core'
import { expectBytes, expectSame, expectThat, show } from '../kit/expect.js'
import { between, seededRandom } from '../kit/random.js'
import { defineSuite, type TestRunner, unless } from '../kit/runner.js'
import { type ConnectedPair, Ear, TransportBench, type TransportBenchOptions } from './bench.js'
import { ignore, payload, type TransportGuarantee } from './guarantee.js'
import { withListen } from './listening.js'

export interface TransportConformanceOptions extends TransportBenchOptions {
  /** The transport under test; a function makes a new one for each test. It dials itself. */
  readonly transport: Transport | (() => Transport)
  /** Where it listens. Default 127.0.0.1, any port. */
  readonly listenAt?: IpEndpoint
  /** Makes both ends of a connection, where it is not by `listen` and `dial`: of a transport that cannot listen, or of a wrapper. */
  pair?(): Promise<ConnectedPair>
  /** It answers `false` to writes above a high-water mark. Default true. */
  readonly backpressure?: boolean
  /** Lets a little time go by, where the transport has a time of its own. */
  advance?(): Promise<void> | void
  /** The title of the suite. Default: its first scheme. */
  readonly title?: string
}

/** Defines the tests of a `Transport` and its `Connection`s. */
export function transportConformance(runner: TestRunner, options: TransportConformanceOptions): void {
  const transport = typeof options.transport === 'function' ? options.transport() : options.transport
  const guarantees = [
    ...connections,
    ...withBackpressure(options.backpressure ?? true),
    ...withListen(transport.listen !== undefined),
  ]
  defineSuite(
    runner,
    options.title ?? `Transport ${transport.schemes[0]}`,
    guarantees.map(({ run, ...guarantee }) => ({
      ...guarantee,
      run: async () => {
        const bench = new TransportBench(options)
        try {
          await run(bench)
        } finally {
          await bench.close()
        }
      },
    })),
  )
}

/** Writes all of it in parts of random sizes; each buffer is used for something else once it is done. Answers how many are. */
function writeParts(
  connection: Connection,
  bytes: Uint8Array,
  seed: string,
): { done: number; readonly writes: number } {
  const random = seededRandom(seed)
  const count = { done: 0, writes: 0 }
  for (let at = 0; at < bytes.length;) {
    const part = bytes.slice(at, at + between(random, 1, random.below(4) === 0 ? 70_000 : 2_000))
    at += part.length
    count.writes++
    connection.write(part, () => {
      count.done++
      part.fill(0xdd)
    })
  }
  return count
}

const connections: readonly TransportGuarantee[] = [
  {
    name: 'names its schemes, and each end its transport and the other end',
    async run(bench) {
      const { schemes } = bench.transport
      const isScheme = (scheme: string): boolean => /^[a-z][a-z0-9+.-]*$/.test(scheme)
      expectThat(schemes.length > 0 && schemes.every(isScheme), `schemes are ${show(schemes)}: lower case, no colon`)
      const { near, far } = await bench.pair()
      for (const { transport, remote } of [near, far]) {
        expectSame(transport, schemes[0], 'the transport of a connection')
        expectThat(remote.kind === 'ip' || remote.kind === 'url', () => `the remote of a connection is ${show(remote)}`)
      }
    },
  },
  {
    name: 'bytes arrive in order, both ways, whatever the sizes of the writes',
    async run(bench) {
      const { near, far } = await bench.pair()
      const [there, back] = [new Ear(far), new Ear(near)]
      writeParts(near, payload, 'there')
      writeParts(far, payload.slice(7), 'back')
      await bench.until(
        () => there.received >= payload.length && back.received >= payload.length - 7,
        'all that was written',
      )
      expectBytes(there.bytes(), payload, 'what the accepted end got')
      expectBytes(back.bytes(), payload.slice(7), 'what the dialling end got')
    },
  },
  {
    name: 'done comes once for each write, and not before the bytes can do without their buffer',
    async run(bench) {
      const { near, far } = await bench.pair()
      const ear = new Ear(far)
      const count = writeParts(near, payload, 'done')
      await bench.until(() => ear.received >= payload.length && count.done >= count.writes, 'done for each write')
      await bench.calm()
      expectSame(count.done, count.writes, 'calls of done')
      expectBytes(ear.bytes(), payload, 'what arrived while buffers were used again')
    },
  },
  {
    name: 'nothing is lost before there is a sink',
    async run(bench) {
      const { near, far } = await bench.pair()
      near.write(payload.slice(0, 1_000), ignore)
      await bench.calm()
      far.pause()
      far.resume()
      const ear = new Ear(far)
      near.write(payload.slice(1_000, 2_000), ignore)
      await bench.until(() => ear.received >= 2_000, 'what was written before there was a sink')
      expectBytes(ear.bytes(), payload.slice(0, 2_000), 'what arrived')
    },
  },
  {
    name: 'delivers nothing while paused, and all of it afterwards',
    async run(bench) {
      const { near, far } = await bench.pair()
      const ear = new Ear(far, () => far.pause())
      near.write(payload.slice(0, 10), ignore)
      await bench.until(() => ear.received > 0, 'the first bytes')
      const { calls } = ear
      writeParts(near, payload.slice(10), 'paused')
      await bench.calm()
      expectSame(ear.calls, calls, 'calls of the sink while the connection was paused')
      await bench.until(() => {
        far.resume()
        return ear.received >= payload.length
      }, 'what was written while the other end was paused')
      expectBytes(ear.bytes(), payload, 'what arrived')
    },
  },
  {
    name: 'the other end hears of a close once, and this end not at all',
    async run(bench) {
      for (const closer of ['near', 'far'] as const) {
        const pair = await bench.pair()
        const [own, other] = [new Ear(pair[closer]), new Ear(pair[closer === 'near' ? 'far' : 'near'])]
        pair[closer].close()
        await bench.until(() => other.closes > 0, `onClose at the end that did not close (${closer} did)`)
        await bench.calm()
        expectSame([own.closes, other.closes], [0, 1], 'calls of onClose at the end that closed, and at the other')
      }
    },
  },
  {
    name: 'a close is told to a sink that comes late',
    async run(bench) {
      const { near, far } = await bench.pair()
      near.onBytes(ignore)
      far.close()
      await bench.calm()
      let closes = 0
      near.onClose(() => closes++)
      await bench.until(() => closes > 0, 'onClose for a sink that was set after the other end had closed')
    },
  },
  {
    name: 'nothing is called after close, also from within a sink',
    async run(bench) {
      const pairs: ConnectedPair[] = [await bench.pair(), await bench.pair()]
      for (const [index, { near, far }] of pairs.entries()) {
        const ear: Ear = new Ear(far, () => far.close())
        writeParts(near, payload, 'close')
        if (index === 1) far.close()
        else await bench.until(() => ear.calls > 0, 'the first bytes')
        near.close()
        await bench.calm()
        const most = index === 1 ? 0 : 1
        expectThat(
          ear.calls <= most,
          () => `the sink was called ${ear.calls} times, ${ear.calls - most} of them after close`,
        )
        expectSame([ear.closes, ear.drains], [0, 0], 'calls of onClose and onDrain after close')
      }
    },
  },
  {
    name: 'close is idempotent, and answers every write once, also those it drops and later ones',
    async run(bench) {
      const { near, far } = await bench.pair()
      far.pause()
      const counts = Array.from({ length: 20 }, () => 0)
      const done = (index: number) => (): void => {
        counts[index] = (counts[index] ?? 0) + 1
      }
      for (const index of counts.keys()) {
        if (index === 15) {
          near.close()
          near.close()
        }
        const answer = near.write(payload.slice(), done(index))
        if (index >= 15) expectSame(answer, false, 'a write after close')
      }
      await bench.until(() => counts.every((count) => count > 0), 'done for each write')
      await bench.calm()
      expectSame(
        counts,
        counts.map(() => 1),
        'calls of done by write',
      )
    },
  },
  {
    name: 'connections do not mix',
    async run(bench) {
      const pairs = [await bench.pair(), await bench.pair(), await bench.pair()]
      const ears = pairs.map(({ far }) => new Ear(far))
      const parts = pairs.map((_, index) => payload.slice(index * 1_000, index * 1_000 + 90_000))
      for (const [index, { near }] of pairs.entries()) writeParts(near, parts[index] ?? payload, `${index}`)
      await bench.until(() => ears.every((ear) => ear.received >= 90_000), 'all that was written')
      for (const [index, ear] of ears.entries())
        expectBytes(ear.bytes(), parts[index] ?? payload, `connection ${index}`)
      pairs[1]?.near.close()
      await bench.until(() => ears[1]?.closes === 1, 'the close of one of three')
      await bench.calm()
      expectSame(
        ears.map(({ closes }) => closes),
        [0, 1, 0],
        'closes by connection',
      )
    },
  },
]

/** Where a transport buffers without bound, a peer that reads slowly costs all the memory there is. */
function withBackpressure(isOffered: boolean): readonly TransportGuarantee[] {
  const mostBytes = 64 * 1024 * 1024
  return [
    {
      name: 'tells the writer to wait when the reader is slow, and once when it may go on',
      skip: unless(isOffered, 'has no high-water mark'),
      async run(bench) {
        const { near, far } = await bench.pair()
        const writer = new Ear(near)
        let isSlow = true
        const reader = new Ear(far, () => isSlow && far.pause())
        const block = new Uint8Array(524_288)
        let writtenBytes = 0
        let waits = 0
        // The system takes some of it, so a first wait may soon be over.
        while (writer.drains === waits && writtenBytes < mostBytes) {
          if (!near.write(block, ignore)) waits++
          writtenBytes += block.length
          if (writer.drains < waits) await bench.calm()
        }
        const isBound = writer.drains < waits
        expectThat(isBound, `${mostBytes} bytes were taken for a reader that reads nothing: memory has no bound`)
        isSlow = false
        far.resume()
        await bench.until(() => reader.received >= writtenBytes, 'all that was written')
        await bench.until(() => writer.drains >= waits, `onDrain, after a write had answered false`)
        await bench.calm()
        expectSame(writer.drains, waits, 'calls of onDrain')
      },
    },
  ]
}
