/** Something that happens at a time. `code` tells a target with several kinds of events which one it is. */
export interface EventTarget {
  /** Names the target in the trace of a run: the same in every run of one seed. */
  readonly traceId: number
  fire(code: number): void
}

const arity = 4
const firstCapacity = 1_024

/**
 * What is to come, in order of time, then of scheduling: a heap in flat arrays, since a swarm schedules tens of millions
 * of events.
 *
 * Invariant: entry i is not later than its children 4i+1 … 4i+4; entries live in [0, size).
 */
export class EventQueue {
  #times = new Float64Array(firstCapacity)
  #orders = new Float64Array(firstCapacity)
  #codes = new Int32Array(firstCapacity)
  readonly #targets: (EventTarget | undefined)[] = []
  #size = 0
  #nextOrder = 0

  get size(): number {
    return this.#size
  }

  /** When the next event is due; `Infinity` without one. */
  get nextMs(): number {
    return this.#size === 0 ? Infinity : (this.#times[0] ?? Infinity)
  }

  push(atMs: number, target: EventTarget, code: number): void {
    if (this.#size === this.#times.length) this.#grow()
    const order = this.#nextOrder++
    let at = this.#size++
    while (at > 0) {
      const parent = (at - 1) >> 2
      if (!this.#isAfter(parent, atMs, order)) break
      this.#move(parent, at)
      at = parent
    }
    this.#put(at, atMs, order, code, target)
  }

  /** Takes the next event off; the queue must not be empty. */
  pop(use: (target: EventTarget, code: number) => void): void {
    const target = this.#targets[0]
    const code = this.#codes[0] ?? 0
    this.#removeFirst()
    if (target !== undefined) use(target, code)
  }

  #removeFirst(): void {
    const last = --this.#size
    const atMs = this.#times[last] ?? 0
    const order = this.#orders[last] ?? 0
    const code = this.#codes[last] ?? 0
    const target = this.#targets[last]
    this.#targets[last] = undefined
    if (last === 0 || target === undefined) return
    let at = 0
    for (;;) {
      const child = this.#firstChild(at)
      if (child < 0 || this.#isAfter(child, atMs, order)) break
      this.#move(child, at)
      at = child
    }
    this.#put(at, atMs, order, code, target)
  }

  #firstChild(of: number): number {
    const start = of * arity + 1
    if (start >= this.#size) return -1
    const end = Math.min(start + arity, this.#size)
    let best = start
    for (let child = start + 1; child < end; child++) {
      if (this.#isAfter(best, this.#times[child] ?? 0, this.#orders[child] ?? 0)) best = child
    }
    return best
  }

  #isAfter(index: number, atMs: number, order: number): boolean {
    const time = this.#times[index] ?? 0
    return time > atMs || (time === atMs && (this.#orders[index] ?? 0) > order)
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from] ?? 0
    this.#orders[to] = this.#orders[from] ?? 0
    this.#codes[to] = this.#codes[from] ?? 0
    this.#targets[to] = this.#targets[from]
  }

  #put(at: number, atMs: number, order: number, code: number, target: EventTarget): void {
    this.#times[at] = atMs
    this.#orders[at] = order
    this.#codes[at] = code
    this.#targets[at] = target
  }

  #grow(): void {
    const capacity = this.#times.length * 2
    const [times, orders, codes] = [this.#times, this.#orders, this.#codes]
    this.#times = new Float64Array(capacity)
    this.#times.set(times)
    this.#orders = new Float64Array(capacity)
    this.#orders.set(orders)
    this.#codes = new Int32Array(capacity)
    this.#codes.set(codes)
  }
}
