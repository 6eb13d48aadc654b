import type { ChokeFacts, PeerView, Random } from '@bitloom/core'

/** How long a try lasts (BEP 3, "optimistic unchoking"). */
const tryMs = 30_000
const slotsPerTry = 5

/** Draws the peers that are tried out, so many of the candidates; the same ones for 30 s. */
export type Tries = (candidates: readonly ChokeFacts[], count: number, nowMs: number) => readonly ChokeFacts[]

/** One slot in five is for trying peers out; at least one. */
export function tryCount(slots: number): number {
  return Math.min(slots, Math.max(1, Math.floor(slots / slotsPerTry)))
}

/** Optimistic unchokes of one torrent (BEP 3): whoever is tried keeps it for 30 s, then others are drawn before the same. */
export function tries(random: Random): Tries {
  let current: readonly PeerView[] = []
  let drawnAtMs = -Infinity
  return (candidates, count, nowMs) => {
    const isDue = nowMs - drawnAtMs >= tryMs
    const wereTried = candidates.filter(({ peer }) => current.includes(peer))
    const others = candidates.filter(({ peer }) => !current.includes(peer))
    const chosen = isDue ? [] : wereTried.slice(0, count)
    chosen.push(...draw(others, count - chosen.length, random))
    if (isDue) chosen.push(...draw(wereTried, count - chosen.length, random))
    if (isDue && chosen.length > 0) drawnAtMs = nowMs
    current = chosen.map(({ peer }) => peer)
    return chosen
  }
}

function draw(from: readonly ChokeFacts[], count: number, random: Random): ChokeFacts[] {
  const left = [...from]
  const drawn: ChokeFacts[] = []
  while (drawn.length < count && left.length > 0) drawn.push(...left.splice(random.below(left.length), 1))
  return drawn
}
