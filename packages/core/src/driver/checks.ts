import type { Bits } from '../bytes/bits.js'
import { asError } from './as-error.js'
import type { Turns } from './turns.js'

/** Torrents whose data is looked at, at a time, unless the limits say otherwise. */
export const usualChecks = 4

export interface CheckOutcome {
  /** The pieces that are there; in a turn of its own. */
  found(have: Bits): void
  failed(error: Error): void
}

/**
 * The checks of one torrent's data, one at a time: a newer one ends the one before it and begins when that is over, and
 * of those that were ended nobody hears any more.
 */
export class Checks {
  readonly #turns: Turns
  readonly #outcome: CheckOutcome
  /** Of the check that is under way. */
  #abort: AbortController | undefined
  #last: Promise<void> = Promise.resolve()

  constructor(turns: Turns, outcome: CheckOutcome) {
    this.#turns = turns
    this.#outcome = outcome
  }

  /** `check` may read as long as its signal allows; it settles when nothing of it is under way any more. */
  start(check: (signal: AbortSignal) => Promise<Bits>): void {
    this.end()
    const abort = new AbortController()
    this.#abort = abort
    this.#last = this.#run(this.#last, check, abort.signal).finally(() => {
      if (this.#abort === abort) this.#abort = undefined
    })
  }

  async #run(before: Promise<void>, check: (signal: AbortSignal) => Promise<Bits>, signal: AbortSignal): Promise<void> {
    await before
    if (signal.aborted) return
    const tell = (run: () => void): void => this.#turns.run(() => (signal.aborted ? undefined : run()))
    await check(signal).then(
      (have) => tell(() => this.#outcome.found(have)),
      (error: unknown) => tell(() => this.#outcome.failed(asError(error))),
    )
  }

  /** Ends the check that is under way, if any. */
  end(): void {
    this.#abort?.abort()
  }

  /** Resolves when none is under way. */
  async over(): Promise<void> {
    await this.#last
  }
}
