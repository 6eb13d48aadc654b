import type { ChokeFacts, ChokeRound, Unchoke } from '@bitloom/core'

/** A number by which candidates are sorted: the smallest comes first. */
export type Measure = (facts: ChokeFacts) => number

/** Keys grow with time, so that equal peers stay in one order. */
export const age: Measure = ({ peer }) => peer.key

/** What a peer gives us, the best giver first; while seeding, and of a snubbed peer, that is nothing. */
export function givenIn({ seeding }: ChokeRound): Measure {
  return (facts) => (seeding || facts.snubbed ? 0 : -facts.downRate)
}

/** Rounds may come early, when a slot falls free; what a peer does is judged in whole ones. */
export const roundMs = 9_000

/** First those who were unchoked too short a time ago to show what they do with it, so that early rounds change nothing. */
export function settlingIn({ nowMs }: ChokeRound): Measure {
  return ({ unchokedAtMs }) => Number(unchokedAtMs === undefined || nowMs - unchokedAtMs >= roundMs)
}

/** Compares by several measures, one after the other. */
export function by(...measures: readonly Measure[]): (a: ChokeFacts, b: ChokeFacts) => number {
  return (a, b) => {
    for (const measure of measures) {
      const difference = measure(a) - measure(b)
      if (difference !== 0) return difference
    }
    return 0
  }
}

/** An unchoke for each; `rateOf` says what it may take of the upload, `undefined` = a fair share. */
export function unchoke(reason: string, rateOf?: (facts: ChokeFacts) => number | undefined) {
  return (facts: ChokeFacts): Unchoke => {
    const rate = rateOf?.(facts)
    return { peer: facts.peer, reason, ...(rate === undefined ? {} : { uploadBytesPerSecond: rate }) }
  }
}
