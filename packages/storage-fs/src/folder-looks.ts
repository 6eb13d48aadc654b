/** A look counts for no longer, however many files are opened meanwhile. */
const longestMs = 100

/**
 * What was seen of folders by those who open files one after the other, so that each folder is looked at once for all of
 * them. A look counts for 100 ms: for that long a link that takes the place of a folder may be followed. Those that are
 * shared by `during` count no longer than the last of its runs.
 */
export class FolderLooks<T = void> {
  readonly #nowMs: () => number
  #seen = new Map<string, Promise<T>>()
  #sinceMs = 0
  #openers = 0

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
  }

  /** Runs `open`, which shares its looks with all others that run meanwhile. */
  async during<R>(open: () => Promise<R>): Promise<R> {
    this.#openers++
    try {
      return await open()
    } finally {
      this.#openers--
      if (this.#openers === 0) this.#seen.clear()
    }
  }

  /** The look at a folder that counts, or a new one. One that failed counts for those alone who waited for it. */
  once(folder: string, look: () => Promise<T>): Promise<T> {
    const nowMs = this.#nowMs()
    if (nowMs - this.#sinceMs > longestMs) this.#seen = new Map()
    if (this.#seen.size === 0) this.#sinceMs = nowMs
    const seen = this.#seen
    const found = seen.get(folder)
    if (found !== undefined) return found
    const looking = look()
    seen.set(folder, looking)
    looking.catch(() => seen.delete(folder))
    return looking
  }
}
