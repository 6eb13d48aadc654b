import { BitloomError } from '../../src/bytes/errors.js'
import { type Endpoint, formatEndpoint, type IpEndpoint } from '../../src/ports/endpoint.js'
import type { Connection, Transport } from '../../src/ports/transport.js'
import type { VirtualClock } from './virtual-clock.js'

const chunkBytes = 16_384

/** Hosts that reach each other in memory: bytes arrive after a latency, split into chunks. */
export class MemoryNetwork {
  readonly #clock: VirtualClock
  readonly #listeners = new Map<string, (connection: Connection) => void>()
  #nextPort = 40_000
  latencyMs = 1
  /** How long a dial takes before there is a connection. */
  dialMs = 0
  /** Every open end, so that a test can cut or count. */
  readonly ends = new Set<End>()

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  transport(host: string): Transport {
    return {
      schemes: ['tcp'],
      dial: (to) => this.#dial(host, to),
      listen: async (at, accept) => {
        const key = formatEndpoint({ ...at, host })
        if (this.#listeners.has(key)) throw new BitloomError('ADDRESS_IN_USE', `${key} is in use`)
        this.#listeners.set(key, accept)
        return {
          at: { ...at, host },
          close: async () => {
            this.#listeners.delete(key)
          },
        }
      },
    }
  }

  async #dial(host: string, to: Endpoint): Promise<Connection> {
    const accept = this.#listeners.get(formatEndpoint(to))
    if (accept === undefined) throw new BitloomError('IO', `${formatEndpoint(to)} refuses`)
    if (this.dialMs > 0) await new Promise<void>((resolve) => this.#clock.after(this.dialMs, resolve))
    const [near, far] = this.pair(to as IpEndpoint, { kind: 'ip', host, port: this.#nextPort++ })
    this.#clock.after(this.latencyMs, () => accept(far))
    return near
  }

  /** Two ends of one connection: the first sees `a` as its remote, the second `b`. */
  pair(a: IpEndpoint, b: IpEndpoint): [End, End] {
    const near = new End(this, this.#clock, a)
    const far = new End(this, this.#clock, b)
    near.peer = far
    far.peer = near
    this.ends.add(near).add(far)
    return [near, far]
  }
}

export class End implements Connection {
  readonly transport = 'tcp'
  peer: End | undefined
  #bytesSink: ((bytes: Uint8Array, length: number) => void) | undefined
  #closeSink: ((error?: Error) => void) | undefined
  #queue: Uint8Array[] = []
  #isPaused = false
  isClosed = false
  readonly #network: MemoryNetwork
  readonly #clock: VirtualClock
  readonly remote: IpEndpoint

  constructor(network: MemoryNetwork, clock: VirtualClock, remote: IpEndpoint) {
    this.#network = network
    this.#clock = clock
    this.remote = remote
  }

  /** The remote stopped reading: what is written to it stays here. */
  isStalled = false
  /** Bytes written to a stalled remote. */
  heldBytes = 0

  write(bytes: Uint8Array, done: () => void): boolean {
    if (this.peer?.isStalled === true) {
      this.heldBytes += bytes.length
      return false
    }
    const copy = bytes.slice()
    this.#clock.after(this.#network.latencyMs, () => {
      this.peer?.arrive(copy)
      done()
    })
    return true
  }

  arrive(bytes: Uint8Array): void {
    if (this.isClosed) return
    this.#queue.push(bytes)
    this.#deliver()
  }

  #deliver(): void {
    while (!this.#isPaused && this.#bytesSink !== undefined && !this.isClosed) {
      const bytes = this.#queue.shift()
      if (bytes === undefined) return
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        if (this.#isPaused || this.isClosed) {
          this.#queue.unshift(bytes.slice(at))
          return
        }
        const view = bytes.slice(at, at + chunkBytes)
        this.#bytesSink(view, view.length)
        view.fill(0xee)
      }
    }
  }

  onBytes(sink: (bytes: Uint8Array, length: number) => void): void {
    this.#bytesSink = sink
    this.#deliver()
  }

  onDrain(): void {}

  onClose(sink: (error?: Error) => void): void {
    this.#closeSink = sink
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#deliver()
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#network.ends.delete(this)
    this.#clock.after(this.#network.latencyMs, () => this.peer?.ended())
  }

  ended(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#network.ends.delete(this)
    this.#closeSink?.()
  }
}
