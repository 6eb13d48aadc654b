import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import type { Random } from '@bitloom/core'
import { createTracker, type Tracker, type TrackerEvent, type TrackerOptions } from '../src/index.js'

/** A repeatable stand-in for the CSPRNG: a small linear congruential generator. */
export function seededRandom(seed: number): Pick<Random, 'below' | 'bytes'> {
  let state = seed
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  return { below, bytes: (length) => Uint8Array.from({ length }, () => below(256)) }
}

/** Time that the test moves by hand; `fire` runs what is due by then. */
export function handClock() {
  let nowMs = 0
  const waiting = new Set<{ atMs: number; run: () => void }>()
  return {
    nowMs: () => nowMs,
    after(delayMs: number, run: () => void) {
      const entry = { atMs: nowMs + delayMs, run }
      waiting.add(entry)
      return () => void waiting.delete(entry)
    },
    waiting,
    pass(ms: number) {
      nowMs += ms
      const due = [...waiting].filter(({ atMs }) => atMs <= nowMs)
      for (const entry of due) {
        waiting.delete(entry)
        entry.run()
      }
    },
  }
}

export interface Ports {
  readonly http: number
  readonly udp: number
}

/** Runs a tracker on free ports of `host` for the length of `use`. */
export async function withTracker(
  options: TrackerOptions & { readonly host?: string },
  use: (ports: Ports, tracker: Tracker, events: TrackerEvent[]) => Promise<void>,
): Promise<void> {
  const { host = '127.0.0.1', ...rest } = options
  const events: TrackerEvent[] = []
  const tracker = await createTracker({
    http: { host, port: 0 },
    udp: { host, port: 0 },
    random: seededRandom(1),
    on: (event) => events.push(event),
    ...rest,
  })
  const portOf = (protocol: string): number => tracker.addresses.find((it) => it.protocol === protocol)?.at.port ?? 0
  try {
    await use({ http: portOf('http'), udp: portOf('udp') }, tracker, events)
  } finally {
    await tracker.close()
  }
}

export interface HttpAnswer {
  readonly status: number
  readonly body: Uint8Array
}

/** A GET of an exact request target. */
export async function get(
  port: number,
  path: string,
  options: { host?: string; method?: string } = {},
): Promise<HttpAnswer> {
  const { host = '127.0.0.1', method = 'GET' } = options
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, path, method, agent: false }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: new Uint8Array(Buffer.concat(parts)) }),
      )
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** Writes raw bytes to a TCP port and gives all that came until the other side closed. */
export async function rawTcp(port: number, text: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port })
  let received = ''
  socket.on('data', (part) => (received += part.toString('latin1')))
  socket.on('error', () => {})
  socket.write(text)
  await once(socket, 'close')
  return received
}

export interface UdpClient {
  readonly port: number
  /** Sends a packet and waits for the next one. */
  ask(packet: Uint8Array): Promise<Uint8Array>
  send(packet: Uint8Array): Promise<void>
  /** Packets that came so far and were not given out by `ask`. */
  readonly received: Uint8Array[]
}

/** Runs a UDP client at `host` for the length of `use`; it asks the tracker at ::1 or 127.0.0.1. */
export async function withUdp(
  port: number,
  use: (client: UdpClient) => Promise<void>,
  host = '127.0.0.1',
): Promise<void> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  const received: Uint8Array[] = []
  let wake: ((packet: Uint8Array) => void) | undefined
  socket.on('message', (packet) => {
    if (wake === undefined) received.push(new Uint8Array(packet))
    else wake(new Uint8Array(packet))
    wake = undefined
  })
  socket.bind({ address: host, port: 0 })
  await once(socket, 'listening')
  const send = async (packet: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      socket.send(packet, port, host.includes(':') ? '::1' : '127.0.0.1', (error) =>
        error === null ? resolve() : reject(error),
      )
    })
  try {
    await use({
      port: socket.address().port,
      received,
      send,
      async ask(packet) {
        const answer = new Promise<Uint8Array>((resolve) => (wake = resolve))
        await send(packet)
        return answer
      },
    })
  } finally {
    await new Promise<void>((resolve) => socket.close(() => resolve()))
  }
}
