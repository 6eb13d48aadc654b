/**
 * Whether a torrent that is whole is told to be: once, when something that was wanted had been missing. One that was found
 * with all its pieces, or told, is not told again when it loses one and gets it back.
 */
export class Completion {
  #wasMissing = false
  #isOver = false

  /** Something that is wanted is missing. */
  missing(): void {
    this.#wasMissing = true
  }

  /** All that is wanted is durable. True: trackers and taps are to hear of it. */
  whole(now: { readonly wantedBytes: number; readonly isEverything: boolean }): boolean {
    const isNews = this.#wasMissing && now.wantedBytes > 0 && !this.#isOver
    if (isNews || now.isEverything) this.#isOver = true
    return isNews
  }
}
