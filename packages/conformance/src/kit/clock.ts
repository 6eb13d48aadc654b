import type { Clock } from '@bitloom/core'

/** A clock that stands still until it is moved. */
export class StandingClock implements Clock {
  #nowMs = 1_000
  #timers = new Map<object, { readonly dueMs: number; readonly run: () => void }>()

  nowMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs
  }

  after(delayMs: number, run: () => void): () => void {
    const key = {}
    this.#timers.set(key, { dueMs: this.#nowMs + Math.max(0, delayMs), run })
    return () => void this.#timers.delete(key)
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.size
  }

  /** Runs what is due within the time, in order. */
  move(byMs: number): void {
    const untilMs = this.#nowMs + byMs
    for (;;) {
      const due = [...this.#timers].filter(([, { dueMs }]) => dueMs <= untilMs)
      const [first] = due.sort(([, a], [, b]) => a.dueMs - b.dueMs)
      if (first === undefined) break
      const [key, { dueMs, run }] = first
      this.#timers.delete(key)
      this.#nowMs = Math.max(this.#nowMs, dueMs)
      run()
    }
    this.#nowMs = untilMs
  }
}
