import type { Peer } from '../peer/peer.js'

/**
 * The peers that a turn touched, in that order, each once. A set would make a new table in each turn, and a list that is
 * cut to nothing new room. Invariant: `peer.isTouched` is set exactly for the first `#count` of `#peers`.
 */
export class Touched {
  readonly #peers: (Peer | undefined)[] = []
  #count = 0

  add(peer: Peer): void {
    if (peer.isTouched) return
    peer.isTouched = true
    this.#peers[this.#count++] = peer
  }

  /** Places up to which to ask `at`; it grows with those that are added meanwhile. */
  get size(): number {
    return this.#count
  }

  /** `undefined`: it has left. */
  at(index: number): Peer | undefined {
    return this.#peers[index]
  }

  delete(peer: Peer): void {
    if (!peer.isTouched) return
    peer.isTouched = false
    this.#peers[this.#peers.indexOf(peer)] = undefined
  }

  clear(): void {
    for (let index = 0; index < this.#count; index++) {
      const peer = this.#peers[index]
      if (peer !== undefined) peer.isTouched = false
      this.#peers[index] = undefined
    }
    this.#count = 0
  }
}
