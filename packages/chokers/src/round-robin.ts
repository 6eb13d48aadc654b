import type { Choker, ChokeFacts, ChokeRound, TorrentView } from '@bitloom/core'
import type { History } from './history.js'
import { ranked } from './ranked.js'

/** The default of libtorrent's `seeding_piece_quota`. */
export const usualTurnPieces = 20
const shortestTurnMs = 60_000
const usualPieceBytes = 262_144

/**
 * Peers take turns: an unchoked one keeps its slot, the fastest first, until it had `turnPieces` pieces and a minute; then
 * the one that waits longest comes. Who takes nothing makes room at once.
 * Source: libtorrent, `unchoke_compare_rr` in `src/choker.cpp` (`seed_choking_algorithm = round_robin`).
 */
export function roundRobin(turnPieces: number): Choker {
  const hadTurn = (facts: ChokeFacts, torrent: TorrentView, round: ChokeRound, past: History): boolean => {
    if (facts.unchokedAtMs === undefined || round.nowMs - facts.unchokedAtMs <= shortestTurnMs) return false
    return past.sentBytes(facts) > turnPieces * (torrent.content?.pieceLengthBytes ?? usualPieceBytes)
  }
  return ranked({
    name: 'round-robin',
    source: 'libtorrent, seed_choking_algorithm = round_robin',
    measures: (torrent, round, past) => [
      (facts) => Number(hadTurn(facts, torrent, round, past)),
      (facts) => (facts.unchokedAtMs === undefined ? 0 : -facts.upRate),
    ],
    reason: (facts, torrent, round, past) => {
      if (facts.unchokedAtMs === undefined) return 'its turn'
      return hadTurn(facts, torrent, round, past) ? 'nobody waits' : 'keeps its turn'
    },
  })
}
