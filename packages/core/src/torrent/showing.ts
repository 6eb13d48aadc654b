import type { Bits } from '../bytes/bits.js'
import type { Peer } from '../peer/peer.js'
import type { Decisions, Effects, TorrentBooks } from './effects.js'

export interface ShowingParts {
  readonly torrent: TorrentBooks
  readonly decisions: Pick<Decisions, 'shown'>
  readonly effects: Pick<Effects, 'flush'>
}

/** So many peers are told a second of what is not urgent: a write costs the same whatever is in it. */
const crowdPeers = 400

/** What peers are told of our pieces: at the start, piece by piece, and what a plugin hides and reveals. */
export class Showing {
  /** Pieces that became ours while somebody was connected, in that order. Each peer knows how far it was told. */
  readonly #news: number[] = []
  /** So many of them were offered to everybody. */
  #offered = 0
  #turn = 0
  readonly #parts: ShowingParts

  constructor(parts: ShowingParts) {
    this.#parts = parts
  }

  get hasNews(): boolean {
    return this.#offered < this.#news.length
  }

  add(piece: number): void {
    if (this.#parts.torrent.peers.size > 0) {
      this.#news.push(piece)
    } else {
      this.#news.length = 0
      this.#offered = 0
    }
  }

  /**
   * Says what we have, once the content is known. BEP 6 wants one such message right after the handshake, so a peer that
   * came before was told of nothing, and now hears of each piece; without the fast extension nothing is the default.
   */
  greet(peer: Peer): void {
    const { torrent, decisions, effects } = this.#parts
    const { ledger } = torrent
    const { out, wasGreeted } = peer
    peer.wasGreeted = true
    peer.toldUpTo = this.#news.length
    if (ledger !== undefined) peer.shown = decisions.shown(peer)
    const shown = peer.shown ?? ledger?.have
    if (wasGreeted) {
      for (let piece = shown?.nextSet(0) ?? -1; piece >= 0; piece = shown?.nextSet(piece + 1) ?? -1) out.have(piece)
    } else if (shown === undefined || shown.count === 0) {
      if (peer.supportsFast) out.haveNone()
    } else if (peer.supportsFast && shown.count === shown.length) {
      out.haveAll()
    } else {
      out.bitfield(shown.toBytes())
    }
    effects.flush(peer)
  }

  /** What peers may see is decided anew: a plugin that hid pieces came or went. What is shown now is told. */
  reshow(): void {
    const { torrent, decisions } = this.#parts
    if (torrent.ledger === undefined) return
    for (const peer of torrent.peers.values()) this.#show(peer, decisions.shown(peer))
  }

  /** From now on a peer may see these pieces, or all; it is told of those that were hidden. */
  #show(peer: Peer, mask: Bits | undefined): void {
    const before = peer.shown
    const shown = mask ?? this.#parts.torrent.ledger?.have
    peer.shown = mask
    peer.toldUpTo = this.#news.length
    if (before === undefined || shown === undefined) return
    for (let piece = shown.nextSet(0); piece >= 0; piece = shown.nextSet(piece + 1)) {
      if (!before.has(piece) && !peer.haves.has(piece)) peer.out.have(piece)
    }
    this.#parts.effects.flush(peer)
  }

  /** Widens what a peer may see of our pieces: by one of them, or to all, those to come included. */
  reveal(peer: Peer, piece?: number): void {
    if (piece === undefined) {
      this.#show(peer, undefined)
      return
    }
    if (this.#parts.torrent.ledger?.have.has(piece) !== true || peer.shown?.add(piece) !== true) return
    peer.out.have(piece)
    this.#parts.effects.flush(peer)
  }

  /**
   * Tells of the new pieces whoever may ask for them now; called a few times a second, so that HAVEs leave in batches. Who
   * is choked, or has them, hears of them as well, but not at once: it may have shown us a piece alone, and wait to hear
   * of it (BEP 16).
   */
  tellHaves(): void {
    const from = this.#offered
    this.#offered = this.#news.length
    for (const peer of this.#parts.torrent.peers.values()) {
      if (!peer.amChoking && this.#isNews(peer, from)) this.#tell(peer)
    }
  }

  /** It lacks one of the pieces that came since. */
  #isNews({ haves }: Peer, from: number): boolean {
    for (let at = from; at < this.#news.length; at++) if (!haves.has(this.#news[at] ?? 0)) return true
    return false
  }

  /** Tells what was not urgent; called once a second. A crowd has its turns, and hears of more at a time. */
  tellRest(): void {
    const { peers } = this.#parts.torrent
    const turns = Math.max(1, Math.ceil(peers.size / crowdPeers))
    const turn = this.#turn++ % turns
    for (const peer of peers.values()) {
      if (peer.key % turns === turn && peer.toldUpTo < this.#news.length) this.#tell(peer)
    }
  }

  #tell(peer: Peer): void {
    const from = peer.toldUpTo
    peer.toldUpTo = this.#news.length
    // What we have, or what it may see, is another thing by now.
    if (peer.isSeed || peer.shown !== undefined) return
    const { ledger } = this.#parts.torrent
    for (let at = from; at < this.#news.length; at++) {
      const piece = this.#news[at] ?? 0
      if (ledger?.have.has(piece) === true) peer.out.have(piece)
    }
    this.#parts.effects.flush(peer)
  }
}
