/** How fast something grows, smoothed: a mean over the past in which what is `spanMs` old counts for a third. */
class Smoothed {
  readonly #spanMs: number
  #sum = 0
  #weight = 0

  constructor(spanMs: number) {
    this.#spanMs = spanMs
  }

  add(bytes: number, ms: number): void {
    const kept = Math.exp(-ms / this.#spanMs)
    this.#sum = this.#sum * kept + (bytes / ms) * 1_000 * (1 - kept)
    this.#weight = this.#weight * kept + 1 - kept
  }

  /** Bytes/s. Young means are not drawn towards 0. */
  get rate(): number {
    return this.#weight === 0 ? 0 : this.#sum / this.#weight
  }
}

const shownMs = 3_000
const foretoldMs = 30_000
/** Earlier nothing can be foretold. */
const youngMs = 2_000
/** After so long without a byte neither. */
const silentMs = 15_000

/**
 * How fast a torrent goes. It counts bytes, so that peers that come and go do not shake it. What is shown follows within
 * seconds; what is foretold is a mean over half a minute, and is `undefined` where nobody could know.
 */
export class Pace {
  readonly #shown = new Smoothed(shownMs)
  readonly #foretold = new Smoothed(foretoldMs)
  #bytes: number | undefined
  #atMs = 0
  #startMs = 0
  #movedMs = 0

  /** `bytes` only grows. */
  add(bytes: number, nowMs: number): void {
    const before = this.#bytes
    const ms = nowMs - this.#atMs
    if (before !== undefined && ms <= 0) return
    this.#bytes = bytes
    this.#atMs = nowMs
    if (before === undefined) {
      this.#startMs = this.#movedMs = nowMs
      return
    }
    // Waiting for the first byte is not the pace of what follows.
    if (before === bytes && this.#shown.rate === 0) {
      this.#startMs = nowMs
      return
    }
    if (bytes > before) this.#movedMs = nowMs
    this.#shown.add(bytes - before, ms)
    this.#foretold.add(bytes - before, ms)
  }

  /** Bytes/s. */
  get rate(): number {
    return this.#shown.rate < 1 ? 0 : this.#shown.rate
  }

  /** How long so much takes; `undefined` while it cannot be told: nothing has come for a while, or only just begins. */
  secondsFor(leftBytes: number): number | undefined {
    if (leftBytes === 0) return 0
    const isYoung = this.#atMs - this.#startMs < youngMs
    const isSilent = this.#atMs - this.#movedMs >= silentMs
    const rate = this.#foretold.rate
    return isYoung || isSilent || rate < 1 ? undefined : leftBytes / rate
  }
}
