import { BitloomError, type Connection, type IpEndpoint } from '@bitloom/core'
import { byteCargo, type Cargo, cutCargo, shiftStretch, smallBytes, stretchBytes, tellDone } from './cargo.js'
import type { EventTarget } from './event-queue.js'
import { Fifo, type Host } from './host.js'
import type { SimulatedNetwork } from './simulated-network.js'
import { SymbolicBytes } from './symbolic-bytes.js'

const highWaterBytes = 1_048_576
/** So much on its way to a reader that pauses, or waiting for it, keeps its sender from sending more (TCP's window). */
const windowBytes = 262_144

/** Something has reached an end. */
export const arrival = 0
const farClosed = 1
const lost = 2
const resumed = 3
const toldLate = 4
const windowOpened = 5

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
  /** What goes onto the uplink next. */
  #stretch: Cargo | undefined
  #stretchBytes = 0
  /** On the uplink just now: its writes are done when it has left. */
  #leaving: Cargo | undefined
  /** In a queue of its host, or on the uplink. */
  #isOffered = false
  #isBlocked = false
  /** It may not send: the far side does not read. */
  #isHeld = false
  /** On the way to this end; those at the front have arrived. */
  readonly #inbox = new Fifo<Cargo>()
  #arrived = 0
  #inboxBytes = 0
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
    const mayPass = !this.#hasOutput && !this.#isOffered && !this.far.#isFull
    if (mayPass && bytes.length <= smallBytes) this.#slip(bytes, done)
    else this.#queue(bytes, done)
    this.#isBlocked = this.#outboxBytes > highWaterBytes
    return !this.#isBlocked
  }

  #slip(bytes: Uint8Array, done: () => void): void {
    const cargoes = bytes instanceof SymbolicBytes ? cutCargo(bytes, done) : [byteCargo(bytes, done)]
    for (const cargo of cargoes) this.#send(cargo, cargo.lengthBytes, this.host.slip(cargo.lengthBytes))
  }

  #queue(bytes: Uint8Array, done: () => void): void {
    for (const cargo of cutCargo(bytes, done)) {
      this.#outbox.push(cargo)
      this.#outboxBytes += cargo.lengthBytes
    }
    this.#offer()
  }

  get #hasOutput(): boolean {
    return this.#stretch !== undefined || this.#outbox.size > 0
  }

  /** It pauses, and enough waits for it. */
  get #isFull(): boolean {
    return this.#isPaused && this.#inboxBytes >= windowBytes
  }

  #offer(): void {
    if (this.#isOffered || !this.#hasOutput) return
    this.#isHeld = this.far.#isFull
    if (this.#isHeld) return
    this.#isOffered = true
    this.host.offer(this)
  }

  /** It is this end's turn: how long its next stretch is; 0 = it has nothing to send any more. */
  nextStretch(mostBytes: number): number {
    this.#isHeld = this.far.#isFull
    if (this.#stretch === undefined && !this.#isHeld) this.#cutStretch(mostBytes)
    const maySend = this.#stretch !== undefined && !this.#isHeld
    if (!maySend) this.#isOffered = false
    return maySend ? this.#stretchBytes : 0
  }

  #cutStretch(mostBytes: number): void {
    this.#stretch = shiftStretch(this.#outbox, mostBytes)
    if (this.#stretch !== undefined) this.#stretchBytes = stretchBytes(this.#stretch)
  }

  /** Its next stretch is on the uplink until `sentMs`. */
  depart(sentMs: number): void {
    const stretch = this.#stretch
    if (stretch === undefined) return
    this.#stretch = undefined
    this.#outboxBytes -= this.#stretchBytes
    this.#leaving = stretch
    this.#send(stretch, this.#stretchBytes, sentMs)
  }

  #send(stretch: Cargo, lengthBytes: number, sentMs: number): void {
    const { far } = this
    const earliestMs = sentMs + this.#network.latencyMs(this.host, far.host)
    const atMs = Math.max(far.host.accept(lengthBytes, earliestMs), far.#lastArrivalMs)
    far.#inbox.push(stretch)
    far.#inboxBytes += lengthBytes
    this.#network.count('sentBytes', lengthBytes)
    far.#lastArrivalMs = far.host.deliver(far, atMs)
  }

  /** Its stretch has left the uplink. */
  stretchSent(): void {
    const sent = this.#leaving
    this.#leaving = undefined
    tellDone(sent)
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
    else if (code === windowOpened) this.#offer()
    else this.#farClosed()
  }

  #arrive(): void {
    if (this.#isClosed) {
      tellDone(this.#inbox.shift())
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
    const lengthBytes = stretchBytes(cargo)
    this.#inboxBytes -= lengthBytes
    this.#network.count('receivedBytes', lengthBytes)
    const { bytes, cut } = this.#network.unpack(cargo)
    if (cut > 0)
      this.#rest = bytes instanceof SymbolicBytes ? bytes.subarray(cut, lengthBytes) : bytes.slice(cut, lengthBytes)
    this.#bytesSink?.(bytes, cut > 0 ? cut : lengthBytes)
    tellDone(cargo)
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
    tellDone(this.#stretch)
    this.#stretch = undefined
    for (let cargo = this.#outbox.shift(); cargo !== undefined; cargo = this.#outbox.shift()) cargo.done?.()
    for (; this.#arrived > 0; this.#arrived--) tellDone(this.#inbox.shift())
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
    const { far } = this
    if (!far.#isHeld) return
    far.#isHeld = false
    this.#network.clock.at(
      this.#network.clock.nowMs() + this.#network.latencyMs(this.host, far.host),
      far,
      windowOpened,
    )
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
