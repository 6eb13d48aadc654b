import type { OpenFile } from '@bitloom/core/node'

/** What a handle can do; a writable one can read as well. */
export type Access = 'read' | 'write'

/** What is open: it can be closed. */
interface Closable {
  close(): Promise<void>
}

/** Places for open files; those that wait for one get it in order. */
class Slots {
  readonly #limit: number
  readonly #waiting: (() => void)[] = []
  #taken = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get taken(): number {
    return this.#taken
  }

  get isFull(): boolean {
    return this.#taken >= this.#limit
  }

  get isAwaited(): boolean {
    return this.#waiting.length > 0
  }

  take(): Promise<void> {
    if (this.isFull) return new Promise((resolve) => this.#waiting.push(resolve))
    this.#taken++
    return Promise.resolve()
  }

  free(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#taken--
    else next()
  }
}

/** Open files by their path, lent to whoever reads or writes. */
export interface Handles<H = OpenFile> {
  /**
   * Lends the handle of `path` to `use`; it is opened by `openFile` if there is none, or none that can write. Rejects
   * with what `openFile` or `use` reject with. `use` must not ask for another handle.
   */
  use<T>(path: string, access: Access, openFile: () => Promise<H>, use: (handle: H) => Promise<T>): Promise<T>
  /** The next user of this file opens it anew. */
  drop(path: string): void
  /** Resolves when the handles given up so far are closed. */
  settled(): Promise<void>
}

interface Entry<H> {
  readonly path: string
  readonly access: Access
  /** Of whose share it is. */
  readonly share: Slots
  readonly handle: Promise<H>
  users: number
  /** Out of the map: closed as soon as nobody uses it. */
  retired: boolean
  /** It could not be opened. */
  failed: boolean
}

/**
 * At most `limit` open files, and of each share no more than its own limit. Invariants: an entry with users is never closed;
 * a path has at most one entry in the map, and all users of a path share it; a slot is taken for every handle that is open,
 * being opened or being closed. The map's order is the order of use, so that the one used longest ago is closed first.
 */
export class HandlePool<H extends Closable = OpenFile> implements Handles<H> {
  readonly #slots: Slots
  /** Of those that have no share of their own. */
  readonly #rest = new Slots(Infinity)
  readonly #entries = new Map<string, Entry<H>>()
  readonly #closing = new Set<Promise<void>>()

  constructor(limit: number) {
    this.#slots = new Slots(limit)
  }

  /** Handles that are open now, for tests and for the curious. */
  get openFiles(): number {
    return this.#slots.taken
  }

  /** The pool as one torrent sees it: so many of its files are open at the most. */
  share(limit: number): Handles<H> {
    const share = new Slots(limit)
    return {
      use: (path, access, openFile, use) => this.#use(share, path, access, openFile, use),
      drop: (path) => this.drop(path),
      settled: () => this.settled(),
    }
  }

  use<T>(path: string, access: Access, openFile: () => Promise<H>, use: (handle: H) => Promise<T>): Promise<T> {
    return this.#use(this.#rest, path, access, openFile, use)
  }

  async #use<T>(
    share: Slots,
    path: string,
    access: Access,
    openFile: () => Promise<H>,
    use: (handle: H) => Promise<T>,
  ): Promise<T> {
    const { entry, isOwn } = this.#borrow(share, path, access, openFile)
    try {
      const handle = await entry.handle
      return await use(handle)
    } catch (error) {
      // Another user's way of opening it failed; ours may not.
      if (isOwn || !entry.failed) throw error
    } finally {
      this.#giveBack(entry)
    }
    return this.#use(share, path, access, openFile, use)
  }

  #borrow(share: Slots, path: string, access: Access, openFile: () => Promise<H>): { entry: Entry<H>; isOwn: boolean } {
    const found = this.#entries.get(path)
    if (found !== undefined && (found.access === 'write' || access === 'read')) {
      found.users++
      this.#entries.delete(path)
      this.#entries.set(path, found)
      return { entry: found, isOwn: false }
    }
    if (found !== undefined) this.#retire(found)
    const handle = this.#reserve(share).then(openFile)
    const entry: Entry<H> = { path, access, share, handle, users: 1, retired: false, failed: false }
    this.#entries.set(path, entry)
    handle.catch(() => {
      entry.failed = true
      this.#forget(entry)
      this.#freeSlots(entry)
    })
    return { entry, isOwn: true }
  }

  #giveBack(entry: Entry<H>): void {
    entry.users--
    if (entry.users > 0) return
    if (entry.retired) void this.#close(entry)
    else if (this.#slots.isAwaited || entry.share.isAwaited) this.#retire(entry)
  }

  /** Resolves when a file may be opened: its own share has room, and then the pool. */
  async #reserve(share: Slots): Promise<void> {
    await this.#take(share, (entry) => entry.share === share)
    await this.#take(this.#slots, () => true)
  }

  #take(slots: Slots, isAmong: (entry: Entry<H>) => boolean): Promise<void> {
    const mustWait = slots.isFull
    const slot = slots.take()
    if (mustWait) this.#retireIdle(isAmong)
    return slot
  }

  /** The one used longest ago that nobody uses now. */
  #retireIdle(isAmong: (entry: Entry<H>) => boolean): void {
    for (const entry of this.#entries.values()) {
      if (entry.users > 0 || !isAmong(entry)) continue
      this.#retire(entry)
      return
    }
  }

  #freeSlots(entry: Entry<H>): void {
    this.#slots.free()
    entry.share.free()
  }

  #retire(entry: Entry<H>): void {
    this.#forget(entry)
    entry.retired = true
    if (entry.users === 0) void this.#close(entry)
  }

  #forget(entry: Entry<H>): void {
    if (this.#entries.get(entry.path) === entry) this.#entries.delete(entry.path)
  }

  #close(entry: Entry<H>): Promise<void> {
    const closing = this.#closeHandle(entry).finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
    return closing
  }

  async #closeHandle(entry: Entry<H>): Promise<void> {
    const handle = await entry.handle.catch(() => undefined)
    // One that never opened gave its slot back then.
    if (handle === undefined) return
    // A close that fails loses nothing: what was written is durable by `sync` or not at all.
    await handle.close().catch(() => {})
    this.#freeSlots(entry)
  }

  drop(path: string): void {
    const entry = this.#entries.get(path)
    if (entry !== undefined) this.#retire(entry)
  }

  async settled(): Promise<void> {
    await Promise.all(this.#closing)
  }
}
