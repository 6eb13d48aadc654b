import {
  BitloomError,
  type Connection,
  type Datagram,
  type Endpoint,
  formatEndpoint,
  type IpEndpoint,
  type SeededRandom,
  type Transport,
} from '@bitloom/core'
import { type Cargo, Unpacking } from './cargo.js'
import { Host, type Line } from './host.js'
import { LinkEnd } from './link-end.js'
import { type DatagramSpec, SimulatedDatagrams } from './simulated-datagrams.js'
import type { VirtualClock } from './virtual-clock.js'

/** The network between the lines of the nodes. */
export interface NetworkSpec {
  /** Added to every way, up to so much at random. */
  readonly jitterMs?: number
  /** How often a connection breaks, in the mean. */
  readonly lossPerHour?: number
  /** The share of deliveries that come in two parts, cut anywhere. */
  readonly split?: number
  /**
   * How coarse time is on the uplinks: blocks for one peer leave and arrive together as far as they pass within so many
   * milliseconds, 64 KiB at the most. Default 0, block by block; more takes less time to compute, for large swarms. Not
   * together with `split`.
   */
  readonly stretchMs?: number
  /**
   * How coarse time is at the receivers: what reaches a node is delivered on multiples of so many milliseconds, all that
   * has come since the last at once. Default 0, each delivery at its own time; more is later by half of it in the mean, and
   * takes less time to compute, for large swarms.
   */
  readonly gatherMs?: number
  readonly datagrams?: DatagramSpec
}

const firstPort = 40_000

/** Hosts that reach each other in memory, each by a line of its own. */
export class SimulatedNetwork {
  readonly clock: VirtualClock
  readonly #spec: Required<Omit<NetworkSpec, 'datagrams'>>
  readonly #datagrams: SimulatedDatagrams
  readonly #random: SeededRandom
  readonly #hosts = new Map<string, Host>()
  readonly #unpacking = new Unpacking()
  readonly #open = new Set<LinkEnd>()
  readonly #totals = { sentBytes: 0, receivedBytes: 0 }
  #nextPort = firstPort
  #nextTraceId = 1

  constructor(clock: VirtualClock, random: SeededRandom, spec: NetworkSpec = {}) {
    this.clock = clock
    this.#random = random
    this.#spec = {
      jitterMs: spec.jitterMs ?? 0,
      lossPerHour: spec.lossPerHour ?? 0,
      split: spec.split ?? 0,
      stretchMs: spec.split === undefined || spec.split === 0 ? (spec.stretchMs ?? 0) : 0,
      gatherMs: spec.gatherMs ?? 0,
    }
    this.#datagrams = new SimulatedDatagrams(clock, random.fork('datagrams'), spec.datagrams ?? {}, (from, name) => {
      const to = this.#hosts.get(name)
      return to === undefined || !from.isUp ? undefined : this.latencyMs(from, to)
    })
  }

  /** Adds a host; its name is its numeric address. */
  addHost(name: string, line: Line): Host {
    const host = new Host(this.#nextTraceId++, name, line, this.clock, this.#spec)
    this.#hosts.set(name, host)
    return host
  }

  /** The host is gone without a word: its connections break, and nobody answers at its address. */
  removeHost(host: Host): void {
    host.isUp = false
    this.#hosts.delete(host.name)
    for (const end of host.ends) end.cut()
  }

  /** Bytes on the wire so far, headers and messages included. */
  get totals(): { readonly sentBytes: number; readonly receivedBytes: number } {
    return this.#totals
  }

  /** Open connections. */
  get connections(): number {
    return this.#open.size / 2
  }

  /** One way from host to host. */
  latencyMs(from: Host, to: Host): number {
    const { jitterMs } = this.#spec
    const jitter = jitterMs === 0 ? 0 : (this.#random.below(1_024) / 1_024) * jitterMs
    return from.line.latencyMs + to.line.latencyMs + jitter
  }

  /** Cargo as bytes, dead after the next call; and where to cut them in two, 0 = nowhere. */
  unpack(cargo: Cargo): { readonly bytes: Uint8Array; readonly cut: number } {
    const { lengthBytes } = cargo
    const { split } = this.#spec
    const isCut = split > 0 && lengthBytes > 1 && this.#random.below(1_000) < split * 1_000
    // What is cut has bytes of its own, since its second half may have to wait.
    const unpacking = isCut ? new Unpacking() : this.#unpacking
    return { bytes: unpacking.bytesOf(cargo), cut: isCut ? 1 + this.#random.below(lengthBytes - 1) : 0 }
  }

  /** The transport of one host. */
  transport(host: Host): Transport {
    return {
      schemes: ['tcp'],
      dial: (to, signal) => this.#dial(host, to, signal),
      listen: async (at, accept) => {
        this.clock.touch()
        const port = at.port === 0 ? freePort(host) : at.port
        if (host.listeners.has(port)) throw new BitloomError('ADDRESS_IN_USE', `${host.name}:${port} is in use`)
        host.listeners.set(port, accept)
        const close = async (): Promise<void> => {
          this.clock.touch()
          // Another listener may have the port by the time of a second call.
          if (host.listeners.get(port) === accept) host.listeners.delete(port)
        }
        return { at: { ...at, host: host.name, port }, close }
      },
    }
  }

  /** The UDP of one host. */
  datagram(host: Host): Datagram {
    return this.#datagrams.of(host)
  }

  /** Resolves a round trip later. Who is not there, or behind a NAT, never answers: the caller gives up. */
  #dial(from: Host, to: Endpoint, signal: AbortSignal): Promise<Connection> {
    this.clock.touch()
    return new Promise((resolve, reject) => {
      const fail = (reason: string): void => {
        signal.removeEventListener('abort', giveUp)
        reject(new BitloomError('IO', `${formatEndpoint(to)} ${reason}`))
      }
      const giveUp = (): void => fail('does not answer')
      if (signal.aborted) return giveUp()
      signal.addEventListener('abort', giveUp)
      const target = to.kind === 'ip' ? this.#hosts.get(to.host) : undefined
      if (target === undefined || to.kind !== 'ip' || !target.line.reachable) return
      const wayMs = this.latencyMs(from, target)
      this.clock.after(wayMs, () => {
        const accept = target.listeners.get(to.port)
        if (signal.aborted || !target.isUp || !from.isUp) return
        if (accept === undefined) {
          this.clock.after(wayMs, () => fail('refuses'))
          return
        }
        const [near, far] = this.#connect(from, target, to)
        accept(far)
        this.clock.after(wayMs, () => {
          if (signal.aborted) near.close()
          signal.removeEventListener('abort', giveUp)
          resolve(near)
        })
      })
    })
  }

  #connect(from: Host, target: Host, to: IpEndpoint): [LinkEnd, LinkEnd] {
    const port = this.#nextPort
    this.#nextPort = port === 65_535 ? firstPort : port + 1
    const near = new LinkEnd(this, this.#nextTraceId++, from, to)
    const far = new LinkEnd(this, this.#nextTraceId++, target, { kind: 'ip', host: from.name, port })
    LinkEnd.join(near, far)
    this.#open.add(near).add(far)
    this.#planLoss(near)
    return [near, far]
  }

  /** Breaks come independently of each other: the time to one is exponential. */
  #planLoss(end: LinkEnd): void {
    const { lossPerHour } = this.#spec
    if (lossPerHour <= 0) return
    const share = (this.#random.below(2 ** 32) + 1) / (2 ** 32 + 1)
    this.clock.after((-Math.log(share) / lossPerHour) * 3_600_000, () => {
      if (!end.isClosed) end.cut()
    })
  }

  /** Bytes left one host, or came to another. */
  count(what: 'sentBytes' | 'receivedBytes', lengthBytes: number): void {
    this.#totals[what] += lengthBytes
  }

  closed(end: LinkEnd): void {
    this.#open.delete(end)
  }
}

function freePort(host: Host): number {
  let port = firstPort
  while (host.listeners.has(port)) port++
  return port
}
