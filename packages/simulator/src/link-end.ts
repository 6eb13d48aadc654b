import { BitloomError, type Connection, type IpEndpoint } from '@bitloom/core'
import { type Cargo, cutCargo } from './cargo.js'
import type { EventTarget } from './event-queue.js'
import { Fifo, type Host } from './host.js'
import type { SimulatedNetwork } from './simulated-network.js'
import { SymbolicBytes } from './symbolic-bytes.js'

/** Writes of this size wait for nobody when nothing of their connection is queued: an uplink sends packets in turn. */
const smallBytes = 2_048
const highWaterBytes = 1_048_576

const arrival = 0
const farClosed = 1
const lost = 2
const resumed = 3
const toldLate = 4

/**
 * One end of a simulated connection: bytes go out by the host's uplink, take the latency, come in by the far host's
 * downlink, in order. Nothing is delivered within a call: every delivery is an event of its own.
 */
export class LinkEnd implements Connection, EventTarget {
  readonly transport = 'tcp'
  readonly traceId: number
  readonly host: Host
  readonly remote: IpEndpoint
  readonly #network: SimulatedNetwork
  #far: LinkEnd | undefined
  /** Written and not sent. */
  readonly #outbox = new Fifo<Cargo>()
  #outboxBytes = 0
  /** In a queue of its host, or on the uplink. */
  #isOffered = false
  #isBlocked = false
  /** On the way to this end; those at the front have arrived. */
  readonly #inbox = new Fifo<Cargo>()
  #arrived = 0
  #lastArrivalMs = 0
  #isPaused = false
  #isClosed = false
  #bytesSink: ((bytes: Uint8Array, length: number) => void) | undefined
  #closeSink: ((error?: Error) => void) | undefined
  /** It was ended when nobody listened yet: with what. */
  #untold: { readonly error: Error | undefined } | undefined
  #drainSink: (() => void) | undefined
  /** The second half of what was cut in two. */
  #rest: Uint8Array | undefined
  /** The far side has closed. */
  #ending = false

  constructor(network: SimulatedNetwork, traceId: number, host: Host, remote: IpEndpoint) {
    this.#network = network
    this.traceId = traceId
    this.host = host
    this.remote = remote
    host.ends.add(this)
  }

  /** Joins two ends. */
  static join(near: LinkEnd, far: LinkEnd): void {
    near.#far = far
    far.#far = near
  }

  get far(): LinkEnd {
    if (this.#far === undefined) throw new RangeError('an end without the other')
    return this.#far
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  write(bytes: Uint8Array, done: () => void): boolean {
    if (this.#isClosed) {
      done()
      return false
    }
    if (this.#outbox.size === 0 && !this.#isOffered && bytes.length <= smallBytes) this.#slip(bytes, done)
    else this.#queue(bytes, done)
    this.#isBlocked = this.#outboxBytes > highWaterBytes
    return !this.#isBlocked
  }

  #slip(bytes: Uint8Array, done: () => void): void {
    for (const cargo of cutCargo(bytes, done)) this.#send(cargo, this.host.slip(cargo.lengthBytes))
  }

  #queue(bytes: Uint8Array, done: () => void): void {
    for (const cargo of cutCargo(bytes, done)) {
      this.#outbox.push(cargo)
      this.#outboxBytes += cargo.lengthBytes
    }
    this.#offer()
  }

  #offer(): void {
    if (this.#isOffered || this.#outbox.size === 0) return
    this.#isOffered = true
    this.host.offer(this)
  }

  /** It is this end's turn: how long its next stretch is; 0 = it has nothing to send any more. */
  nextStretch(): number {
    const next = this.#outbox.first
    if (next === undefined || this.#isClosed) this.#isOffered = false
    return this.#isClosed ? 0 : (next?.lengthBytes ?? 0)
  }

  /** Its next stretch is on the uplink until `sentMs`. */
  depart(sentMs: number): void {
    const cargo = this.#outbox.shift()
    if (cargo === undefined) return
    this.#outboxBytes -= cargo.lengthBytes
    this.#send(cargo, sentMs)
  }

  #send(cargo: Cargo, sentMs: number): void {
    const { far } = this
    const earliestMs = sentMs + this.#network.latencyMs(this.host, far.host)
    const atMs = Math.max(far.host.accept(cargo.lengthBytes, earliestMs), far.#lastArrivalMs)
    far.#lastArrivalMs = atMs
    far.#inbox.push(cargo)
    this.#network.count('sentBytes', cargo.lengthBytes)
    this.#network.clock.at(atMs, far, arrival)
  }

  /** Its stretch has left the uplink. */
  stretchSent(): void {
    this.#isOffered = false
    this.#offer()
    if (!this.#isBlocked || this.#outboxBytes > highWaterBytes / 2) return
    this.#isBlocked = false
    this.#drainSink?.()
  }

  fire(code: number): void {
    if (code === arrival) this.#arrive()
    else if (code === resumed) this.#deliver()
    else if (code === lost) this.#end(new BitloomError('IO', 'the connection was lost'))
    else if (code === toldLate) this.#tellLate()
    else this.#farClosed()
  }

  #arrive(): void {
    if (this.#isClosed) {
      this.#inbox.shift()?.done?.()
      return
    }
    this.#arrived++
    this.#deliver()
  }

  get #mayRead(): boolean {
    return !this.#isPaused && !this.#isClosed && this.#bytesSink !== undefined
  }

  #deliver(): void {
    while (this.#mayRead) {
      const rest = this.#rest
      this.#rest = undefined
      if (rest !== undefined) this.#bytesSink?.(rest, rest.length)
      else if (this.#arrived > 0) this.#deliverNext()
      else break
    }
    if (this.#arrived === 0 && this.#rest === undefined && this.#ending) this.#end(undefined)
  }

  #deliverNext(): void {
    this.#arrived--
    const cargo = this.#inbox.shift()
    if (cargo === undefined) return
    this.#network.count('receivedBytes', cargo.lengthBytes)
    const { bytes, cut } = this.#network.unpack(cargo)
    if (cut > 0)
      this.#rest =
        bytes instanceof SymbolicBytes ? bytes.subarray(cut, cargo.lengthBytes) : bytes.slice(cut, cargo.lengthBytes)
    this.#bytesSink?.(bytes, cut > 0 ? cut : cargo.lengthBytes)
    cargo.done?.()
  }

  /** Everything the other side sent before it closed comes first. */
  #farClosed(): void {
    this.#ending = true
    this.#deliver()
  }

  #end(error: Error | undefined): void {
    if (this.#isClosed) return
    this.#shut()
    if (error !== undefined) this.far.fire(lost)
    if (this.#closeSink === undefined) this.#untold = { error }
    else this.#closeSink(error)
  }

  #tellLate(): void {
    const untold = this.#untold
    this.#untold = undefined
    if (untold !== undefined) this.#closeSink?.(untold.error)
  }

  #shut(): void {
    this.#isClosed = true
    this.host.ends.delete(this)
    this.#network.closed(this)
    // What did not leave is dropped; what is still on its way to this end comes to nothing when it arrives.
    for (let cargo = this.#outbox.shift(); cargo !== undefined; cargo = this.#outbox.shift()) cargo.done?.()
    for (; this.#arrived > 0; this.#arrived--) this.#inbox.shift()?.done?.()
    this.#rest = undefined
    this.#outboxBytes = 0
  }

  /** The connection breaks: both ends hear of it at once. */
  cut(): void {
    this.#network.clock.at(this.#network.clock.nowMs(), this, lost)
  }

  onBytes(sink: (bytes: Uint8Array, length: number) => void): void {
    this.#bytesSink = sink
    this.#deliverSoon()
  }

  onDrain(sink: () => void): void {
    this.#drainSink = sink
  }

  onClose(sink: (error?: Error) => void): void {
    this.#closeSink = sink
    if (this.#untold !== undefined) this.#network.clock.at(0, this, toldLate)
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#deliverSoon()
  }

  #deliverSoon(): void {
    if (this.#arrived > 0 || this.#rest !== undefined || this.#ending) this.#network.clock.at(0, this, resumed)
  }

  close(): void {
    this.#untold = undefined
    if (this.#isClosed) return
    this.#shut()
    const { far } = this
    const atMs = this.#network.clock.nowMs() + this.#network.latencyMs(this.host, far.host)
    far.#lastArrivalMs = Math.max(far.#lastArrivalMs, atMs)
    this.#network.clock.at(far.#lastArrivalMs, far, farClosed)
  }
}
