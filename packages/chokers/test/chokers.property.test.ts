import { Bits, type Choker, type ChokeFacts, type ChokeRound, type PeerView, type TorrentView } from '@bitloom/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { antiLeech } from '../src/anti-leech.js'
import { bitTyrant } from '../src/bit-tyrant.js'
import { propShare } from '../src/prop-share.js'
import { rateBased } from '../src/rate-based.js'
import { roundRobin } from '../src/round-robin.js'
import { seeded } from './scene.js'

const capacity = 100_000
const all: readonly (readonly [string, () => Choker])[] = [
  ['rate-based', rateBased],
  ['round-robin', () => roundRobin(20)],
  ['anti-leech', antiLeech],
  ['bit-tyrant', () => bitTyrant(capacity)],
  ['prop-share', () => propShare(capacity)],
]

const rate = fc.oneof(fc.constant(0), fc.double({ min: 1, max: 1e8, noNaN: true }), fc.constantFrom(1_000, 1_000_000))
const drawnRound = fc.record({
  stepMs: fc.constantFrom(1_000, 4_000, 10_000, 11_000, 60_000),
  slots: fc.integer({ min: 0, max: 12 }),
  seeding: fc.boolean(),
  peers: fc.array(
    fc.record({ here: fc.boolean(), downRate: rate, upRate: rate, theyUnchokeUs: fc.boolean(), snubbed: fc.boolean() }),
    { minLength: 8, maxLength: 8 },
  ),
})
type DrawnRound = typeof drawnRound extends fc.Arbitrary<infer R> ? R : never

/** Plays rounds; `check` sees what each came to. Answers who was unchoked, when and at which rate. */
function play(
  make: () => Choker,
  rounds: readonly DrawnRound[],
  check: (list: ReturnType<ReturnType<Choker['create']>>, round: ChokeRound) => void,
): string {
  const content = { pieceLengthBytes: 16_384, lengthBytes: 1_638_400, pieceCount: 100 }
  const choose = make().create({ content } as unknown as TorrentView, seeded(7))
  const views = Array.from({ length: 8 }, (_, key) => {
    const haves = new Bits(100)
    for (let piece = 0; piece < key * 12; piece++) haves.add(piece)
    return { key, uploadedBytes: 0, haves }
  })
  const unchokedAtMs: (number | undefined)[] = views.map(() => undefined)
  const log: string[] = []
  let nowMs = 0
  for (const { stepMs, slots, seeding, peers } of rounds) {
    nowMs += stepMs
    const candidates = peers.flatMap(({ here, ...facts }, key): ChokeFacts[] => {
      const peer = views[key] as unknown as PeerView
      return here ? [{ ...facts, peer, unchokedAtMs: unchokedAtMs[key], connectedAtMs: 0 }] : []
    })
    const round = { nowMs, slots, seeding, uploadLimit: undefined, candidates }
    const list = choose(round)
    check(list, round)
    const chosen = list.slice(0, slots)
    for (const [key, view] of views.entries()) {
      const mine = chosen.find(({ peer }) => peer.key === key)
      unchokedAtMs[key] = mine === undefined ? undefined : (unchokedAtMs[key] ?? nowMs)
      if (mine !== undefined) view.uploadedBytes += stepMs * 10
    }
    log.push(chosen.map(({ peer, uploadBytesPerSecond }) => `${peer.key}@${uploadBytesPerSecond}`).join(' '))
  }
  return log.join('\n')
}

const rounds = fc.array(drawnRound, { minLength: 1, maxLength: 25 })

describe.each(all)('%s', (_, make) => {
  it('names candidates only, each once, with a reason, and uses slots while somebody waits', () => {
    fc.assert(
      fc.property(rounds, (drawn) => {
        play(make, drawn, (list, { candidates, slots }) => {
          const peers = list.map(({ peer }) => peer)
          expect(new Set(peers).size).toBe(peers.length)
          for (const { peer, reason } of list) {
            expect(candidates.some((facts) => facts.peer === peer)).toBe(true)
            expect(reason).not.toBe('')
          }
          expect(list.length).toBeGreaterThanOrEqual(Math.min(1, slots, candidates.length))
        })
      }),
    )
  })

  it('gives rates above 0 that the capacity can carry', () => {
    fc.assert(
      fc.property(rounds, (drawn) => {
        play(make, drawn, (list, { slots }) => {
          const rates = list.slice(0, slots).flatMap(({ uploadBytesPerSecond }) => uploadBytesPerSecond ?? [])
          for (const one of rates) expect(one > 0 && Number.isFinite(one)).toBe(true)
          expect(rates.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(capacity * 1.000_001)
        })
      }),
    )
  })

  it('decides the same from the same seed and facts', () => {
    fc.assert(
      fc.property(rounds, (drawn) => {
        expect(play(make, drawn, () => {})).toBe(play(make, drawn, () => {}))
      }),
    )
  })
})
