import { type HeapItem, IndexedHeap } from './indexed-heap.js'

/** What a torrent wants to do: each lane has a limit of its own. */
export type Lane = 'download' | 'seed'

/** How many torrents may be at work; `undefined` = all. */
export interface QueueLimits {
  readonly activeDownloads?: number | undefined
  readonly activeSeeds?: number | undefined
}

/** Where in the order of the queue: its ends, one place nearer to them, or a position from 0. */
export type QueueMove = 'top' | 'up' | 'down' | 'bottom' | number

/** What one that wants to work shall do now. */
export interface QueueVerdict<T> {
  readonly item: T
  readonly runs: boolean
}

interface Entry<T> extends HeapItem {
  readonly item: T
  /** Lower comes first. A whole number, so that a record can keep it. */
  rank: number
  position: number
  lane: Lane | undefined
  isForced: boolean
  runs: boolean
}

interface LaneBooks<T> {
  /** Who runs within the limit, the last in the order first. */
  readonly running: IndexedHeap<Entry<T>>
  /** Who waits, the first in the order first. */
  readonly waiting: IndexedHeap<Entry<T>>
  count: number
}

/** Torrents that lend their turn work beside the limits; so many at the most (libtorrent's `active_limit`). */
const mostLent = 500
/** Between neighbours there is room for so many halvings; then all are numbered anew. */
const rankStep = 2 ** 20

/**
 * Who may work and who waits, as libtorrent's auto-managed torrents: the first in the order run, as many in each lane as
 * its limit lets; one that comes before a running one takes its place. Forced ones run always and are not counted. Every
 * change answers what is different for whom, in O(log n) for each; only a move in the order looks at all of it. One that is at
 * work and lends its turn goes on and is not counted either, until it takes it back.
 *
 * Invariant: an entry with a lane that is counted is in the one heap of its lane that `runs` says; no other is in a heap.
 */
export class TorrentQueue<T> {
  readonly #entries = new Map<T, Entry<T>>()
  /** Who lends its turn: with a lane, and running. */
  readonly #lent = new Set<Entry<T>>()
  readonly #lanes: Readonly<Record<Lane, LaneBooks<T>>> = { download: laneBooks(), seed: laneBooks() }
  #limits: QueueLimits
  #lastRank = 0
  /** By rank; `undefined` after a change. */
  #order: Entry<T>[] | undefined

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  /** At the end of the order, or where an earlier queue had it. It wants nothing yet. */
  add(item: T, place: { readonly rank?: number | undefined; readonly forced?: boolean | undefined } = {}): void {
    const rank = place.rank ?? this.#lastRank + rankStep
    this.#lastRank = Math.max(this.#lastRank, rank)
    const isForced = place.forced === true
    this.#entries.set(item, { item, rank, position: 0, lane: undefined, isForced, runs: false, heapAt: -1 })
    this.#order = undefined
  }

  remove(item: T): readonly QueueVerdict<T>[] {
    const verdicts = this.leave(item)
    this.#entries.delete(item)
    this.#order = undefined
    return verdicts
  }

  /** It wants to work in this lane from now on. The answer has a verdict for it in any case. */
  enter(item: T, lane: Lane): readonly QueueVerdict<T>[] {
    return this.#change(item, (entry) => (entry.lane = lane), true)
  }

  /** It wants nothing any more: it is paused, failed or gone. */
  leave(item: T): readonly QueueVerdict<T>[] {
    return this.#change(item, (entry) => (entry.lane = undefined))
  }

  /** A forced one runs whatever the limits are. */
  force(item: T, on: boolean): readonly QueueVerdict<T>[] {
    return this.#change(item, (entry) => (entry.isForced = on))
  }

  /** One that is at work goes on without being counted, or is counted again. */
  lend(item: T, on: boolean): readonly QueueVerdict<T>[] {
    const entry = this.#entries.get(item)
    if (entry === undefined || this.#lent.has(entry) === on) return []
    if (on && (!entry.runs || this.#lent.size >= mostLent)) return []
    return this.#change(item, () => (on ? this.#lent.add(entry) : this.#lent.delete(entry)))
  }

  /** `ranked`: whose place in the order has another number now. */
  move(item: T, to: QueueMove): { readonly verdicts: readonly QueueVerdict<T>[]; readonly ranked: readonly T[] } {
    let ranked: readonly T[] = []
    const verdicts = this.#change(item, (entry) => (ranked = this.#place(entry, to)))
    return { verdicts, ranked }
  }

  setLimits(limits: QueueLimits): readonly QueueVerdict<T>[] {
    this.#limits = limits
    const before = new Map<Entry<T>, boolean>()
    this.#balance('download', before)
    this.#balance('seed', before)
    return verdictsOf(before)
  }

  /** From 0; `undefined` for one that is not in the queue. */
  position(item: T): number | undefined {
    this.#sorted()
    return this.#entries.get(item)?.position
  }

  rank(item: T): number | undefined {
    return this.#entries.get(item)?.rank
  }

  isForced(item: T): boolean {
    return this.#entries.get(item)?.isForced === true
  }

  /** Takes an entry out of its heap, changes it, puts it where it belongs then, and looks who is to run. */
  #change(item: T, change: (entry: Entry<T>) => unknown, isAsked = false): readonly QueueVerdict<T>[] {
    const entry = this.#entries.get(item)
    if (entry === undefined) return []
    const before = new Map<Entry<T>, boolean>([[entry, entry.runs]])
    const lane = entry.lane
    this.#takeOut(entry)
    change(entry)
    if (entry.lane !== lane) this.#lent.delete(entry)
    this.#putIn(entry)
    if (lane !== undefined) this.#balance(lane, before)
    if (entry.lane !== undefined && entry.lane !== lane) this.#balance(entry.lane, before)
    if (entry.lane === undefined) before.delete(entry)
    else if (isAsked) before.set(entry, !entry.runs)
    return verdictsOf(before)
  }

  #isCounted(entry: Entry<T>): boolean {
    return entry.lane !== undefined && !entry.isForced && !this.#lent.has(entry)
  }

  #takeOut(entry: Entry<T>): void {
    if (entry.lane === undefined || !this.#isCounted(entry)) return
    const books = this.#lanes[entry.lane]
    if (books.running.remove(entry)) books.count--
    else books.waiting.remove(entry)
  }

  #putIn(entry: Entry<T>): void {
    if (entry.lane === undefined || !this.#isCounted(entry)) {
      entry.runs = entry.lane !== undefined
      return
    }
    const books = this.#lanes[entry.lane]
    if (entry.runs) books.count++
    books[entry.runs ? 'running' : 'waiting'].push(entry)
  }

  #balance(lane: Lane, before: Map<Entry<T>, boolean>): void {
    const { running, waiting } = this.#lanes[lane]
    const books = this.#lanes[lane]
    const limit = (lane === 'download' ? this.#limits.activeDownloads : this.#limits.activeSeeds) ?? Infinity
    const turn = (entry: Entry<T>): void => {
      if (!before.has(entry)) before.set(entry, entry.runs)
      this.#takeOut(entry)
      entry.runs = !entry.runs
      this.#putIn(entry)
    }
    for (;;) {
      const [next, last] = [waiting.first, running.first]
      if (last !== undefined && books.count > limit) turn(last)
      else if (next !== undefined && books.count < limit) turn(next)
      else if (next !== undefined && last !== undefined && next.rank < last.rank) turn(last)
      else return
    }
  }

  #sorted(): Entry<T>[] {
    if (this.#order === undefined) {
      this.#order = [...this.#entries.values()].sort((a, b) => a.rank - b.rank)
      for (const [position, entry] of this.#order.entries()) entry.position = position
    }
    return this.#order
  }

  #place(entry: Entry<T>, to: QueueMove): readonly T[] {
    const others = this.#sorted().filter((one) => one !== entry)
    const at = Math.max(0, Math.min(others.length, placeOf(entry.position, to)))
    this.#order = undefined
    const previous = others[at - 1]?.rank
    const next = others[at]?.rank
    if (previous !== undefined && next !== undefined && next - previous < 2) {
      others.splice(at, 0, entry)
      for (const [position, one] of others.entries()) one.rank = (position + 1) * rankStep
      this.#lastRank = others.length * rankStep
      return others.map(({ item }) => item)
    }
    if (previous === undefined) entry.rank = next === undefined ? entry.rank : next - rankStep
    else entry.rank = next === undefined ? previous + rankStep : Math.floor((previous + next) / 2)
    this.#lastRank = Math.max(this.#lastRank, entry.rank)
    return [entry.item]
  }
}

function placeOf(position: number, to: QueueMove): number {
  if (typeof to === 'number') return to
  return { top: 0, up: position - 1, down: position + 1, bottom: Infinity }[to]
}

/** Those that make room come first. */
function verdictsOf<T>(before: ReadonlyMap<Entry<T>, boolean>): readonly QueueVerdict<T>[] {
  const changed = [...before].filter(([entry, ran]) => entry.runs !== ran).map(([{ item, runs }]) => ({ item, runs }))
  return [...changed.filter(({ runs }) => !runs), ...changed.filter(({ runs }) => runs)]
}

function laneBooks<T>(): LaneBooks<T> {
  return {
    running: new IndexedHeap<Entry<T>>((a, b) => a.rank > b.rank),
    waiting: new IndexedHeap<Entry<T>>((a, b) => a.rank < b.rank),
    count: 0,
  }
}
