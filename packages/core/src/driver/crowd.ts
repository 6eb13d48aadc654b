/** A torrent, as one of those who share the places of a session. */
export interface CrowdMember {
  readonly id: string
  /** How to end the connection with a peer that exchanges nothing just now; `undefined` = there is none. */
  spare(): (() => void) | undefined
}

/** The connected peers of a session, by their torrents. */
export class Crowd {
  readonly #counts = new Map<CrowdMember, number>()
  #size = 0

  /** All of them. */
  get size(): number {
    return this.#size
  }

  joined(torrent: CrowdMember): void {
    this.#size++
    this.#counts.set(torrent, (this.#counts.get(torrent) ?? 0) + 1)
  }

  left(torrent: CrowdMember): void {
    this.#size--
    const count = (this.#counts.get(torrent) ?? 0) - 1
    if (count > 0) this.#counts.set(torrent, count)
    else this.#counts.delete(torrent)
  }

  /** Ids of those that have peers. */
  *torrents(): Iterable<string> {
    for (const { id } of this.#counts.keys()) yield id
  }

  /**
   * How to get a place in a session that has no more, for a torrent with so many peers: the torrent that has most gives one
   * up, if it has more than twice as many (as libtorrent does at its `connections_limit`). `undefined` = it gets none.
   */
  spare(peers: number): (() => void) | undefined {
    let [richest, most]: [CrowdMember | undefined, number] = [undefined, 2 * peers + 1]
    for (const [torrent, count] of this.#counts) if (count > most) [richest, most] = [torrent, count]
    return richest?.spare()
  }
}
