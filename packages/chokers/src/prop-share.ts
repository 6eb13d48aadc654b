import type { Choker, ChokeFacts, ChokeRound, Unchoke } from '@bitloom/core'
import { age, by, givenIn, unchoke } from './order.js'
import { roundRobin, usualTurnPieces } from './round-robin.js'
import { type Tries, tries, tryCount } from './tries.js'

/** The part of the upload with which peers are tried out: ours, as the paper leaves it open. */
const tryShare = 0.2

/**
 * Gives each peer the part of our upload that it has in our download, so that nobody gains by giving less, by pretending to
 * be several, or by waiting. A fifth is kept for tries in turns of 30 s; all of it while nobody gives. Seeds go by
 * round-robin.
 * Source: Levin, LaCurts, Spring and Bhattacharjee, "BitTorrent is an Auction", SIGCOMM 2008 (PropShare). Measured are
 * smoothed rates instead of the bytes of the round before. It needs `capacity` or an upload limit of the session; without
 * either it only orders.
 */
export function propShare(capacity: number | undefined): Choker {
  return {
    name: 'prop-share',
    source: 'Levin and others, “BitTorrent is an auction”, SIGCOMM 2008',
    create(torrent, random) {
      const seed = roundRobin(usualTurnPieces).create(torrent, random)
      const drawTries = tries(random)
      return (round) => (round.seeding ? seed(round) : divide(round, capacity ?? round.uploadLimit, drawTries))
    },
  }
}

function divide(round: ChokeRound, capacity: number | undefined, drawTries: Tries): Unchoke[] {
  const { candidates, slots, nowMs } = round
  const isGiver = (facts: ChokeFacts): boolean => givenIn(round)(facts) < 0
  const givers = candidates.filter(isGiver).sort(by(givenIn(round), age))
  const count = Math.max(slots > 1 ? tryCount(slots) : 0, slots - givers.length)
  const best = givers.slice(0, slots - count)
  const tried = drawTries(
    candidates.filter((facts) => !best.includes(facts)),
    count,
    nowMs,
  )
  const part = tried.length === 0 ? 0 : best.length === 0 ? 1 : tryShare
  const given = best.reduce((sum, { downRate }) => sum + downRate, 0)
  const shareOf = ({ downRate }: ChokeFacts): number => ((1 - part) * downRate) / given
  const rate = (share: number): number | undefined => (capacity === undefined ? undefined : capacity * share)
  return [
    ...best.map(unchoke('its share', (facts) => rate(shareOf(facts)))),
    ...tried.map(unchoke('optimistic', () => rate(part / tried.length))),
  ]
}
