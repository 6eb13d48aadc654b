/** The connected peers of a session, by their torrents. */
export class Crowd {
  readonly #counts = new Map<string, number>()
  #size = 0

  /** All of them. */
  get size(): number {
    return this.#size
  }

  joined(torrentId: string): void {
    this.#size++
    this.#counts.set(torrentId, (this.#counts.get(torrentId) ?? 0) + 1)
  }

  left(torrentId: string): void {
    this.#size--
    const count = (this.#counts.get(torrentId) ?? 0) - 1
    if (count > 0) this.#counts.set(torrentId, count)
    else this.#counts.delete(torrentId)
  }

  /** Ids of those that have peers. */
  torrents(): Iterable<string> {
    return this.#counts.keys()
  }
}
