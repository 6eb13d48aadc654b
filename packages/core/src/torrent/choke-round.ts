import type { Peer } from '../peer/peer.js'
import type { ChokeRound, Unchoke } from '../ports/choker.js'
import type { Decisions, Effects } from './effects.js'

/** What one round needs of its torrent. */
export interface ChokeInput {
  readonly peers: Iterable<Peer>
  readonly slots: number
  readonly seeding: boolean
  readonly uploadLimit: number | undefined
  readonly nowMs: number
}

/**
 * One choke round (BEP 3, "choking"): the choker's ordered list, without those who left or want nothing, is cut at the
 * slots; those on it are unchoked, all others choked. A peer that is not interested is choked too: it costs no slot.
 * Answers whether any peer was given a rate of its own.
 */
export function chokeRound(input: ChokeInput, decisions: Decisions, effects: Pick<Effects, 'flush'>): boolean {
  const { nowMs, slots, seeding, uploadLimit } = input
  const peers = [...input.peers]
  const candidates = peers
    .filter((peer) => peer.isInterested)
    .map((peer) => ({
      peer,
      downRate: peer.downRate,
      upRate: peer.upRate,
      theyUnchokeUs: !peer.isChoking,
      unchokedAtMs: peer.unchokedAtMs,
      connectedAtMs: peer.connectedAtMs,
      snubbed: peer.snubbed,
    }))
  const round: ChokeRound = { nowMs, slots, seeding, uploadLimit, candidates }
  const present = new Set<unknown>(candidates.map(({ peer }) => peer))
  const given = new Map<unknown, Unchoke>()
  const list = candidates.length === 0 ? [] : decisions.unchoke(round)
  for (const unchoke of list) {
    if (given.size >= slots) break
    if (present.has(unchoke.peer)) given.set(unchoke.peer, unchoke)
  }
  for (const peer of peers) {
    const unchoke = given.get(peer)
    const changed = (unchoke !== undefined) === peer.amChoking
    if (changed) {
      peer.setChoking(unchoke === undefined, nowMs)
      effects.flush(peer)
    }
    if (unchoke !== undefined) peer.setUploadRate(unchoke.uploadBytesPerSecond, nowMs)
    decisions.judged?.({ peer, rank: rankOf(list, peer), unchoke, changed }, round)
  }
  return peers.some((peer) => peer.isPaced)
}

function rankOf(list: readonly Unchoke[], peer: Peer): number | undefined {
  const at = list.findIndex((unchoke) => unchoke.peer === peer)
  return at < 0 ? undefined : at + 1
}
