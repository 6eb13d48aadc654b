const burstMs = 1_000

/** When each of many may go that want to at once: those of one second at once, the others one after the other. */
export class Spread {
  readonly #everyMs: number
  #lastMs = -Infinity

  constructor(perSecond: number) {
    this.#everyMs = 1_000 / perSecond
  }

  next(nowMs: number): number {
    this.#lastMs = Math.max(this.#lastMs, nowMs - burstMs) + this.#everyMs
    return Math.max(nowMs, this.#lastMs)
  }
}
