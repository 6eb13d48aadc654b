import type { Clock } from '../../src/ports/clock.js'

interface Timer {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

/** Time that moves only when told. Timers fire in order of time, then of setting. */
export class VirtualClock implements Clock {
  #nowMs = 1_000
  #order = 0
  #timers: Timer[] = []

  nowMs(): number {
    return this.#nowMs
  }

  /** How far the wall clock was set forward, or back. */
  jumpMs = 0

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs + this.jumpMs
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  get pending(): number {
    return this.#timers.length
  }

  /** Fires timers until `done` or until `limitMs` have passed; answers whether `done` came true. */
  async runUntil(done: () => boolean, limitMs = 600_000): Promise<boolean> {
    const endMs = this.#nowMs + limitMs
    await settleMicrotasks()
    while (!done()) {
      const next = this.#next()
      if (next === undefined || next.atMs > endMs) {
        this.#nowMs = endMs
        return done()
      }
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#nowMs = next.atMs
      next.run()
      await settleMicrotasks()
    }
    return true
  }

  async advance(ms: number): Promise<void> {
    await this.runUntil(() => false, ms)
  }

  #next(): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (next === undefined || timer.atMs < next.atMs || (timer.atMs === next.atMs && timer.order < next.order))
        next = timer
    }
    return next
  }
}

/** Lets every promise that can settle without time settle. */
export function settleMicrotasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
