import { TimeHeap } from './time-heap.js'

/** Something that happens at a time. `code` tells a target with several kinds of events which one it is. */
export interface EventTarget {
  /** Names the target in the trace of a run: the same in every run of one seed. */
  readonly traceId: number
  /** It need not be fired any more. */
  readonly isCancelled?: boolean
  fire(code: number): void
}

const spanMs = 16

/**
 * What is to come, in order of time, then of scheduling. A swarm schedules tens of millions of events, most of them for
 * the next moments, and timers far ahead that seldom fire. So only what is due within one span of time is kept in order,
 * in a heap small enough for a processor's caches; the rest waits in a list for each span, and what was cancelled
 * meanwhile is dropped when its span's turn comes. Source: calendar queues (R. Brown, CACM 31(10), 1988).
 *
 * Invariant: the heap holds all events before `#endMs`, each list those of one later span.
 */
export class EventQueue {
  readonly #near = new TimeHeap<EventTarget>()
  /** By number of the span. */
  readonly #lists = new Map<number, EventList>()
  /** The same lists, the first to come at the front. */
  readonly #order = new TimeHeap<EventList>()
  #endMs = 0
  #nextOrder = 0
  #farSize = 0

  /** Events to come; some that were cancelled are among them. */
  get size(): number {
    return this.#near.size + this.#farSize
  }

  /** When the next event is due; `Infinity` without one. */
  get nextMs(): number {
    while (this.#near.size === 0 && this.#farSize > 0) this.#order.pop(this.#pour)
    return this.#near.firstMs
  }

  push(atMs: number, target: EventTarget, code: number): void {
    const order = this.#nextOrder++
    if (atMs < this.#endMs) this.#near.push(atMs, order, code, target)
    else this.#listOf(Math.floor(atMs / spanMs)).push(atMs, order, code, target)
  }

  #listOf(span: number): EventList {
    this.#farSize++
    const known = this.#lists.get(span)
    if (known !== undefined) return known
    const list = new EventList(span)
    this.#lists.set(span, list)
    this.#order.push(span, 0, 0, list)
    return list
  }

  /** Takes the event of `nextMs` off. */
  pop(use: (target: EventTarget, code: number) => void): void {
    this.#near.pop(use)
  }

  readonly #pour = (list: EventList): void => {
    this.#lists.delete(list.span)
    this.#endMs = (list.span + 1) * spanMs
    this.#farSize -= list.size
    list.pour(this.#near)
  }
}

/** The events of one span of time, in the order they were scheduled. */
class EventList {
  readonly #times: number[] = []
  readonly #orders: number[] = []
  readonly #codes: number[] = []
  readonly #targets: EventTarget[] = []

  constructor(readonly span: number) {}

  get size(): number {
    return this.#targets.length
  }

  push(atMs: number, order: number, code: number, target: EventTarget): void {
    this.#times.push(atMs)
    this.#orders.push(order)
    this.#codes.push(code)
    this.#targets.push(target)
  }

  pour(into: TimeHeap<EventTarget>): void {
    this.#targets.forEach((target, at) => {
      if (target.isCancelled === true) return
      into.push(this.#times[at] ?? 0, this.#orders[at] ?? 0, this.#codes[at] ?? 0, target)
    })
  }
}
