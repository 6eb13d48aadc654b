import type { Clock, PeerView, PiecePicker, Picks } from '@bitloom/core'
import { Playback, type PlaybackOptions } from './playback.js'
import { RankTable } from './rank-table.js'
import { takeBegun, takeRanked } from './rarest-first.js'

/** One refill in so many takes of the rest first, although pieces of the window are free: BiToS, p = 0.8. */
const restEvery = 5

/**
 * For playing while downloading: pieces that are due in a moment first, in order, and those that are late of a second peer
 * too; then the rest of the window, and after it of the torrent, rarest first, so that viewers who are at the same place
 * fetch different pieces and have something to give to each other.
 * Sources: a set of urgent pieces that is fetched rarest first, and the draw between it and the rest, are BiToS (Vlavianos,
 * Iliofotou and Faloutsos, "BiToS: Enhancing BitTorrent for Supporting Streaming Applications", Global Internet Symposium
 * 2006); deadlines and double requests are libtorrent's time-critical pieces (`set_piece_deadline`). Left out: libtorrent
 * estimates which peer is fastest.
 */
export function streaming(clock: Clock, options: PlaybackOptions): PiecePicker {
  return {
    name: 'streaming',
    source: 'Vlavianos, Iliofotou, Faloutsos, “BiToS”, 2006; libtorrent, set_piece_deadline',
    create(torrent, random) {
      const table = new RankTable(torrent, random, true)
      const playback = new Playback(torrent, clock, options)
      const take = (picks: Picks, piece: number, reason: string): void => {
        const taken = picks.take(piece, reason)
        if (taken > 0) table.begin(piece)
        const isLate = taken === 0 && playback.isLate(piece) && picks.takeBusy(piece, 'late') > 0
        if (taken > 0 || isLate) playback.asked(piece)
      }
      /** Pieces of the window that the peer has, from the first that is missing. */
      const windowOf = (peer: PeerView): number[] => {
        const pieces: number[] = []
        let piece = playback.advance()
        for (; piece >= 0 && playback.isUrgent(piece); piece = torrent.nextWanted(piece + 1)) {
          if (torrent.priority(piece) === playback.priority && peer.haves.has(piece)) pieces.push(piece)
        }
        return pieces
      }
      const rarestFirst = (pieces: readonly number[]): readonly number[] =>
        pieces
          .map((piece) => ({ piece, count: torrent.availability(piece), lot: random.below(2 ** 16) }))
          .sort((a, b) => a.count - b.count || a.lot - b.lot)
          .map(({ piece }) => piece)
      return {
        changed(piece, peer) {
          table.changed(piece, peer)
          playback.changed(piece)
        },
        reset() {
          table.reset()
          playback.reset()
        },
        pick(peer, picks) {
          table.refresh()
          const pieces = windowOf(peer)
          for (const piece of pieces) if (picks.left > 0 && playback.isDue(piece)) take(picks, piece, 'deadline')
          if (picks.left <= 0) return
          if (random.below(restEvery) === 0) takeRanked(table, peer, picks, 'rarest')
          const rest = pieces.filter((piece) => !playback.isDue(piece))
          for (const piece of rarestFirst(rest)) if (picks.left > 0) take(picks, piece, 'window')
          picks.takePartials()
          takeRanked(table, peer, picks, 'rarest')
          takeBegun(table, peer, picks)
        },
      }
    },
  }
}
