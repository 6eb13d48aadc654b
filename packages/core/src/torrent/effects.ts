import type { Bits } from '../bytes/bits.js'
import type { Peer } from '../peer/peer.js'
import type { Run } from '../peer/request-inbox.js'
import type { ChokeRound, Unchoke } from '../ports/choker.js'
import type { Picks } from '../ports/piece-picker.js'
import type { MetainfoSummary, Verifier } from '../metainfo/metainfo.js'
import type { Ledger } from './ledger.js'
import type { Extent, OpenPiece } from './open-piece.js'

/** What pieces must hash to is there whenever one is missing. */
export type KnownMetainfo = MetainfoSummary & { readonly verifier?: Verifier }

/** What the parts of one torrent share: live, and changed by the torrent only. */
export interface TorrentBooks {
  readonly peers: ReadonlyMap<number, Peer>
  /** With the metainfo, once the content is known and checked. */
  readonly ledger: Ledger | undefined
  readonly metainfo: KnownMetainfo | undefined
}

/** What a trace is told of picks: one call for each piece that blocks were asked of, whoever chose it. */
export interface TakeWatch {
  /** `how`: free blocks of a piece that was named, of a begun piece, blocks asked of others, or the last ones in endgame. */
  took(take: {
    readonly peer: Peer
    readonly piece: number
    readonly firstBlock: number
    readonly blocks: number
    readonly how: 'free' | 'begun' | 'busy' | 'endgame'
    readonly reason: string
  }): void
}

/** What one choke round decided of one peer. */
export interface ChokeVerdict {
  readonly peer: Peer
  /** Its place in the ordered list, from 1. */
  readonly rank: number | undefined
  /** The entry of the list, if it got a slot. */
  readonly unchoke: Unchoke | undefined
  /** It was the other way before. */
  readonly changed: boolean
}

/** The only way `torrent/` sees hooks and strategies. Implemented once, in `driver/decisions.ts`. */
export interface Decisions {
  /** Set while a trace is on. */
  readonly takes?: TakeWatch | undefined
  /** Fills `picks` for one peer; true = ask it for nothing more, not even in endgame. */
  pick(peer: Peer, picks: Picks): boolean
  /** Availability, priority or state of one piece changed, or of many. `peer`: the one that has it since just now. */
  changed(piece: number, peer?: Peer): void
  reset(): void
  /** Somebody looks at blocks: else `keep` need not be asked. */
  readonly judgesBlocks: boolean
  /** False = this block is waste. */
  keep(peer: Peer, piece: number, begin: number, bytes: Uint8Array): boolean
  unchoke(round: ChokeRound): readonly Unchoke[]
  /** Hears every verdict of a round, in no order; there while a trace is on. */
  readonly judged?: ((verdict: ChokeVerdict, round: ChokeRound) => void) | undefined
  /** What a peer may see of our pieces; `undefined` = all. */
  shown(peer: Peer): Bits | undefined
}

/** What a torrent wants done. Carried out by `driver/` at the end of the turn; results come back as calls on the torrent. */
export interface Effects {
  /** Bytes for this peer are ready to leave. */
  flush(peer: Peer): void
  /** Hash the extent's bytes, then `hashed`. */
  hash(extent: Extent, last: boolean): void
  /** Read a written extent back and hash it, then `hashed`. */
  readBack(extent: Extent, last: boolean): void
  /** Hash each block of a copy, then `fingerprinted`. Called while its memory is held: what is in it is hashed at once. */
  fingerprint(open: OpenPiece): void
  /** Write the extent's bytes, then `written`. */
  write(extent: Extent): void
  /** Read and send, then `served`, then `sent`. */
  serve(peer: Peer, run: Run): void
  keepAlive(peer: Peer): void
  /** Ends the connection; with `banMs` the host may not come back for so long. */
  drop(peer: Peer, reason: string, banMs?: number): void
  /** Pick up the torrent's dirty peers at the end of this turn. */
  settleLater(): void
}

/** What is worth watching, told in the order it happened. */
export interface Watch {
  peerHas(peer: Peer, piece: number): void
  pieceVerified(piece: number): void
  pieceRejected(piece: number, contributors: readonly Peer[]): void
  /** Nothing wanted is missing any more. */
  wantedWhole(): void
  /** An interested peer waits and a slot may be free. */
  chokeSoon(): void
  extended(peer: Peer, id: number, payload: Uint8Array): void
  other(peer: Peer, id: number, payload: Uint8Array): void
}

/**
 * Token buckets of the session and the torrent, seen from one torrent. Download is charged when a block is asked and
 * refunded when it is given up, so that a limit holds without ever having to stop a socket.
 */
export interface Allowance {
  /** Bytes that may be asked now; `Infinity` without a limit. */
  toAsk(nowMs: number): number
  asked(lengthBytes: number, nowMs: number): void
  refund(lengthBytes: number): void
  /** Bytes that may be sent now. */
  toSend(nowMs: number): number
  sent(lengthBytes: number, nowMs: number): void
}
