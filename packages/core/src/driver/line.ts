import { untilAborted } from './until-aborted.js'

/** Lets so many tasks of one kind run at a time, whichever torrents they are of; the others wait, in the order they came. */
export class Line {
  readonly #limit: () => number
  readonly #waiting = new Set<() => void>()
  #running = 0

  constructor(limit: () => number) {
    this.#limit = limit
  }

  /** Rejects with the reason of the signal when it aborts while it waits; `task` heeds the signal itself. */
  async run<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    await this.#turn(signal)
    try {
      return await task()
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
