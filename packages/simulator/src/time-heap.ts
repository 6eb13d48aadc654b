const arity = 4
const firstCapacity = 256

/**
 * Items in order of time, then of `order`: a heap in flat arrays, without an object for each. `code` travels with an item.
 *
 * Invariant: entry i is not later than its children 4i+1 … 4i+4; entries live in [0, size).
 */
export class TimeHeap<T> {
  #times = new Float64Array(firstCapacity)
  #orders = new Float64Array(firstCapacity)
  #codes = new Int32Array(firstCapacity)
  readonly #items: (T | undefined)[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The time of the first; `Infinity` without one. */
  get firstMs(): number {
    return this.#size === 0 ? Infinity : (this.#times[0] ?? Infinity)
  }

  push(atMs: number, order: number, code: number, item: T): void {
    if (this.#size === this.#times.length) this.#grow()
    let at = this.#size++
    while (at > 0) {
      const parent = (at - 1) >> 2
      if (!this.#isAfter(parent, atMs, order)) break
      this.#move(parent, at)
      at = parent
    }
    this.#put(at, atMs, order, code, item)
  }

  /** Takes the first off and hands it to `use`; nothing when empty. */
  pop(use: (item: T, code: number) => void): void {
    if (this.#size === 0) return
    const item = this.#items[0]
    const code = this.#codes[0] ?? 0
    this.#removeFirst()
    if (item !== undefined) use(item, code)
  }

  #removeFirst(): void {
    const last = --this.#size
    const atMs = this.#times[last] ?? 0
    const order = this.#orders[last] ?? 0
    const code = this.#codes[last] ?? 0
    const item = this.#items[last]
    this.#items[last] = undefined
    if (last === 0 || item === undefined) return
    let at = 0
    for (;;) {
      const child = this.#firstChild(at)
      if (child < 0 || this.#isAfter(child, atMs, order)) break
      this.#move(child, at)
      at = child
    }
    this.#put(at, atMs, order, code, item)
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
    this.#items[to] = this.#items[from]
  }

  #put(at: number, atMs: number, order: number, code: number, item: T): void {
    this.#times[at] = atMs
    this.#orders[at] = order
    this.#codes[at] = code
    this.#items[at] = item
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
