import type { OpenFile } from '@bitloom/core/node'

/** What a handle can do; a writable one can read as well. */
export type Access = 'read' | 'write'

/** What is open: it can be closed. */
interface Closable {
  close(): Promise<void>
}

interface Entry<H> {
  readonly path: string
  readonly access: Access
  readonly handle: Promise<H>
  users: number
  /** Out of the map: closed as soon as nobody uses it. */
  retired: boolean
  /** It could not be opened. */
  failed: boolean
}

/**
 * At most `limit` open files. Invariants: an entry with users is never closed; a path has at most one entry in the map,
 * and all users of a path share it; `#open` counts every handle that is open, being opened or being closed. The map's
 * order is the order of use, so that the one used longest ago is closed first.
 */
export class HandlePool<H extends Closable = OpenFile> {
  readonly #limit: number
  readonly #entries = new Map<string, Entry<H>>()
  /** Those that wait for a slot, in order; called with one, which is theirs. */
  readonly #waiting: (() => void)[] = []
  readonly #closing = new Set<Promise<void>>()
  #open = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Handles that are open now, for tests and for the curious. */
  get openFiles(): number {
    return this.#open
  }

  /**
   * Lends the handle of `path` to `use`; it is opened by `openFile` if there is none, or none that can write. Rejects
   * with what `openFile` or `use` reject with. `use` must not ask the pool for another handle.
   */
  async use<T>(path: string, access: Access, openFile: () => Promise<H>, use: (handle: H) => Promise<T>): Promise<T> {
    const { entry, isOwn } = this.#borrow(path, access, openFile)
    try {
      const handle = await entry.handle
      return await use(handle)
    } catch (error) {
      // Another user's way of opening it failed; ours may not.
      if (isOwn || !entry.failed) throw error
    } finally {
      this.#giveBack(entry)
    }
    return this.use(path, access, openFile, use)
  }

  #borrow(path: string, access: Access, openFile: () => Promise<H>): { entry: Entry<H>; isOwn: boolean } {
    const found = this.#entries.get(path)
    if (found !== undefined && (found.access === 'write' || access === 'read')) {
      found.users++
      this.#entries.delete(path)
      this.#entries.set(path, found)
      return { entry: found, isOwn: false }
    }
    if (found !== undefined) this.#retire(found)
    const handle = this.#reserve().then(openFile)
    const entry: Entry<H> = { path, access, handle, users: 1, retired: false, failed: false }
    this.#entries.set(path, entry)
    handle.catch(() => {
      entry.failed = true
      this.#forget(entry)
      this.#freeSlot()
    })
    return { entry, isOwn: true }
  }

  #giveBack(entry: Entry<H>): void {
    entry.users--
    if (entry.users > 0) return
    if (entry.retired) void this.#close(entry)
    else if (this.#waiting.length > 0) this.#retire(entry)
  }

  /** Resolves with a slot to open a file in. */
  #reserve(): Promise<void> {
    if (this.#open < this.#limit) {
      this.#open++
      return Promise.resolve()
    }
    const slot = new Promise<void>((resolve) => this.#waiting.push(resolve))
    for (const entry of this.#entries.values()) {
      if (entry.users > 0) continue
      this.#retire(entry)
      break
    }
    return slot
  }

  #freeSlot(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#open--
    else next()
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
    this.#freeSlot()
  }

  /** The next user of this file opens it anew. */
  drop(path: string): void {
    const entry = this.#entries.get(path)
    if (entry !== undefined) this.#retire(entry)
  }

  /** Resolves when the handles given up so far are closed. */
  async settled(): Promise<void> {
    await Promise.all(this.#closing)
  }
}
