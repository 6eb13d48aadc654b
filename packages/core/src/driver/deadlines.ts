import { type HeapItem, IndexedHeap } from '../torrent/indexed-heap.js'

interface Entry<T> extends HeapItem {
  readonly item: T
  readonly order: number
  dueMs: number
}

/**
 * When something is to be done for each of many: whoever has nothing due costs nothing. A deadline only comes nearer
 * until it is taken; one look too many does no harm.
 *
 * Invariant: an entry is in the heap while its deadline is finite.
 */
export class Deadlines<T> {
  readonly #entries = new Map<T, Entry<T>>()
  readonly #heap = new IndexedHeap<Entry<T>>((a, b) => (a.dueMs === b.dueMs ? a.order < b.order : a.dueMs < b.dueMs))
  #added = 0

  /** The first of all deadlines; `Infinity` if there is none. */
  get nextMs(): number {
    return this.#heap.first?.dueMs ?? Infinity
  }

  /** Something is due then, if not sooner. */
  hasten(item: T, dueMs: number): void {
    const known = this.#entries.get(item)
    if (dueMs >= (known?.dueMs ?? Infinity)) return
    const entry = known ?? { item, order: this.#added++, dueMs, heapAt: -1 }
    this.#entries.set(item, entry)
    this.#heap.remove(entry)
    entry.dueMs = dueMs
    this.#heap.push(entry)
  }

  /** Takes the deadlines up to a time, and answers whose they were, in the order they were first heard of. */
  take(untilMs: number): T[] {
    const due: Entry<T>[] = []
    for (let entry = this.#heap.first; entry !== undefined && entry.dueMs <= untilMs; entry = this.#heap.first) {
      this.#heap.remove(entry)
      entry.dueMs = Infinity
      due.push(entry)
    }
    return due.sort((a, b) => a.order - b.order).map(({ item }) => item)
  }

  delete(item: T): void {
    const entry = this.#entries.get(item)
    if (entry === undefined) return
    this.#heap.remove(entry)
    this.#entries.delete(item)
  }
}
