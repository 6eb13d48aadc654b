import type { Peer } from '../peer/peer.js'

/** Peers that are of no use to each other for so long leave, where others wait for their place. */
const uselessMs = 30_000
/** How often somebody leaves for that reason at the most. */
const roundMs = 10_000
/** One in so many places of a torrent that downloads is for peers that it chose itself. */
const ownShare = 4

/**
 * Who keeps a place in a torrent that has no more of them. Without such a rule the first to come fill each other's
 * places, and everybody else waits outside until they are whole.
 *
 * Any two peers agree how much they deserve each other: their rank is a hash of both peer ids. A newcomer takes the place
 * of the lowest that exchanges nothing just now, if it ranks higher. As ranks are mutual this settles, in a random graph.
 * Source: BEP 40 (canonical peer priority), which hashes addresses by CRC32-C; here ids, since a peer behind a NAT does not
 * know its address, by FNV-1a (Fowler, Noll, Vo) with the last mixing of MurmurHash3 (Appleby). That peers of no use leave a full torrent is libtorrent's `inactivity_timeout` and `peer_turnover`.
 */
export class Places {
  readonly #ownId: Uint8Array
  readonly #uselessSinceMs = new WeakMap<Peer, number>()
  #nextRoundMs = 0

  /** `ownId`: our peer id. */
  constructor(ownId: Uint8Array) {
    this.#ownId = ownId
  }

  /** Whose place a newcomer takes; `undefined` = it has to go. */
  givesWay(peers: Iterable<Peer>, newcomerId: Uint8Array, nowMs: number): Peer | undefined {
    const lowest = this.idlest(peers, nowMs)
    return lowest !== undefined && this.#rank(lowest) < rankOf(this.#ownId, newcomerId) ? lowest : undefined
  }

  /** Who would be missed least: the lowest of those that exchange nothing. */
  idlest(peers: Iterable<Peer>, nowMs: number): Peer | undefined {
    return this.#lowest(peers, (peer) => isIdle(peer, nowMs))
  }

  /**
   * Whose place a peer takes that we dial; `undefined` = nobody's. Whoever fills a torrent by connecting to it (an eclipse
   * attack: Heilman, Kendler, Zohar, Goldberg, USENIX Security 2015) does not keep it from the peers it chooses: they get
   * a quarter of the places, from those who dialled us and exchange nothing.
   * `dialled`: how many beside the peers are being dialled.
   */
  yieldsToOwn(peers: ReadonlyMap<unknown, Peer>, dialled: number, maxPeers: number, nowMs: number): Peer | undefined {
    let own = dialled
    for (const { outgoing } of peers.values()) if (outgoing) own++
    if (own >= maxPeers / ownShare) return undefined
    return this.#lowest(peers.values(), (peer) => !peer.outgoing && isIdle(peer, nowMs))
  }

  /** To be asked every second while a torrent is full and others wait: who leaves now, if anybody. */
  leaves(peers: Iterable<Peer>, nowMs: number): Peer | undefined {
    if (nowMs < this.#nextRoundMs) return undefined
    this.#nextRoundMs = nowMs + roundMs
    return this.#lowest(peers, (peer) => this.#isLongUseless(peer, nowMs))
  }

  #isLongUseless(peer: Peer, nowMs: number): boolean {
    if (peer.isInterested || peer.amInterested || !isIdle(peer, nowMs)) {
      this.#uselessSinceMs.delete(peer)
      return false
    }
    const sinceMs = this.#uselessSinceMs.get(peer) ?? nowMs
    this.#uselessSinceMs.set(peer, sinceMs)
    return nowMs - sinceMs >= uselessMs
  }

  #lowest(peers: Iterable<Peer>, mayGo: (peer: Peer) => boolean): Peer | undefined {
    let lowest: Peer | undefined
    for (const peer of peers) {
      if (mayGo(peer) && (lowest === undefined || this.#rank(peer) < this.#rank(lowest))) lowest = peer
    }
    return lowest
  }

  #rank(peer: Peer): number {
    peer.rank ??= rankOf(this.#ownId, peer.peerId)
    return peer.rank
  }
}

/** The same from either side. */
function rankOf(one: Uint8Array, other: Uint8Array): number {
  const isFirst = compareBytes(one, other) < 0
  const hash = fnv1a(isFirst ? other : one, fnv1a(isFirst ? one : other, 0x811c9dc5))
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  const remixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (remixed ^ (remixed >>> 16)) >>> 0
}

function fnv1a(bytes: Uint8Array, from: number): number {
  let hash = from
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash
}

/** Neither may take anything of the other, and nothing is under way; or something should be, and comes to nothing. */
function isIdle(peer: Peer, nowMs: number): boolean {
  if (isSilent(peer, nowMs)) return true
  const takes = peer.amInterested && !peer.isChoking
  const gives = peer.isInterested && !peer.amChoking
  return !takes && !gives && peer.asked.size === 0 && peer.inbox.size === 0 && peer.outputBytes === 0
}

/** It has brought nothing for 30 s, whatever it was asked for, and taken nothing. */
function isSilent({ connectedAtMs, broughtAtMs, tookAtMs }: Peer, nowMs: number): boolean {
  return nowMs - Math.max(connectedAtMs, broughtAtMs, tookAtMs) >= uselessMs
}

/** Negative where `a` sorts before `b`, of the same length. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let index = 0; index < a.length; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
