/** A torrent that transfers less does not count (libtorrent's `inactive_down_rate` and `inactive_up_rate`). */
const slowBytesPerSecond = 2_048
/** For so long after it began, or was faster (libtorrent's `auto_manage_startup`). */
const patienceMs = 60_000
/** Over so long the rate is taken. */
const windowMs = 10_000

/**
 * Whether a torrent at work is so slow that it lends its turn, as libtorrent's inactive torrents with
 * `dont_count_slow_torrents`: slow is told after a minute, fast at the next look.
 */
export class Slowness {
  #fastMs = Infinity
  #lookedMs = Infinity
  #bytes = 0

  /** It begins to work. `bytes`: what it has transferred so far. */
  began(nowMs: number, bytes: number): void {
    this.#fastMs = nowMs
    this.#lookedMs = nowMs
    this.#bytes = bytes
  }

  /** When to look next. */
  get dueMs(): number {
    return this.#lookedMs + windowMs
  }

  /** True or false when there was something to tell. */
  look(nowMs: number, bytes: number): boolean | undefined {
    if (nowMs < this.dueMs) return undefined
    const rate = ((bytes - this.#bytes) * 1_000) / (nowMs - this.#lookedMs)
    this.#lookedMs = nowMs
    this.#bytes = bytes
    if (rate >= slowBytesPerSecond) this.#fastMs = nowMs
    return nowMs - this.#fastMs >= patienceMs
  }
}
