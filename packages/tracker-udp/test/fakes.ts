import {
  type AnnounceIdentity,
  type AnnounceRequest,
  type Clock,
  type Datagram,
  type IpEndpoint,
  type Random,
  type Resolver,
  formatEndpoint,
  ipEndpoint,
} from '@bitloom/core'
import { actions } from '../src/protocol.js'

/** Time that moves only by `advance`, which lets everything settle after each timer. */
export interface VirtualClock extends Clock {
  advance(ms: number): Promise<void>
  /** How many timers are set. */
  readonly timers: number
}

export function virtualClock(): VirtualClock {
  let nowMs = 0
  const timers = new Set<{ readonly atMs: number; readonly run: () => void }>()
  const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
  return {
    nowMs: () => nowMs,
    wallMs: () => nowMs,
    after(delayMs, run) {
      const timer = { atMs: nowMs + delayMs, run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    get timers() {
      return timers.size
    },
    async advance(ms) {
      const untilMs = nowMs + ms
      await settle()
      for (;;) {
        const [next] = [...timers].sort((a, b) => a.atMs - b.atMs)
        if (next === undefined || next.atMs > untilMs) break
        timers.delete(next)
        nowMs = next.atMs
        next.run()
        await settle()
      }
      nowMs = untilMs
      await settle()
    },
  }
}

/** One packet that the client sent. */
export interface Sent {
  readonly atMs: number
  readonly to: string
  /** Of a request; 0 = connect. */
  readonly action: number
  readonly connectionId: bigint
  readonly transactionId: number
  readonly bytes: Uint8Array
}

/** Answers a packet by packets, each with the address it claims to come from; none = silence. */
export type Answer = (packet: Sent) => readonly { readonly bytes: Uint8Array; readonly from?: string }[]

/** A network in memory. */
export interface Network extends Datagram {
  readonly sent: Sent[]
  /** Sockets opened so far, and those of them that are open. */
  readonly opened: IpEndpoint[]
  openCount(): number
  /** What the world answers; may be changed. */
  answer: Answer
  /** Reports a socket error to every socket. */
  fail(error: Error): void
  /** The next `open` rejects with it. */
  refuse: Error | undefined
}

export function network(clock: Clock, answer: Answer): Network {
  const errorSinks = new Set<(error: Error) => void>()
  const open = new Set<symbol>()
  const world: Network = {
    sent: [],
    opened: [],
    openCount: () => open.size,
    answer,
    refuse: undefined,
    fail: (error) => errorSinks.forEach((sink) => sink(error)),
    async open(at) {
      if (world.refuse !== undefined) throw world.refuse
      const id = Symbol(at.host)
      let receive = (_bytes: Uint8Array, _from: IpEndpoint): void => {}
      open.add(id)
      world.opened.push(at)
      return {
        at,
        send(bytes, to) {
          const packet = sentOf(bytes.slice(), formatEndpoint(to), clock.nowMs())
          world.sent.push(packet)
          for (const reply of world.answer(packet)) {
            queueMicrotask(() => open.has(id) && receive(reply.bytes, parse(reply.from ?? packet.to)))
          }
        },
        onMessage: (sink) => (receive = sink),
        onError: (sink) => errorSinks.add(sink),
        close: async () => void open.delete(id),
      }
    },
  }
  return world
}

function sentOf(bytes: Uint8Array, to: string, atMs: number): Sent {
  const view = new DataView(bytes.buffer)
  return {
    atMs,
    to,
    bytes,
    connectionId: view.getBigUint64(0),
    action: view.getUint32(8),
    transactionId: view.getUint32(12),
  }
}

function parse(text: string): IpEndpoint {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(text) ?? []
  return ipEndpoint(host, Number(port)) as IpEndpoint
}

/** A packet of 32-bit numbers and raw bytes in order. */
export function packet(...parts: readonly (number | Uint8Array | string)[]): Uint8Array {
  const bytes = parts.flatMap((part) => {
    if (typeof part === 'number') return [part >>> 24, (part >>> 16) & 0xff, (part >>> 8) & 0xff, part & 0xff]
    return typeof part === 'string' ? [...new TextEncoder().encode(part)] : [...part]
  })
  return Uint8Array.from(bytes)
}

/** A tracker that gives out connection ids 1, 2, 3, … and the peer 1.2.3.4:5 or [101:…:101]:5. */
export function goodTracker(): Answer {
  let lastId = 0
  return (sent) => {
    if (sent.action === actions.connect) return [{ bytes: packet(0, sent.transactionId, 0, ++lastId) }]
    if (sent.action === actions.scrape) {
      const count = (sent.bytes.length - 16) / 20
      const numbers = Array.from({ length: count }, (_, index) => [index, index + 100, index + 200]).flat()
      return [{ bytes: packet(2, sent.transactionId, ...numbers) }]
    }
    const peer = sent.to.startsWith('[') ? Array.from({ length: 16 }, () => 1) : [1, 2, 3, 4]
    return [{ bytes: packet(1, sent.transactionId, 1800, 7, 8, Uint8Array.from([...peer, 0, 5])) }]
  }
}

/** Numbers that count up, so that ids are known and distinct. */
export function countingRandom(): Random {
  let last = 0
  const random: Random = {
    bytes: (length) => packet(++last).subarray(4 - length),
    below: () => 0,
    fork: () => random,
  }
  return random
}

/** Knows these names and no other; numeric hosts answer themselves. */
export function resolverOf(names: Readonly<Record<string, readonly string[]>>): Resolver {
  return {
    async resolve(host) {
      if (/^[\d.]+$|:/.test(host)) return [host]
      const addresses = names[host]
      if (addresses === undefined) throw new Error('ENOTFOUND')
      return addresses
    },
  }
}

export const request: AnnounceRequest = {
  url: 'udp://tracker.example.com:6969/announce',
  event: undefined,
  port: 6881,
  numWant: 50,
  uploaded: 1,
  downloaded: 2,
  left: 3,
  params: {},
  headers: {},
}

export const identity: AnnounceIdentity = {
  infoHash: Uint8Array.from({ length: 20 }, (_, index) => index),
  peerId: Uint8Array.from({ length: 20 }, (_, index) => 100 + index),
  key: 0xdeadbeef,
  private: false,
}
