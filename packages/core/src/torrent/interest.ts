import type { Bits } from '../bytes/bits.js'
import { LazyMap } from '../bytes/lazy-collections.js'
import type { Peer } from '../peer/peer.js'

/** Peers start to look at places that are far from one another (Knuth, TAOCP 3, 6.4): few watch the same piece. */
const stride = 2_654_435_761
const nobody: readonly Peer[] = []

/**
 * Which peers have anything that we want. Of each peer one such piece is watched, and another one is looked for when that
 * one came: what a piece costs does not grow with the peers that have it, too.
 * Source: watched literals, Moskewicz et al., "Chaff: Engineering an Efficient SAT Solver", DAC 2001.
 *
 * Invariant: `peer.watched` is a wanted missing piece that the peer has, -1 only if there is none, and `#watchers` holds
 * exactly the peers that watch a piece, by that piece.
 */
export class Interest {
  readonly #watchers = new LazyMap<number, Peer[]>()

  /** It has one piece more that we want. */
  gained(peer: Peer, piece: number): void {
    if (peer.watched < 0) this.#watch(peer, piece)
  }

  /** What it has, or what we want, changed in bulk. */
  renew(peer: Peer, wanted: Bits): void {
    this.delete(peer)
    this.#watch(peer, nextOffer(peer, wanted, wanted.length === 0 ? 0 : (peer.key * stride) % wanted.length))
  }

  /** A piece is wanted no more. Answers the peers that have nothing for us since, who joined first comes first. */
  came(piece: number, wanted: Bits): readonly Peer[] {
    const watchers = this.#watchers.get(piece)
    if (watchers === undefined) return nobody
    this.#watchers.delete(piece)
    let idle: Peer[] | undefined
    for (const peer of watchers) {
      this.#watch(peer, nextOffer(peer, wanted, piece))
      if (peer.watched < 0) (idle ??= []).push(peer)
    }
    return idle?.sort((a, b) => a.key - b.key) ?? nobody
  }

  delete(peer: Peer): void {
    const watchers = this.#watchers.get(peer.watched)
    if (watchers?.length === 1) this.#watchers.delete(peer.watched)
    else watchers?.splice(watchers.indexOf(peer), 1)
    peer.watched = -1
  }

  /** Nothing of one that left. */
  #watch(peer: Peer, piece: number): void {
    peer.watched = peer.isHere ? piece : -1
    if (peer.watched < 0) return
    const watchers = this.#watchers.get(piece)
    if (watchers === undefined) this.#watchers.set(piece, [peer])
    else watchers.push(peer)
  }
}

/** A wanted piece that the peer has: the first one from `from` on, else from the beginning; -1 = none. */
function nextOffer({ haves }: Peer, wanted: Bits, from: number): number {
  const piece = wanted.nextShared(haves, from)
  return piece < 0 ? wanted.nextShared(haves, 0) : piece
}
