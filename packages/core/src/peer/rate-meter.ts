/**
 * Smoothed bytes per second without timers: an exponential average with a time constant of five seconds, which decays
 * by itself while nothing comes. It is weighted, so that the first seconds are not dragged down by the time before.
 */
const timeConstantMs = 5_000

export class RateMeter {
  #average = 0
  #weight = 0
  #atMs = 0
  #fresh = 0

  /** Counts bytes; O(1), no allocation. */
  add(lengthBytes: number, nowMs: number): void {
    if (nowMs - this.#atMs >= 250) this.#fold(nowMs)
    this.#fresh += lengthBytes
  }

  /** Bytes per second, now. */
  rate(nowMs: number): number {
    if (nowMs - this.#atMs >= 250) this.#fold(nowMs)
    return this.#weight === 0 ? 0 : this.#average / this.#weight
  }

  #fold(nowMs: number): void {
    if (this.#atMs === 0) {
      this.#atMs = nowMs
      return
    }
    const elapsedMs = nowMs - this.#atMs
    const keep = Math.exp(-elapsedMs / timeConstantMs)
    this.#average = this.#average * keep + ((this.#fresh * 1_000) / elapsedMs) * (1 - keep)
    this.#weight = this.#weight * keep + (1 - keep)
    if (this.#average < 1) this.#average = 0
    this.#fresh = 0
    this.#atMs = nowMs
  }
}
