import type { Clock, PeerView, PiecePicker, Picks } from '@bitloom/core'
import { Playback, type PlaybackOptions } from './playback.js'
import { RankTable } from './rank-table.js'
import { takeBegun, takeRanked } from './rarest-first.js'

/**
 * For playing while downloading: pieces that playing comes to soon first, in order, and those that are late of a second
 * peer too; with the rest of the budget the rarest, so that there is something to give to others.
 * Sources: a set of urgent pieces beside a rarest-first rest is BiToS (Vlavianos, Iliofotou and Faloutsos, "BiToS: Enhancing
 * BitTorrent for Supporting Streaming Applications", Global Internet Symposium 2006); deadlines and double requests are
 * libtorrent's time-critical pieces (`set_piece_deadline`). Left out: BiToS draws a piece from the rest now and then
 * although urgent ones are free; libtorrent estimates which peer is fastest.
 */
export function streaming(clock: Clock, options: PlaybackOptions): PiecePicker {
  return {
    name: 'streaming',
    create(torrent, random) {
      const table = new RankTable(torrent, random, true)
      const playback = new Playback(torrent, clock, options)
      const takeUrgent = (peer: PeerView, picks: Picks): void => {
        let piece = playback.advance()
        for (; piece >= 0 && picks.left > 0 && playback.isUrgent(piece); piece = torrent.nextWanted(piece + 1)) {
          if (torrent.priority(piece) !== playback.priority || !peer.haves.has(piece)) continue
          const taken = picks.take(piece, 'deadline')
          if (taken > 0) table.begin(piece)
          const isLate = taken === 0 && playback.isLate(piece) && picks.takeBusy(piece, 'late') > 0
          if (taken > 0 || isLate) playback.asked(piece)
        }
      }
      return {
        changed(piece) {
          table.changed(piece)
          playback.changed(piece)
        },
        reset() {
          table.reset()
          playback.reset()
        },
        pick(peer, picks) {
          table.refresh()
          takeUrgent(peer, picks)
          picks.takePartials()
          takeRanked(table, peer, picks, 'rarest')
          takeBegun(table, peer, picks)
        },
      }
    },
  }
}
