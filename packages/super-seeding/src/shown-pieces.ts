import { Bits, type PeerView, type Random, type TorrentView } from '@bitloom/core'

/** A peer that got nothing from others for so long is shown pieces that others have. */
const idleMs = 10_000

/** How the pieces of one torrent are shown. */
export interface ShowingRules {
  readonly piecesAtOnce: number
  readonly patienceMs: number
}

interface Shown {
  readonly peer: PeerView
  readonly pieces: Bits
  /** Pieces that did not turn up elsewhere yet. */
  readonly waiting: Map<number, Waiting>
  /** When it came, or got the newest piece that it was not shown here. */
  gainedMs: number
}

interface Waiting {
  /** When there was news of it for the last time: it was shown, or the peer got it. */
  readonly sinceMs: number
  readonly fetched: boolean
  /** What the peer had got from us when it was shown. */
  readonly uploadedBytes: number
}

/**
 * What each peer of one torrent was shown, and what it is shown next (BEP 16).
 *
 * A piece that nobody else has goes to one peer only, whoever comes first. When all have a holder or somebody who is shown
 * them, only those peers are shown more that get nothing from the others.
 *
 * Invariant: a peer's `pieces` only grow, and its `waiting` are those of them that no other peer has got since; nothing is
 * added to `pieces` while `piecesAtOnce` are waiting.
 */
export class ShownPieces {
  readonly #torrent: TorrentView
  readonly #rules: ShowingRules
  readonly #random: Random
  readonly #reveal: (peer: PeerView, piece: number) => void
  readonly #shown = new Map<PeerView, Shown>()

  constructor(
    torrent: TorrentView,
    rules: ShowingRules,
    random: Random,
    reveal: (peer: PeerView, piece: number) => void,
  ) {
    this.#torrent = torrent
    this.#rules = rules
    this.#random = random
    this.#reveal = reveal
  }

  /** The peers that do not see everything. */
  get peers(): readonly PeerView[] {
    return [...this.#shown.keys()]
  }

  /** What a peer may see: nothing when it is new. It counts from now on. */
  maskFor(peer: PeerView, pieceCount: number): Bits {
    const fresh = { peer, pieces: new Bits(pieceCount), waiting: new Map(), gainedMs: peer.connectedAtMs }
    const shown = this.#shown.get(peer) ?? fresh
    this.#shown.set(peer, shown)
    return shown.pieces.clone()
  }

  left(peer: PeerView): void {
    this.#shown.delete(peer)
  }

  /** A peer got a piece: whoever else was shown it has passed it on, or need not any more. */
  peerHas(peer: PeerView, piece: number, nowMs: number): void {
    const own = this.#shown.get(peer)
    if (own?.pieces.has(piece) === false) own.gainedMs = nowMs
    for (const shown of this.#shown.values()) {
      const waiting = shown.waiting.get(piece)
      if (waiting === undefined) continue
      if (shown.peer === peer) shown.waiting.set(piece, { ...waiting, sinceMs: nowMs, fetched: true })
      else shown.waiting.delete(piece)
      this.#showMore(shown, nowMs)
    }
  }

  /** Looks at every peer again: those who came or left, or made no progress, change what may be shown. */
  tick(nowMs: number): void {
    for (const shown of this.#shown.values()) this.#showMore(shown, nowMs)
  }

  #showMore(shown: Shown, nowMs: number): void {
    for (const [piece, waiting] of shown.waiting) {
      if (this.#isSettled(shown.peer, piece, waiting, nowMs)) shown.waiting.delete(piece)
    }
    while (shown.waiting.size < this.#rules.piecesAtOnce && !shown.peer.isSeed) {
      const piece = this.#rarestFor(shown, nowMs)
      if (piece === undefined) return
      shown.pieces.add(piece)
      shown.waiting.set(piece, { sinceMs: nowMs, fetched: false, uploadedBytes: shown.peer.uploadedBytes })
      this.#reveal(shown.peer, piece)
    }
  }

  /** It had the piece all along, nobody is left to pass it on to, or it takes too long; who is still fetching has time. */
  #isSettled(peer: PeerView, piece: number, waiting: Waiting, nowMs: number): boolean {
    const { sinceMs, uploadedBytes } = waiting
    // Clients tell no peer of a piece that it has itself: who fetched something and wants nothing more has it.
    const fetched = waiting.fetched || (peer.uploadedBytes > uploadedBytes && !peer.isInterested)
    const hasIt = peer.haves.has(piece) || fetched
    if (hasIt && (!fetched || !this.#isLackedByAnother(peer, piece))) return true
    return nowMs - sinceMs >= this.#rules.patienceMs && (hasIt || !peer.isInterested)
  }

  #isLackedByAnother(peer: PeerView, piece: number): boolean {
    for (const other of this.#torrent.peers) {
      if (other !== peer && !other.uploadOnly && !other.haves.has(piece)) return true
    }
    return false
  }

  /** The piece with the fewest copies, those that others were shown and do not have yet included; ties are random. */
  #rarestFor({ peer, pieces, gainedMs }: Shown, nowMs: number): number | undefined {
    const { content } = this.#torrent
    if (content === undefined) return undefined
    const coming = this.#comingCopies()
    const start = this.#random.below(content.pieceCount)
    let rarest: number | undefined
    let fewest = nowMs - gainedMs >= idleMs ? Infinity : 1
    for (let step = 0; step < content.pieceCount && fewest > 0; step++) {
      const piece = (start + step) % content.pieceCount
      if (!content.have.has(piece) || pieces.has(piece) || peer.haves.has(piece)) continue
      const copies = content.availability(piece) + (coming.get(piece) ?? 0)
      if (copies >= fewest) continue
      rarest = piece
      fewest = copies
    }
    return rarest
  }

  #comingCopies(): Map<number, number> {
    const coming = new Map<number, number>()
    for (const { peer, waiting } of this.#shown.values()) {
      for (const piece of waiting.keys()) {
        if (!peer.haves.has(piece)) coming.set(piece, (coming.get(piece) ?? 0) + 1)
      }
    }
    return coming
  }
}
