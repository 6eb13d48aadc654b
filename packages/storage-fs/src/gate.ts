/**
 * Lets reads and writes overlap with each other, but not with what rearranges the files: an exclusive run waits for those
 * under way and holds back those to come. Exclusive runs follow each other in order.
 */
export class Gate {
  #running = 0
  #exclusive: Promise<void> | undefined
  #idle: (() => void) | undefined

  /** Runs at once unless something exclusive is under way or waiting. */
  async shared<T>(run: () => Promise<T>): Promise<T> {
    while (this.#exclusive !== undefined) await this.#exclusive
    this.#running++
    try {
      return await run()
    } finally {
      this.#running--
      if (this.#running === 0) this.#idle?.()
    }
  }

  async exclusive<T>(run: () => Promise<T>): Promise<T> {
    const before = this.#exclusive ?? Promise.resolve()
    let release: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    this.#exclusive = held
    try {
      await before
      if (this.#running > 0) {
        await new Promise<void>((resolve) => {
          this.#idle = resolve
        })
        this.#idle = undefined
      }
      return await run()
    } finally {
      if (this.#exclusive === held) this.#exclusive = undefined
      release()
    }
  }
}
