import type { Choker, ChokeFacts, ChokeRound, Unchoke } from '../ports/choker.js'
import type { Random } from '../ports/random.js'
import type { PeerView, TorrentView } from '../ports/views.js'

/** How long an optimistic unchoke lasts (BEP 3, "optimistic unchoking"). */
const optimisticMs = 30_000
/** For so long a peer counts as newly connected, and is three times as likely to be tried. */
const newcomerMs = 60_000
const newcomerWeight = 3
/** One slot in so many is for trying peers out; at least one. */
const slotsPerOptimistic = 5

/** A seed's turn: so many pieces, after a minute at the earliest (the quota of libtorrent's round-robin choker); never longer than three minutes. */
const turnPieces = 20
const shortestTurnMs = 60_000
const longestTurnMs = 180_000
const usualPieceBytes = 262_144

/** What is remembered of a peer between rounds. */
interface Memory {
  /** When it last was seen unchoked, or joined: the waiting counts from here. */
  waitsSinceMs: number
  /**
   * Its place in the line for slots that nobody earned: drawn until it had one, or all peers of a swarm would give to the
   * same ones; then when it last was seen unchoked.
   */
  lot: number
  /** Its `uploadedBytes` when it was last seen choked. */
  baseBytes: number
}

/**
 * The default choker. While downloading: tit-for-tat (BEP 3, "choking"): the best givers, one slot in five for trying
 * others in turns of 30 s, and snubbed peers only by such a try. Slots that nobody earned go round among the rest.
 * While seeding: peers keep their slot, the fastest first, until they had their turn and somebody waits for one.
 * The list holds more than the slots, best first.
 * Source: Cohen, "Incentives Build Robustness in BitTorrent", 2003; turns of equal service while seeding are those of the newer
 * mainline clients (Legout, Urvoy-Keller and Michiardi, IMC 2006), with the quota of libtorrent's `round_robin`.
 */
export const titForTat: Choker = {
  name: 'tit-for-tat',
  source: 'Cohen, “Incentives build robustness in BitTorrent”, 2003; BEP 3',
  create(torrent, random) {
    const memories = new WeakMap<PeerView, Memory>()
    const pickOptimistic = optimisticRotation(random)
    return (round) => {
      for (const facts of round.candidates) remember(memories, facts, round.nowMs, random)
      const lot = (facts: ChokeFacts): number => memories.get(facts.peer)?.lot ?? 0
      if (!round.seeding) return downloading(round, pickOptimistic, lot)
      const waitsSinceMs = (facts: ChokeFacts): number => memories.get(facts.peer)?.waitsSinceMs ?? 0
      const sentBytes = ({ peer }: ChokeFacts): number => peer.uploadedBytes - (memories.get(peer)?.baseBytes ?? 0)
      return seeding(round, turnBytes(torrent), sentBytes, waitsSinceMs)
    }
  },
}

function remember(memories: WeakMap<PeerView, Memory>, facts: ChokeFacts, nowMs: number, random: Random): void {
  const { peer, unchokedAtMs, connectedAtMs } = facts
  const memory = memories.get(peer) ?? { waitsSinceMs: connectedAtMs, lot: -1 - random.below(2 ** 32), baseBytes: 0 }
  if (unchokedAtMs === undefined) memory.baseBytes = peer.uploadedBytes
  else memory.waitsSinceMs = memory.lot = nowMs
  memories.set(peer, memory)
}

function turnBytes(torrent: TorrentView): number {
  return turnPieces * (torrent.content?.pieceLengthBytes ?? usualPieceBytes)
}

type PickOptimistic = (candidates: readonly ChokeFacts[], count: number, nowMs: number) => readonly ChokeFacts[]
type Measure = (facts: ChokeFacts) => number

function downloading(round: ChokeRound, pickOptimistic: PickOptimistic, lot: Measure): Unchoke[] {
  const { candidates, slots, nowMs } = round
  const tries = Math.max(1, Math.floor(slots / slotsPerOptimistic))
  const earned = slots > 1 ? slots - tries : slots
  const givers = candidates.filter((facts) => facts.downRate > 0 && !facts.snubbed).sort(by(downRate, isChoked, age))
  const best = givers.slice(0, earned)
  const others = candidates.filter((facts) => !best.includes(facts))
  const optimistic = pickOptimistic(others, tries, nowMs)
  const rest = others
    .filter((facts) => facts.downRate <= 0 && !facts.snubbed && !optimistic.includes(facts))
    .sort(by((facts) => restRank(facts, nowMs), lot, age))
  return [
    ...best.map(unchoke('reciprocates')),
    ...optimistic.map(unchoke('optimistic')),
    ...givers.filter((facts) => others.includes(facts) && !optimistic.includes(facts)).map(unchoke('reciprocates')),
    ...rest.map(unchoke('free slot')),
  ]
}

/** Slots nobody earned: whoever just got one keeps it, then those who wait, then those who had one and gave nothing. */
function restRank({ unchokedAtMs }: ChokeFacts, nowMs: number): number {
  if (unchokedAtMs === undefined) return 1
  return nowMs - unchokedAtMs < optimisticMs ? 0 : 2
}

/** Keeps the peers that are being tried for 30 s, then draws others. */
function optimisticRotation(random: Random): PickOptimistic {
  let current: readonly PeerView[] = []
  let rotatedAtMs = -Infinity
  return (candidates, count, nowMs) => {
    const isDue = nowMs - rotatedAtMs >= optimisticMs
    const kept = isDue ? [] : candidates.filter(({ peer }) => current.includes(peer)).slice(0, count)
    // Those who just had their try come last, so that with several peers it really goes round.
    const fresh = candidates.filter(({ peer }) => !current.includes(peer))
    const again = isDue ? candidates.filter(({ peer }) => current.includes(peer)) : []
    const chosen = [...kept, ...draw(fresh, count - kept.length, nowMs, random)]
    chosen.push(...draw(again, count - chosen.length, nowMs, random))
    if (isDue && chosen.length > 0) rotatedAtMs = nowMs
    current = chosen.map(({ peer }) => peer)
    return chosen
  }
}

function draw(from: readonly ChokeFacts[], count: number, nowMs: number, random: Random): ChokeFacts[] {
  const left = [...from]
  const drawn: ChokeFacts[] = []
  const weight = (facts: ChokeFacts): number => (nowMs - facts.connectedAtMs < newcomerMs ? newcomerWeight : 1)
  while (drawn.length < count && left.length > 0) {
    let ticket = random.below(left.reduce((sum, facts) => sum + weight(facts), 0))
    const at = left.findIndex((facts) => (ticket -= weight(facts)) < 0)
    drawn.push(...left.splice(at, 1))
  }
  return drawn
}

function seeding(round: ChokeRound, quotaBytes: number, sentBytes: Measure, waitsSinceMs: Measure): Unchoke[] {
  const { candidates, nowMs } = round
  const hadTurn = (facts: ChokeFacts): boolean => {
    const heldMs = nowMs - (facts.unchokedAtMs ?? nowMs)
    const sent = sentBytes(facts)
    // A peer that takes nothing does not keep others waiting.
    return heldMs >= longestTurnMs || (heldMs >= shortestTurnMs && (sent >= quotaBytes || sent === 0))
  }
  const unchoked = candidates.filter((facts) => facts.unchokedAtMs !== undefined)
  const waiting = candidates.filter((facts) => facts.unchokedAtMs === undefined)
  const newest: Measure = (facts) => -(facts.unchokedAtMs ?? 0)
  return [
    ...unchoked
      .filter((facts) => !hadTurn(facts))
      .sort(by(upRate, newest, age))
      .map(unchoke('seeding: rate')),
    ...waiting.sort(by(waitsSinceMs, age)).map(unchoke('seeding: turn')),
    ...unchoked.filter(hadTurn).sort(by(newest, age)).map(unchoke('seeding: rate')),
  ]
}

const downRate: Measure = (facts) => -facts.downRate
const upRate: Measure = (facts) => -facts.upRate
const isChoked: Measure = (facts) => Number(facts.unchokedAtMs === undefined)
/** Keys grow with time, so equal peers stay in one order. */
const age: Measure = (facts) => facts.peer.key

/** Compares by several measures, smallest first. */
function by(...measures: readonly Measure[]): (a: ChokeFacts, b: ChokeFacts) => number {
  return (a, b) => {
    for (const measure of measures) {
      const difference = measure(a) - measure(b)
      if (difference !== 0) return difference
    }
    return 0
  }
}

function unchoke(reason: string): (facts: ChokeFacts) => Unchoke {
  return ({ peer }) => ({ peer, reason })
}
