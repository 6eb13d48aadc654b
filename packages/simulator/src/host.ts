import { blockHeaderBytes, type Connection } from '@bitloom/core'
import type { EventTarget } from './event-queue.js'
import { arrival, type LinkEnd } from './link-end.js'
import type { VirtualClock } from './virtual-clock.js'

/** How a node is connected. */
export interface Line {
  /** `Infinity` = as fast as can be. */
  readonly upBytesPerSecond: number
  readonly downBytesPerSecond: number
  /** From the node to the middle of the network, one way. */
  readonly latencyMs: number
  /** False: behind a NAT, it can dial and cannot be dialled. */
  readonly reachable: boolean
}

/** What may queue in front of a node's downlink before senders wait: as long as this, and at least two blocks. */
const queueMs = 100
const queueBytes = 32_768

const leastWaitMs = 0.01
/** As much as a receiver reads at a time. */
const mostStretchBytes = 65_536 + 4 * blockHeaderBytes

const uplinkFree = 0
const downlinkRoom = 1
const gathered = 2

/** How coarse time is at a host; see `NetworkSpec`. */
export interface Coarseness {
  readonly stretchMs: number
  readonly gatherMs: number
}

/**
 * One node's line. Its uplink serves its connections in turn, a block at a time; a connection whose receiver has enough
 * queued waits without holding up the others, and receivers let waiting senders go on in turn. So a line is shared fairly
 * in both directions and nothing is lost.
 */
export class Host implements EventTarget {
  readonly traceId: number
  readonly name: string
  readonly line: Line
  readonly listeners = new Map<number, (connection: Connection) => void>()
  readonly ends = new Set<LinkEnd>()
  /** The node is there. */
  isUp = true
  sentBytes = 0
  receivedBytes = 0
  readonly #clock: VirtualClock
  readonly #upPerMs: number
  readonly #downPerMs: number
  /** Ends with something to send, in turn. */
  #ready = new Fifo<LinkEnd>()
  /** The end whose stretch is on the uplink. */
  #sending: LinkEnd | undefined
  /** Small messages slipped in between; the next stretch waits for them. */
  #owedUpMs = 0
  /** Until when the downlink has work. */
  #downBusyMs = 0
  /** Senders that wait for room, in turn, and those that were let go on and have not sent yet. */
  readonly #waiting = new Fifo<LinkEnd>()
  readonly #granted = new Set<LinkEnd>()
  #isWakeSet = false
  readonly #gatherMs: number
  /** By time: whom something reaches then, in the order it was sent. */
  readonly #gatherings = new Map<number, LinkEnd[]>()

  /** What it sends at a stretch at the most, but for a single block. */
  readonly #stretchBytes: number

  constructor(traceId: number, name: string, line: Line, clock: VirtualClock, { stretchMs, gatherMs }: Coarseness) {
    this.traceId = traceId
    this.name = name
    this.line = line
    this.#clock = clock
    this.#gatherMs = gatherMs
    this.#upPerMs = line.upBytesPerSecond / 1_000
    this.#downPerMs = line.downBytesPerSecond / 1_000
    this.#stretchBytes = stretchMs === 0 ? 0 : Math.min(mostStretchBytes, stretchMs * this.#upPerMs)
  }

  /** An end has something to send and is in no queue. */
  offer(end: LinkEnd): void {
    this.#ready.push(end)
    if (this.#sending === undefined) this.#sendNext()
  }

  /** A few bytes that need not wait for their turn. Answers when they are at the far end of the uplink. */
  slip(lengthBytes: number): number {
    const ms = lengthBytes / this.#upPerMs
    this.sentBytes += lengthBytes
    if (this.#sending !== undefined) this.#owedUpMs += ms
    return this.#clock.nowMs() + ms
  }

  /** Bytes come that arrive at `atMs` at the earliest; answers when they have passed the downlink. */
  accept(lengthBytes: number, atMs: number): number {
    this.receivedBytes += lengthBytes
    this.#downBusyMs = Math.max(this.#downBusyMs, this.#clock.nowMs()) + lengthBytes / this.#downPerMs
    return Math.max(atMs, this.#downBusyMs)
  }

  /** Something reaches an end at `atMs` or, where deliveries are gathered, somewhat later. Answers when. */
  deliver(end: LinkEnd, atMs: number): number {
    if (this.#gatherMs === 0) {
      this.#clock.at(atMs, end, arrival)
      return atMs
    }
    const dueMs = Math.ceil(atMs / this.#gatherMs) * this.#gatherMs
    const gathering = this.#gatherings.get(dueMs)
    if (gathering !== undefined) {
      gathering.push(end)
    } else {
      this.#gatherings.set(dueMs, [end])
      this.#clock.at(dueMs, this, gathered)
    }
    return dueMs
  }

  #deliverGathered(): void {
    const nowMs = this.#clock.nowMs()
    const ends = this.#gatherings.get(nowMs) ?? []
    this.#gatherings.delete(nowMs)
    for (const end of ends) {
      this.#clock.trace.add(nowMs, end.traceId, arrival)
      end.fire(arrival)
    }
  }

  fire(code: number): void {
    if (code === gathered) {
      this.#deliverGathered()
    } else if (code === uplinkFree) {
      const sent = this.#sending
      this.#sending = undefined
      sent?.stretchSent()
      if (this.#sending === undefined) this.#sendNext()
    } else {
      this.#isWakeSet = false
      this.#letGoOn()
    }
  }

  #sendNext(): void {
    for (let end = this.#ready.shift(); end !== undefined; end = this.#ready.shift()) {
      const receiver = end.far.host
      const isGranted = receiver.#takeGrant(end)
      const lengthBytes = end.nextStretch(this.#stretchBytes)
      if (lengthBytes === 0) continue
      if (!isGranted && receiver.#isFull()) {
        receiver.#makeWait(end)
        continue
      }
      const nowMs = this.#clock.nowMs()
      const sentMs = nowMs + this.#owedUpMs + lengthBytes / this.#upPerMs
      this.#owedUpMs = 0
      this.sentBytes += lengthBytes
      this.#sending = end
      end.depart(sentMs)
      this.#clock.at(sentMs, this, uplinkFree)
      return
    }
  }

  get #queueMs(): number {
    return Math.max(queueMs, queueBytes / this.#downPerMs)
  }

  /** Until when the downlink has work, what was granted included. */
  get #claimedMs(): number {
    return this.#downBusyMs + (this.#granted.size * queueBytes) / 2 / this.#downPerMs
  }

  #isFull(): boolean {
    return this.#waiting.size > 0 || this.#claimedMs - this.#clock.nowMs() > this.#queueMs
  }

  #makeWait(end: LinkEnd): void {
    this.#waiting.push(end)
    this.#wakeLater()
  }

  #wakeLater(): void {
    if (this.#isWakeSet || this.#waiting.size === 0) return
    this.#isWakeSet = true
    // Later than now in any case, or rounding would keep time standing still.
    this.#clock.at(Math.max(this.#claimedMs - this.#queueMs, this.#clock.nowMs() + leastWaitMs), this, downlinkRoom)
  }

  /** As many as there is room for go on when their uplink comes to them: room is kept for each. */
  #letGoOn(): void {
    while (this.#waiting.size > 0 && this.#claimedMs - this.#clock.nowMs() <= this.#queueMs) {
      const end = this.#waiting.shift()
      if (end === undefined) return
      this.#granted.add(end)
      end.host.offer(end)
    }
    this.#wakeLater()
  }

  #takeGrant(end: LinkEnd): boolean {
    return this.#granted.delete(end)
  }
}

/** First in, first out, in a ring that keeps its room. */
export class Fifo<T> {
  #ring: (T | undefined)[] = []
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  get first(): T | undefined {
    return this.#size === 0 ? undefined : this.#ring[this.#head]
  }

  push(item: T): void {
    if (this.#size === this.#ring.length) this.#grow()
    this.#ring[(this.#head + this.#size++) & (this.#ring.length - 1)] = item
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const item = this.#ring[this.#head]
    this.#ring[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#ring.length - 1)
    this.#size--
    return item
  }

  /** Its length is a power of two, so that places are found by a mask. */
  #grow(): void {
    const old = this.#ring
    this.#ring = [...old.slice(this.#head), ...old.slice(0, this.#head)]
    for (let at = 0; at < Math.max(4, old.length); at++) this.#ring.push(undefined)
    this.#head = 0
  }
}
