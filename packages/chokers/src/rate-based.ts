import type { Choker, ChokeRound } from '@bitloom/core'
import { ranked } from './ranked.js'

/** The default of libtorrent's `rate_choker_initial_threshold`, and the step that is fixed there. */
const firstBytesPerSecond = 1_024
const stepBytesPerSecond = 2_048

/**
 * As many slots as the upload can feed: each further peer must take 2 KiB/s more than the one before to earn the next
 * slot. Whoever we send to fastest comes first, so that a seed's data goes where it spreads quickest.
 * Source: libtorrent, `src/choker.cpp`: `rate_based_choker` for the number of slots, `fastest_upload` for the order.
 */
export function rateBased(): Choker {
  return ranked({
    name: 'rate-based',
    source: 'libtorrent, rate_based_choker and fastest_upload',
    measures: () => [(facts) => -facts.upRate],
    reason: (facts) => (facts.upRate > 0 ? 'takes fastest' : 'waits longest'),
    slots: earnedSlots,
  })
}

function earnedSlots({ candidates }: ChokeRound): number {
  const rates = candidates.map(({ upRate }) => upRate).sort((a, b) => b - a)
  const slow = rates.findIndex((rate, at) => rate < firstBytesPerSecond + at * stepBytesPerSecond)
  return (slow < 0 ? rates.length : slow) + 1
}
