import type { Choker, ChokeFacts, ChokeRound, PeerView, Unchoke } from '@bitloom/core'
import { age, by, roundMs, unchoke } from './order.js'
import { roundRobin, usualTurnPieces } from './round-robin.js'

/** How much more is offered to whoever does not unchoke us, how much less to whoever keeps doing so, and after how many rounds. */
const raise = 1.2
const lower = 0.9
const patience = 3
/** What a peer is thought to want, and to give, before anything is known of it: ours, not the paper's. */
const firstBytesPerSecond = 15_360
/** Less is offered to nobody: whoever gives to everyone would get nothing in the end. */
const leastBytesPerSecond = 1_024

/** Bytes a second: what a peer wants from us to reciprocate (u in the paper), what it gives then (d), and what we offered. */
interface Estimate {
  wants: number
  gives: number
  offered: number
  rounds: number
}

/**
 * Buys as much download as the upload can: peers by what they give for what they want, each at the lowest rate that it
 * still reciprocates, until the capacity is spent. Seeds go by round-robin.
 * Source: Piatek et al., "Do incentives build robustness in BitTorrent?", NSDI 2007 (BitTyrant), with its δ = 20 %, γ =
 * 10 %, r = 3. It needs `capacity` or an upload limit of the session, and slots enough; without the former it only orders.
 * Ours: what is left over goes to the next peer, or to all when all are bought. Left out: a first estimate of what a peer
 * gives from how fast it announces pieces; leaving when whole.
 */
export function bitTyrant(capacity: number | undefined): Choker {
  return {
    name: 'bit-tyrant',
    source: 'Piatek and others, “Do incentives build robustness in BitTorrent?”, NSDI 2007',
    create(torrent, random) {
      const seed = roundRobin(usualTurnPieces).create(torrent, random)
      const estimates = new WeakMap<PeerView, Estimate>()
      let judgedAtMs = -Infinity
      const of = ({ peer }: ChokeFacts): Estimate => {
        const known = estimates.get(peer)
        const estimate = known ?? { wants: firstBytesPerSecond, gives: firstBytesPerSecond, offered: 0, rounds: 0 }
        if (known === undefined) estimates.set(peer, estimate)
        return estimate
      }
      return (round) => {
        if (round.seeding) return seed(round)
        if (round.nowMs - judgedAtMs >= roundMs) {
          for (const facts of round.candidates) judge(facts, of(facts), round.nowMs)
          judgedAtMs = round.nowMs
        }
        return spend(round, capacity ?? round.uploadLimit, of)
      }
    },
  }
}

/** Takes in what a peer did in the last round. An offer that was not what it wants tells less: more than that nothing. */
function judge({ theyUnchokeUs, unchokedAtMs, downRate }: ChokeFacts, estimate: Estimate, nowMs: number): void {
  const { wants, offered } = estimate
  if (theyUnchokeUs && downRate > 0) estimate.gives = downRate
  if (unchokedAtMs === undefined || nowMs - unchokedAtMs < roundMs) return
  estimate.rounds = theyUnchokeUs ? estimate.rounds + 1 : 0
  if (theyUnchokeUs) estimate.gives = downRate
  if (theyUnchokeUs && offered < wants) estimate.wants = Math.max(leastBytesPerSecond, offered)
  else if (!theyUnchokeUs && offered >= wants) estimate.wants = wants * raise
  else if (estimate.rounds >= patience && offered === wants)
    estimate.wants = Math.max(leastBytesPerSecond, wants * lower)
}

function spend(round: ChokeRound, capacity: number | undefined, of: (facts: ChokeFacts) => Estimate): Unchoke[] {
  const order = round.candidates.toSorted(by((facts) => -of(facts).gives / of(facts).wants, age)).slice(0, round.slots)
  const reason = 'gives most for it'
  if (capacity === undefined) {
    for (const facts of order) of(facts).offered = of(facts).wants
    return order.map(unchoke(reason))
  }
  const bought: ChokeFacts[] = []
  let left = capacity
  for (const facts of order) {
    if (left < leastBytesPerSecond && bought.length > 0) break
    of(facts).offered = Math.min(of(facts).wants, left)
    left -= of(facts).offered
    bought.push(facts)
  }
  // An offer is judged where it is what the peer wants, so nothing is added while somebody is left to buy.
  if (bought.length === order.length) for (const facts of bought) of(facts).offered += left / bought.length
  return bought.map(unchoke(reason, (facts) => of(facts).offered))
}
