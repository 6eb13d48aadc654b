import type { Choker, ChokeFacts, ChokeRound, Random, TorrentView, Unchoke } from '@bitloom/core'
import { type History, history } from './history.js'
import { age, by, givenIn, type Measure, settlingIn, unchoke } from './order.js'
import { tries, tryCount } from './tries.js'

/** What tells one choker of this kind from another. */
export interface Ranking {
  readonly name: string
  readonly source: string
  /** How peers that give us nothing are sorted, which is all of them while seeding. Among equals the one that waits longest. */
  measures(torrent: TorrentView, round: ChokeRound, past: History): readonly Measure[]
  /** The name of the reason for a peer that is chosen by these measures. */
  reason(facts: ChokeFacts, torrent: TorrentView, round: ChokeRound, past: History): string
  /** Slots it wants of those there are; default all. */
  slots?(round: ChokeRound): number
}

/**
 * The shape that the chokers of libtorrent share (`src/choker.cpp`): best givers first, equal ones by a measure of their
 * own, then who has waited longest; one slot in five for trying peers out. Rates here are the engine's smoothed ones,
 * where libtorrent counts the bytes of its last round. Left out: upload priorities of torrents and peer classes.
 */
export function ranked(ranking: Ranking): Choker {
  return {
    name: ranking.name,
    source: ranking.source,
    create(torrent: TorrentView, random: Random) {
      const past = history(random)
      const drawTries = tries(random)
      return (round) => {
        past.see(round)
        const turn = round.seeding ? past.waitsSinceMs : past.lot
        const measures = ranking.measures(torrent, round, past)
        const order = round.candidates.toSorted(by(givenIn(round), ...measures, settlingIn(round), turn, age))
        const slots = Math.min(round.slots, ranking.slots?.(round) ?? round.slots)
        const isGiver = (facts: ChokeFacts): boolean => givenIn(round)(facts) < 0
        const reasonOf = (facts: ChokeFacts): Unchoke =>
          unchoke(isGiver(facts) ? 'reciprocates' : ranking.reason(facts, torrent, round, past))(facts)
        return withTries(order, slots, reasonOf, (others, count) => drawTries(others, count, round.nowMs))
      }
    },
  }
}

/** The best of the order, then tries among the others, then nobody: what the slots do not hold is cut here already. */
function withTries(
  order: readonly ChokeFacts[],
  slots: number,
  reasonOf: (facts: ChokeFacts) => Unchoke,
  drawTries: (others: readonly ChokeFacts[], count: number) => readonly ChokeFacts[],
): Unchoke[] {
  const count = slots > 1 ? tryCount(slots) : 0
  const best = order.slice(0, slots - count)
  const tried = drawTries(order.slice(slots - count), count)
  return [...best.map(reasonOf), ...tried.map(unchoke('optimistic'))]
}
