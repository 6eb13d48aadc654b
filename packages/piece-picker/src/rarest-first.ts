import type { PeerView, PiecePicker, Picks, Random } from '@bitloom/core'
import { RankTable } from './rank-table.js'

/**
 * So many pieces in a row that a peer has and that yield nothing: then it is memory that is short, and the rest is
 * left for later.
 */
const mostMisses = 1_000
/** So many pieces that a peer lacks are looked past again as quickly as it is remembered. */
const manyLacked = 16

/** A prime above all counts of pieces: steps of it meet each place once. */
const longStep = 16_777_213

/**
 * Begun pieces first, then by priority, then the rarest, at random among equals; the first `randomFirstPieces` at random
 * within the highest priority, since rare ones are slow and a newcomer has nothing to give. When all of that yields
 * nothing, pieces that others lead.
 * Source: Cohen, "Incentives Build Robustness in BitTorrent", 2003, for both; measured by Bharambe, Herley and Padmanabhan,
 * INFOCOM 2006, and Legout, Urvoy-Keller and Michiardi, IMC 2006.
 */
export function rarestFirst(randomFirstPieces: number): PiecePicker {
  return {
    name: 'rarest-first',
    source: 'Cohen, “Incentives build robustness in BitTorrent”, 2003',
    create(torrent, random) {
      const table = new RankTable(torrent, random, true)
      return {
        changed: (piece, peer) => table.changed(piece, peer),
        reset: () => table.reset(),
        pick(peer, picks) {
          picks.takePartials()
          if (picks.left <= 0) return
          table.refresh()
          if (table.finished < randomFirstPieces) takeAtRandom(random, table, peer, picks)
          takeRanked(table, peer, picks, 'rarest')
          takeBegun(table, peer, picks)
        },
      }
    },
  }
}

/**
 * Begun pieces first, then any at random within the highest priority.
 * Source: the policy that Bharambe, Herley and Padmanabhan compare rarest-first with, INFOCOM 2006.
 */
export function randomOrder(): PiecePicker {
  return {
    name: 'random',
    source: 'compared with rarest-first in Bharambe, Herley, Padmanabhan, INFOCOM 2006',
    create(torrent, random) {
      const table = new RankTable(torrent, random, false)
      return {
        changed: (piece, peer) => table.changed(piece, peer),
        reset: () => table.reset(),
        pick(peer, picks) {
          picks.takePartials()
          if (picks.left <= 0) return
          table.refresh()
          takeRanked(table, peer, picks, 'random')
          takeBegun(table, peer, picks)
        },
      }
    },
  }
}

/**
 * Pieces of the highest priority, from a place that is drawn in long steps: those next to each other are equally rare, and
 * a peer that lacks one may well lack all of them.
 */
function takeAtRandom(random: Random, table: RankTable, peer: PeerView, picks: Picks): void {
  const start = table.topPriorityStart
  const size = table.topOf(peer) < 0 ? 0 : table.ranked - start
  const drawn = size > 0 ? random.below(size) : 0
  for (let step = 0; step < size && picks.left > 0; step++) {
    const piece = table.pieceAt(start + ((drawn + step * longStep) % size))
    if (peer.haves.has(piece) && picks.take(piece, 'random start') > 0) table.begin(piece)
  }
}

/** Pieces in the order of the table, best first. */
export function takeRanked(table: RankTable, peer: PeerView, picks: Picks, reason: string): void {
  let missed: number[] = []
  /** The best piece that it has and that stays ranked. */
  let kept = -1
  let lacked = 0
  let index = table.topOf(peer)
  for (; index >= 0 && picks.left > 0; index--) {
    const piece = table.pieceAt(index)
    if (!peer.haves.has(piece)) {
      lacked++
    } else if (picks.take(piece, reason) > 0) {
      table.begin(piece)
      // Something is to be had, so what yielded nothing on the way is fully asked: a hook or an earlier picker began it.
      if (missed.length === 0) continue
      for (const begun of missed) table.begin(begun)
      missed = []
      kept = -1
    } else {
      if (kept < 0) kept = piece
      if (!peer.isChoking && missed.push(piece) >= mostMisses) break
    }
  }
  const isBarren = index < 0 && kept < 0 && picks.left > 0
  if (isBarren || lacked >= manyLacked) table.noteTop(peer, kept < 0 ? table.pieceAt(index) : kept)
}

/** Pieces that somebody began already, whoever leads them. */
export function takeBegun(table: RankTable, peer: PeerView, picks: Picks): void {
  for (let index = table.ranked + table.begun - 1; index >= table.ranked && picks.left > 0; index--) {
    const piece = table.pieceAt(index)
    if (peer.haves.has(piece)) picks.take(piece, 'helps')
  }
}
