/** What is new since a cursor. */
export interface Changes<T> {
  /** For the next question. */
  readonly cursor: number
  /** The cursor was too old, or none: `changed` is all there is, and whoever asked forgets what it had. */
  readonly isWhole: boolean
  readonly changed: readonly T[]
  /** Keys of those that are gone. */
  readonly removed: readonly string[]
}

/** So many that are gone are remembered; who asks more seldom gets everything. */
const mostRemoved = 1_000

/**
 * Who changed since when, for readers that ask now and then: each has the cursor of its last answer. A change costs O(1),
 * an answer what changed since, however many there are.
 *
 * Invariant: an item is in the one set of the epoch in which it changed last; an epoch ends when somebody asks.
 */
export class ChangeLog<T> {
  readonly #epochs = new Map<number, Set<T>>()
  readonly #epochOf = new Map<T, number>()
  readonly #removed: { readonly key: string; readonly epoch: number }[] = []
  #now = 1
  /** Cursors before this one are too old. */
  #oldest = 1

  /** It looks different, or is new. */
  touch(item: T): void {
    const before = this.#epochOf.get(item)
    if (before === this.#now) return
    if (before !== undefined) this.#takeOut(item, before)
    const set = this.#epochs.get(this.#now) ?? new Set<T>()
    this.#epochs.set(this.#now, set.add(item))
    this.#epochOf.set(item, this.#now)
  }

  remove(item: T, key: string): void {
    const before = this.#epochOf.get(item)
    if (before === undefined) return
    this.#takeOut(item, before)
    this.#epochOf.delete(item)
    this.#removed.push({ key, epoch: this.#now })
    if (this.#removed.length > mostRemoved) this.#oldest = (this.#removed.shift()?.epoch ?? 0) + 1
  }

  since(cursor: number | undefined): Changes<T> {
    const from = cursor ?? 0
    const isWhole = from < this.#oldest || from > this.#now
    const changed: T[] = []
    for (const [epoch, items] of this.#epochs) if (isWhole || epoch >= from) changed.push(...items)
    const removed = isWhole ? [] : this.#removed.filter(({ epoch }) => epoch >= from).map(({ key }) => key)
    return { cursor: ++this.#now, isWhole, changed, removed }
  }

  #takeOut(item: T, epoch: number): void {
    const set = this.#epochs.get(epoch)
    set?.delete(item)
    if (set?.size === 0) this.#epochs.delete(epoch)
  }
}
