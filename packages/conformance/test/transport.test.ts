import type { Connection, Transport } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { transportConformance } from '../src/index.js'
import { type End, memoryTransport } from './support/memory-transport.js'
import { expectCaught, expectSound } from './support/planted.js'

type Write = Connection['write']
/** The same write with something done to it. */
const writing =
  (change: (write: Write, bytes: Uint8Array, done: () => void) => boolean) =>
  (end: End): Partial<Connection> => {
    const write = end.write.bind(end)
    return { write: (bytes, done) => change(write, bytes, done) }
  }
const changed = (change: Partial<Transport>): Transport => ({ ...memoryTransport(), ...change })

const faults: readonly (readonly [fault: string, transport: () => Transport, guarantee: string])[] = [
  [
    'swaps two writes',
    () => {
      let held: [Uint8Array, () => void] | undefined
      return memoryTransport(
        writing((write, bytes, done) => {
          if (held === undefined && bytes.length > 1) held = [bytes.slice(), done]
          else {
            write(bytes, done)
            if (held !== undefined) write(...held)
            held = undefined
          }
          return true
        }),
      )
    },
    'bytes arrive in order, both ways, whatever the sizes of the writes',
  ],
  [
    'cuts long writes',
    () => memoryTransport(writing((write, bytes, done) => write(bytes.subarray(0, 65_536), done))),
    'bytes arrive in order, both ways, whatever the sizes of the writes',
  ],
  [
    'keeps the buffer that it said it was done with',
    () =>
      memoryTransport(
        writing((write, bytes, done) => {
          done()
          return write(bytes, () => {})
        }),
      ),
    'done comes once for each write, and not before the bytes can do without their buffer',
  ],
  [
    'is done twice',
    () =>
      memoryTransport(
        writing((write, bytes, done) =>
          write(bytes, () => {
            done()
            done()
          }),
        ),
      ),
    'done comes once for each write, and not before the bytes can do without their buffer',
  ],
  [
    'drops what comes before there is a sink',
    () =>
      memoryTransport((end) => {
        const write = end.write.bind(end)
        return {
          write: (bytes, done) =>
            end.other?.bytesSink === undefined ? (setImmediate(done), true) : write(bytes, done),
        }
      }),
    'nothing is lost before there is a sink',
  ],
  [
    'does not pause',
    () => memoryTransport(() => ({ pause: () => {} })),
    'delivers nothing while paused, and all of it afterwards',
  ],
  [
    'forgets to go on',
    () => memoryTransport((end) => ({ resume: () => void (end.isPaused = false) })),
    'delivers nothing while paused, and all of it afterwards',
  ],
  [
    'tells itself of its own close',
    () =>
      memoryTransport((end) => {
        const close = end.close.bind(end)
        return {
          close: () => {
            if (!end.isClosed) end.closeSink?.()
            close()
          },
        }
      }),
    'the other end hears of a close once, and this end not at all',
  ],
  [
    'tells nobody of a close',
    () => memoryTransport((end) => ({ close: () => void (end.isClosed = true) })),
    'the other end hears of a close once, and this end not at all',
  ],
  [
    'tells a close only to who listens already',
    () => memoryTransport((end) => ({ onClose: (sink) => void (end.closeSink = sink) })),
    'a close is told to a sink that comes late',
  ],
  [
    'delivers after close',
    () =>
      memoryTransport((end) => ({
        close: () => {
          const sink = end.bytesSink
          setImmediate(() => sink?.(new Uint8Array(5), 5))
        },
      })),
    'nothing is called after close, also from within a sink',
  ],
  [
    'drops done with a close',
    () =>
      memoryTransport((end) => {
        const close = end.close.bind(end)
        return {
          close: () => {
            end.queue.length = 0
            close()
          },
        }
      }),
    'close is idempotent, and answers every write once, also those it drops and later ones',
  ],
  [
    'queues the bytes of all connections in one',
    () => {
      const queue: End['queue'] = []
      return memoryTransport((end) => {
        end.queue = queue
        return {}
      })
    },
    'connections do not mix',
  ],
  [
    'buffers without bound',
    () => memoryTransport(writing((write, bytes, done) => (write(bytes, done), true))),
    'tells the writer to wait when the reader is slow, and once when it may go on',
  ],
  [
    'never says when to go on',
    () => memoryTransport(() => ({ onDrain: () => {} })),
    'tells the writer to wait when the reader is slow, and once when it may go on',
  ],
  [
    'names its scheme with a colon',
    () => changed({ schemes: ['memory:'] }),
    'names its schemes, and each end its transport and the other end',
  ],
  [
    'answers with port 0',
    () => changed({ listen: async (at) => ({ at, close: async () => {} }) }),
    'a listener at port 0 has a free port, and is reached there',
  ],
  [
    'lets two listen at one address',
    () => changed({ listen: async (at) => ({ at: { ...at, port: at.port + 1 }, close: async () => {} }) }),
    'a taken address is refused as ADDRESS_IN_USE, by name',
  ],
  [
    'keeps its address after close',
    () => {
      const inner = memoryTransport()
      const listen: Transport['listen'] = async (at, accept) => ({
        ...((await inner.listen?.(at, accept)) ?? { at }),
        close: async () => {},
      })
      return { ...inner, listen }
    },
    'a closed listener leaves its address free at once, and its connections alone',
  ],
  [
    'waits for who may come to listen',
    () => {
      const inner = memoryTransport()
      return { ...inner, dial: (to, signal) => inner.dial(to, signal).catch(() => new Promise<never>(() => {})) }
    },
    'a dial is rejected where nobody listens',
  ],
  [
    'dials on though nobody wants it any longer',
    () => {
      const inner = memoryTransport()
      return { ...inner, dial: (to) => inner.dial(to, new AbortController().signal) }
    },
    'an aborted dial is rejected, and an abort after it changes nothing',
  ],
  [
    'cuts a connection when the signal of its dial aborts',
    () => {
      const inner = memoryTransport()
      const dial: Transport['dial'] = async (to, signal) => {
        const connection = await inner.dial(to, signal)
        signal.addEventListener('abort', () => connection.close())
        return connection
      }
      return { ...inner, dial }
    },
    'an aborted dial is rejected, and an abort after it changes nothing',
  ],
]

describe('transportConformance', () => {
  it('passes a sound transport', async () => {
    const { skipped } = await expectSound((runner) => transportConformance(runner, { transport: memoryTransport }), 16)
    expect(skipped).toEqual([])
  })

  it.concurrent.each(faults)('catches one that %s', (_, transport, guarantee) =>
    expectCaught((runner) => transportConformance(runner, { transport }), guarantee),
  )

  it('takes pairs of a transport that does not listen', async () => {
    const inner = memoryTransport()
    const pair = async () => {
      const accepted: Connection[] = []
      const listening = await inner.listen?.({ kind: 'ip', host: '10.0.0.1', port: 0 }, (end) => accepted.push(end))
      if (listening === undefined) throw new Error('it listens')
      const near = await inner.dial(listening.at, new AbortController().signal)
      while (accepted[0] === undefined) await new Promise((resolve) => setImmediate(resolve))
      return { near, far: accepted[0] }
    }
    const transport: Transport = { schemes: inner.schemes, dial: inner.dial }
    const options = { transport, pair, backpressure: false }
    const { skipped } = await expectSound((runner) => transportConformance(runner, options), 16)
    expect(skipped.map((name) => /\((.*)\)$/.exec(name)?.[1])).toEqual([
      'has no high-water mark',
      ...Array.from({ length: 5 }, () => 'does not listen'),
    ])
  })
})
