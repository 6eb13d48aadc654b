import type { Choker, ChokeFacts, ChokeRound, PeerView, Random, Unchoke } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { chokerConformance } from '../src/index.js'
import { expectCaught, expectSound, outcomeOf } from './support/planted.js'

type Choose = (round: ChokeRound) => readonly Unchoke[]

/** Whoever waits longest is first: the reference that keeps every guarantee. */
function longestWait(): Choose {
  const lastMs = new WeakMap<PeerView, number>()
  return ({ candidates, slots, nowMs }) => {
    const waitsSince = ({ peer }: ChokeFacts): number => lastMs.get(peer) ?? -1
    const ordered = [...candidates].sort((a, b) => waitsSince(a) - waitsSince(b) || a.peer.key - b.peer.key)
    for (const { peer } of ordered.slice(0, slots)) lastMs.set(peer, nowMs)
    return ordered.map(({ peer }) => ({ peer, reason: 'turn' }))
  }
}

const chokerOf = (create: (random: Random) => Choose): Choker => ({
  name: 'planted',
  create: (_torrent, random) => create(random),
})

/** The sound list, with something done to it. */
const changed = (change: (list: readonly Unchoke[], round: ChokeRound) => readonly Unchoke[]): Choker =>
  chokerOf(() => {
    const choose = longestWait()
    return (round) => change(choose(round), round)
  })

const shared = new Map<number, number>()

const faults: readonly (readonly [fault: string, choker: Choker, guarantee: string])[] = [
  [
    'unchokes the same peer twice',
    changed((list) => [...list.slice(0, 1), ...list]),
    'unchokes each peer at most once',
  ],
  [
    'unchokes whom it knew',
    chokerOf(() => {
      const known = new Set<PeerView>()
      return ({ candidates }) => {
        for (const { peer } of candidates) known.add(peer)
        return [...known].map((peer) => ({ peer, reason: 'known' }))
      }
    }),
    'unchokes candidates only',
  ],
  [
    'holds its optimistic slot for a peer that left',
    chokerOf(() => {
      let optimistic: PeerView | undefined
      return ({ candidates }) => {
        optimistic ??= candidates.at(-1)?.peer
        const others = candidates.map(({ peer }) => peer).filter((peer) => peer !== optimistic)
        return [optimistic, ...others].flatMap((peer) => (peer === undefined ? [] : [{ peer, reason: 'held' }]))
      }
    }),
    'lets go of peers that left',
  ],
  [
    'makes copies of peers',
    changed((list) => list.map((unchoke) => ({ ...unchoke, peer: { ...unchoke.peer } }))),
    'unchokes candidates only',
  ],
  [
    'leaves the last slot empty',
    changed((list, { slots }) => list.slice(0, slots - 1)),
    'fills the slots while somebody waits',
  ],
  [
    'starves those who give least',
    chokerOf(
      () =>
        ({ candidates }) =>
          [...candidates].sort((a, b) => b.downRate - a.downRate).map(({ peer }) => ({ peer, reason: 'gives' })),
    ),
    'gives every interested peer a turn within 400 rounds',
  ],
  [
    'starves newcomers while seeding',
    chokerOf(() => {
      const choose = longestWait()
      return (round) =>
        round.seeding ? round.candidates.map(({ peer }) => ({ peer, reason: 'oldest' })) : choose(round)
    }),
    'gives every interested peer a turn within 400 rounds',
  ],
  [
    'compares candidates that are not there',
    chokerOf(() => ({ candidates: [first, second] }) => {
      if (first === undefined || second === undefined) throw new TypeError('two candidates are needed')
      return [{ peer: first.peer, reason: 'first' }]
    }),
    'answers for one candidate and for 500, for no slot and for 1,000',
  ],
  [
    'shares rates out to nothing',
    changed((list, { uploadLimit }) =>
      list.map((unchoke, place) => ({ ...unchoke, uploadBytesPerSecond: place < 3 ? (uploadLimit ?? 9_000) : 0 })),
    ),
    'gives rates that are positive, where it gives any',
  ],
  [
    'divides by the rate of a peer that gives nothing',
    changed((list) => list.map((unchoke) => ({ ...unchoke, uploadBytesPerSecond: 1_000 / unchoke.peer.downRate }))),
    'gives rates that are positive, where it gives any',
  ],
  [
    'writes rates into its reasons',
    chokerOf(() => {
      let rounds = 0
      return ({ candidates }) => candidates.map(({ peer }) => ({ peer, reason: `round ${++rounds}` }))
    }),
    'gives a constant string as the reason of each unchoke',
  ],
  [
    'sorts the candidates in place',
    chokerOf(() => ({ candidates }) => {
      const own = candidates as ChokeFacts[]
      return own.sort((a, b) => b.peer.key - a.peer.key).map(({ peer }) => ({ peer, reason: 'newest' }))
    }),
    'leaves the round as it is',
  ],
  [
    'looks at the clock of the machine',
    changed((list) => (Date.now() > 0 ? list : [])),
    'chooses the same for the same seed, with no time or chance of its own',
  ],
  [
    'knows peers of one torrent by those of another',
    chokerOf(() => ({ candidates }) => {
      const tries = ({ peer }: ChokeFacts): number => shared.get(peer.key) ?? 0
      const ordered = [...candidates].sort((a, b) => tries(a) - tries(b))
      for (const facts of ordered.slice(0, 4)) shared.set(facts.peer.key, tries(facts) + 1)
      return ordered.map(({ peer }) => ({ peer, reason: 'turn' }))
    }),
    'keeps torrents apart',
  ],
  [
    'counts on having seen everybody join',
    chokerOf(() => {
      const choose = longestWait()
      let rounds = 0
      return (round) => {
        const isNew = ({ unchokedAtMs }: ChokeFacts): boolean => rounds > 0 || unchokedAtMs === undefined
        const candidates = round.candidates.filter(isNew)
        rounds++
        return choose({ ...round, candidates })
      }
    }),
    'serves equally when it is made in the middle of a swarm',
  ],
]

describe('chokerConformance', () => {
  it('passes a sound choker', () =>
    expectSound((runner) => chokerConformance(runner, { choker: chokerOf(longestWait) }), 13))

  it.each(faults)('catches one that %s', (_, choker, guarantee) =>
    expectCaught((runner) => chokerConformance(runner, { choker }), guarantee),
  )

  it('asks no turns and no full slots of a choker that punishes', async () => {
    const choker = chokerOf(
      () =>
        ({ candidates }) =>
          candidates.filter(({ downRate }) => downRate > 0).map(({ peer }) => ({ peer, reason: 'gives' })),
    )
    const options = { choker, leavesSlotsEmpty: true, turnWithinRounds: false as const }
    const { skipped } = await expectSound((runner) => chokerConformance(runner, options), 13)
    expect(skipped).toEqual([
      'fills the slots while somebody waits (leaves slots empty)',
      'gives every interested peer a turn (passes peers over)',
    ])
  })

  it('says which peers, in which round of which seed', async () => {
    const [, choker] = faults[0] ?? []
    if (choker === undefined) throw new Error('a fault is missing')
    const { failed } = await outcomeOf((runner) => chokerConformance(runner, { choker }))
    expect(failed.get('unchokes each peer at most once')).toMatch(
      /^unchoked \[\d+\] more than once: a slot is lost \(round \d+, \d+ slots, downloading, seed \d+\)$/,
    )
  })
})
