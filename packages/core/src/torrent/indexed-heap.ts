/** Something that a heap may hold: the heap keeps its place there. -1 = in no heap. */
export interface HeapItem {
  heapAt: number
}

/**
 * A binary heap whose items know their place, so that any of them can be taken out in O(log n).
 * Invariant: `items[i].heapAt === i`, and no item comes before its parent. An item is in one heap at the most, and what
 * `before` compares does not change while it is inside.
 */
export class IndexedHeap<T extends HeapItem> {
  readonly #items: T[] = []
  readonly #before: (a: T, b: T) => boolean

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before
  }

  /** The first item, left inside. */
  get first(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    this.#items.push(item)
    this.#rise(item, this.#items.length - 1)
  }

  /** Takes an item out; false if it is not inside. */
  remove(item: T): boolean {
    const at = item.heapAt
    if (this.#items[at] !== item) return false
    item.heapAt = -1
    const last = this.#items.pop()
    if (last === undefined || last === item) return true
    this.#rise(last, at)
    this.#sink(last, last.heapAt)
    return true
  }

  #rise(item: T, from: number): void {
    let at = from
    while (at > 0) {
      const parentAt = (at - 1) >> 1
      const parent = this.#items[parentAt]
      if (parent === undefined || !this.#before(item, parent)) break
      this.#put(parent, at)
      at = parentAt
    }
    this.#put(item, at)
  }

  #sink(item: T, from: number): void {
    let at = from
    for (;;) {
      const left = this.#items[2 * at + 1]
      const right = this.#items[2 * at + 2]
      const child = left !== undefined && right !== undefined && this.#before(right, left) ? right : left
      if (child === undefined || !this.#before(child, item)) break
      const childAt = child.heapAt
      this.#put(child, at)
      at = childAt
    }
    this.#put(item, at)
  }

  #put(item: T, at: number): void {
    this.#items[at] = item
    item.heapAt = at
  }
}
