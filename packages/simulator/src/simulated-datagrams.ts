import { BitloomError, type Datagram, type DatagramSocket, type IpEndpoint, type SeededRandom } from '@bitloom/core'
import type { Host } from './host.js'
import type { VirtualClock } from './virtual-clock.js'

/** What happens to datagrams on their way. */
export interface DatagramSpec {
  /** The share that never arrives. */
  readonly loss?: number
  /** The share that arrives twice. */
  readonly duplicates?: number
  /** Up to so much is added to each way at random: they overtake each other. */
  readonly jitterMs?: number
}

interface Socket {
  receive(bytes: Uint8Array, from: IpEndpoint): void
}

const firstPort = 50_000

/** UDP between the hosts of a simulation: copies arrive late, in any order, twice, or not at all. */
export class SimulatedDatagrams {
  readonly #clock: VirtualClock
  readonly #random: SeededRandom
  readonly #spec: DatagramSpec
  readonly #wayMs: (from: Host, toHost: string) => number | undefined
  /** By host and port. */
  readonly #sockets = new Map<string, Socket>()
  #nextPort = firstPort

  /** `wayMs` answers how long it is from host to host, `undefined` = one of them is not there. */
  constructor(
    clock: VirtualClock,
    random: SeededRandom,
    spec: DatagramSpec,
    wayMs: (from: Host, toHost: string) => number | undefined,
  ) {
    this.#clock = clock
    this.#random = random
    this.#spec = spec
    this.#wayMs = wayMs
  }

  /** The UDP of one host. */
  of(host: Host): Datagram {
    return {
      open: async ({ port }) => {
        this.#clock.touch()
        const at: IpEndpoint = { kind: 'ip', host: host.name, port: port === 0 ? this.#nextPort++ : port }
        const key = `${at.host}:${at.port}`
        if (this.#sockets.has(key)) throw new BitloomError('ADDRESS_IN_USE', `${key} is in use`)
        return this.#open(host, at, key)
      },
    }
  }

  #open(host: Host, at: IpEndpoint, key: string): DatagramSocket {
    let sink: ((bytes: Uint8Array, from: IpEndpoint) => void) | undefined
    let isClosed = false
    this.#sockets.set(key, { receive: (bytes, from) => sink?.(bytes, from) })
    return {
      at,
      send: (bytes, to) => {
        if (!isClosed) this.#send(host, at, bytes.slice(), to)
      },
      onMessage: (receive) => {
        sink = receive
      },
      onError: () => {},
      close: async () => {
        this.#clock.touch()
        // Another socket may have the address by the time of a second call.
        if (!isClosed) this.#sockets.delete(key)
        isClosed = true
      },
    }
  }

  #send(host: Host, from: IpEndpoint, bytes: Uint8Array, to: IpEndpoint): void {
    const wayMs = this.#wayMs(host, to.host)
    if (wayMs === undefined || this.#happens(this.#spec.loss)) return
    const copies = this.#happens(this.#spec.duplicates) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const jitterMs = ((this.#spec.jitterMs ?? 0) * this.#random.below(1_024)) / 1_024
      this.#clock.after(wayMs + jitterMs, () =>
        this.#sockets.get(`${to.host}:${to.port}`)?.receive(bytes.slice(), from),
      )
    }
  }

  #happens(share: number | undefined): boolean {
    return share !== undefined && share > 0 && this.#random.below(1_000_000) < share * 1_000_000
  }
}
