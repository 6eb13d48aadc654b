import type { Named } from './named.js'
import type { Random } from './random.js'
import { token } from './token.js'
import type { PeerView, PickView } from './views.js'

/**
 * Where a decision on pieces is written, which is the ledger itself. Valid during the call only. Nothing here can break
 * correctness: the worst case of a wrong call is that it takes 0 blocks.
 */
export interface Picks {
  /** Blocks that may still be asked of this peer in this turn. */
  readonly left: number
  /** Takes free blocks of a piece in order, at most `limit`. 0: the peer lacks it, unwanted, nothing free, no memory, or choked and not allowed fast. `reason` is a constant string. */
  take(piece: number, reason: string, limit?: number): number
  /** Begun pieces that this peer should help with, nearest to whole first. */
  takePartials(): number
  /** Blocks that are asked of others already: for deadlines. At most 2 askers outside endgame. */
  takeBusy(piece: number, reason: string, limit?: number): number
}

/** Ranks pieces for one torrent. It holds only derived or heuristic state: all truth is in the ledger. */
export interface Picker {
  /** Availability, priority or state of one piece changed. `peer`: the one that has it since just now, if that is why. */
  changed?(piece: number, peer?: PeerView): void
  /** Many changed: rebuild, lazily. */
  reset?(): void
  /** While `picks.left > 0`: take. */
  pick(peer: PeerView, picks: Picks): void
}

/** A piece selection strategy. Exists for a torrent only while it downloads. */
export interface PiecePicker extends Named {
  create(torrent: PickView, random: Random): Picker
}
export const PiecePicker = token<PiecePicker>('PiecePicker')
