import { untilAborted } from './until-aborted.js'

/** Torrents whose data is looked at, at a time, unless the limits say otherwise. */
export const usualChecks = 4

/** Lets so many checks of data read at a time; the others wait, in the order they came. */
export class CheckLine {
  readonly #limit: () => number
  readonly #waiting = new Set<() => void>()
  #running = 0

  constructor(limit: () => number) {
    this.#limit = limit
  }

  /** Rejects with the reason of the signal when it aborts while it waits; `check` heeds the signal itself. */
  async run<T>(signal: AbortSignal, check: () => Promise<T>): Promise<T> {
    await this.#turn(signal)
    try {
      return await check()
    } finally {
      this.#running--
      this.limitChanged()
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#running < this.#limit()) {
      this.#running++
      return
    }
    let go = (): void => {}
    const turn = new Promise<void>((resolve) => (go = resolve))
    this.#waiting.add(go)
    try {
      await untilAborted(turn, signal)
    } catch (error) {
      // Its turn may have come in the same moment.
      if (!this.#waiting.delete(go)) this.#running--
      this.limitChanged()
      throw error
    }
  }

  /** Those that may go on do. */
  limitChanged(): void {
    for (const go of this.#waiting) {
      if (this.#running >= this.#limit()) return
      this.#waiting.delete(go)
      this.#running++
      go()
    }
  }
}
