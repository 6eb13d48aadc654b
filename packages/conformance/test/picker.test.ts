import type { Picker, PiecePicker, PickView, Random } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { pickerConformance } from '../src/index.js'
import { expectCaught, expectSound, outcomeOf } from './support/planted.js'

/** In order, higher priorities first: the reference that keeps every guarantee. */
const sound: PiecePicker = {
  name: 'sound',
  create: (torrent) => ({
    pick(_peer, picks) {
      picks.takePartials()
      for (let priority = 7; priority > 0; priority--) {
        for (const piece of wantedOf(torrent)) {
          if (picks.left <= 0) return
          if (torrent.priority(piece) === priority) picks.take(piece, 'next')
        }
      }
    },
  }),
}

function* wantedOf(torrent: PickView): Generator<number> {
  for (let piece = torrent.nextWanted(0); piece >= 0; piece = torrent.nextWanted(piece + 1)) yield piece
}

/** A picker with one fault. */
const faulty = (create: (torrent: PickView, random: Random) => Picker): PiecePicker => ({ name: 'faulty', create })

const neverEnds = 'ends when the peer has nothing or allows nothing, or nothing is wanted or free, or memory is short'
const starves = 'never stops while the peer has something wanted and free'

const kept: { picks?: { take(piece: number, reason: string): number } } = {}
const sharedBegun = new Set<number>()

const faults: readonly (readonly [fault: string, picker: PiecePicker, guarantee: string])[] = [
  [
    'stops at the first piece that the peer lacks',
    faulty((torrent) => ({
      pick(_peer, picks) {
        picks.takePartials()
        for (const piece of wantedOf(torrent)) if (picks.take(piece, 'next') === 0) return
      },
    })),
    'asks a peer for its only piece, whichever that is and however many it lacks',
  ],
  [
    'looks at the first ten wanted pieces only',
    faulty((torrent) => ({
      pick(_peer, picks) {
        picks.takePartials()
        for (const piece of [...wantedOf(torrent)].slice(0, 10)) picks.take(piece, 'window')
      },
    })),
    starves,
  ],
  [
    'counts a piece as taken whole when a block was',
    faulty((torrent) => {
      const begun = new Set<number>()
      return {
        pick(_peer, picks) {
          for (const piece of wantedOf(torrent)) {
            if (!begun.has(piece) && picks.left > 0 && picks.take(piece, 'next') > 0) begun.add(piece)
          }
        },
      }
    }),
    starves,
  ],
  [
    'counts the budget twice',
    faulty((torrent) => ({
      pick(_peer, picks) {
        let budget = picks.left - picks.takePartials()
        for (const piece of wantedOf(torrent)) {
          if (budget <= 0) return
          budget -= 2 * picks.take(piece, 'next', budget)
        }
      },
    })),
    starves,
  ],
  [
    'gives up on choking peers',
    faulty((torrent, random) => ({
      pick: (peer, picks) => (peer.isChoking ? undefined : sound.create(torrent, random).pick(peer, picks)),
    })),
    'asks a choking peer for the pieces it allows, wherever they rank',
  ],
  [
    'keeps off pieces that others lead',
    faulty((torrent) => {
      const begun = new Set<number>()
      return {
        changed: (piece) => void begun.delete(piece),
        reset: () => begun.clear(),
        pick(_peer, picks) {
          picks.takePartials()
          for (const piece of wantedOf(torrent)) {
            if (picks.left > 0 && !begun.has(piece)) picks.take(piece, 'next', begun.add(piece).size > 0 ? 1_000 : 0)
          }
        },
      }
    }),
    starves,
  ],
  [
    'leaves pieces to takePartials once it has begun them',
    faulty((torrent) => {
      const begun = new Set<number>()
      return {
        changed: (piece) => void begun.delete(piece),
        pick(_peer, picks) {
          picks.takePartials()
          for (const piece of wantedOf(torrent)) {
            if (!begun.has(piece) && picks.take(piece, 'next') > 0) begun.add(piece)
          }
        },
      }
    }),
    'helps with pieces that others lead when nothing else is left',
  ],
  [
    'turns in a loop until its budget is used',
    faulty((torrent) => ({
      pick(_peer, picks) {
        while (picks.left > 0) for (const piece of wantedOf(torrent)) picks.take(piece, 'next')
        while (picks.left > 0) picks.take(0, 'next')
      },
    })),
    neverEnds,
  ],
  [
    'throws where it finds nothing',
    faulty((torrent) => ({
      pick(_peer, picks) {
        picks.takePartials()
        for (const piece of wantedOf(torrent)) picks.take(piece, 'next')
        if (torrent.nextWanted(0) < 0) throw new Error('nothing wanted')
      },
    })),
    neverEnds,
  ],
  [
    'ranks once, when it is made',
    faulty((torrent) => {
      const ranking = [...wantedOf(torrent)]
      return {
        pick(_peer, picks) {
          picks.takePartials()
          for (const piece of ranking) picks.take(piece, 'ranked')
        },
      }
    }),
    'notices what changed, and everything after a reset',
  ],
  [
    'does not hear of changed pieces',
    faulty((torrent) => {
      const done = new Set<number>()
      return {
        reset: () => done.clear(),
        pick(_peer, picks) {
          picks.takePartials()
          for (const piece of wantedOf(torrent)) {
            if (!done.has(piece) && picks.take(piece, 'next') > 3) done.add(piece)
          }
        },
      }
    }),
    'notices what changed, and everything after a reset',
  ],
  [
    'forgets unwanted pieces for good',
    faulty((torrent) => {
      const unwanted = new Set<number>()
      return {
        pick(_peer, picks) {
          picks.takePartials()
          for (let piece = 0; piece < torrent.pieceCount; piece++) {
            if (torrent.priority(piece) === 0) unwanted.add(piece)
            else if (!unwanted.has(piece)) picks.take(piece, 'next')
          }
        },
      }
    }),
    'leaves what has priority 0, and takes it once it is wanted again',
  ],
  [
    'counts on having seen the whole download',
    faulty((torrent) => {
      const seen = new Set<number>()
      return {
        changed: (piece) => void seen.add(piece),
        reset: () =>
          void (seen.size === 0 && [...wantedOf(torrent)].length === torrent.pieceCount && fill(seen, torrent)),
        pick(_peer, picks) {
          for (const piece of wantedOf(torrent)) if (seen.has(piece)) picks.take(piece, 'next')
        },
      }
    }),
    'serves equally when it is made in the middle of a download',
  ],
  [
    'compares every piece with every other',
    faulty((torrent) => ({
      pick(_peer, picks) {
        const rank = (piece: number): number => {
          let better = 0
          for (let other = 0; other < torrent.pieceCount; other++) {
            if (torrent.availability(other) < torrent.availability(piece)) better++
          }
          return better
        }
        const ranked = [...wantedOf(torrent)].sort((a, b) => rank(a) - rank(b))
        for (const piece of ranked) picks.take(piece, 'rarest')
      },
    })),
    'ends within a bound of steps, with 1 piece and with 20,000',
  ],
  [
    'draws from Math.random',
    faulty((torrent) => ({
      pick(_peer, picks) {
        const all = [...wantedOf(torrent)]
        // oxlint-disable-next-line no-restricted-properties
        const from = Math.floor(Math.random() * all.length)
        for (const piece of [...all.slice(from), ...all.slice(0, from)]) picks.take(piece, 'drawn')
      },
    })),
    'picks the same for the same seed, with no time or chance of its own',
  ],
  [
    'shares what it knows between torrents',
    faulty((torrent) => ({
      pick(_peer, picks) {
        for (const piece of wantedOf(torrent)) {
          if (!sharedBegun.has(piece) && picks.take(piece, 'next') > 0) sharedBegun.add(piece)
        }
      },
    })),
    'keeps torrents apart',
  ],
  [
    'keeps the picks for later',
    faulty((torrent, random) => ({
      pick(peer, picks) {
        kept.picks?.take(0, 'late')
        kept.picks = picks
        sound.create(torrent, random).pick(peer, picks)
      },
    })),
    'lets go of the picks when the call ends',
  ],
  [
    'takes what nextWanted did not find',
    faulty((torrent, random) => ({
      pick(peer, picks) {
        sound.create(torrent, random).pick(peer, picks)
        picks.take(torrent.nextWanted(torrent.pieceCount), 'none')
      },
    })),
    'names pieces of the torrent only',
  ],
  [
    'makes up a reason for each piece',
    faulty((torrent) => ({
      pick(_peer, picks) {
        picks.takePartials()
        for (const piece of wantedOf(torrent)) picks.take(piece, `piece ${piece} is next`)
      },
    })),
    'gives a constant string as the reason of each take',
  ],
  [
    'does not look at priorities',
    faulty((torrent) => ({
      pick(_peer, picks) {
        picks.takePartials()
        for (const piece of wantedOf(torrent)) picks.take(piece, 'next')
      },
    })),
    'begins pieces of higher priority first',
  ],
  [
    'begins new pieces first',
    faulty((torrent) => ({
      pick(_peer, picks) {
        for (const piece of [...wantedOf(torrent)].reverse()) picks.take(piece, 'last')
      },
    })),
    'finishes what is begun before it begins something',
  ],
]

function fill(seen: Set<number>, torrent: PickView): void {
  for (const piece of wantedOf(torrent)) seen.add(piece)
}

describe('pickerConformance', () => {
  it('passes a sound picker', () => expectSound((runner) => pickerConformance(runner, { picker: sound }), 18))

  it.each(faults)('catches one that %s', (_, picker, guarantee) =>
    expectCaught((runner) => pickerConformance(runner, { picker, histories: 10 }), guarantee),
  )

  it('shows as skipped what is not asked of a picker', async () => {
    const options = { picker: sound, honoursPriorities: false, finishesBegunFirst: false, histories: 1 }
    const { skipped } = await outcomeOf((runner) => pickerConformance(runner, options))
    expect(skipped).toEqual([
      'begins pieces of higher priority first (takes no notice of priorities)',
      'finishes what is begun before it begins something (begins pieces whenever it likes)',
    ])
  })

  it('says what was expected and what came, with the seed', async () => {
    const [, picker] = faults[1] ?? []
    if (picker === undefined) throw new Error('a fault is missing')
    const { failed } = await outcomeOf((runner) => pickerConformance(runner, { picker }))
    expect(failed.get(starves)).toMatch(
      /^it stopped with \d+ blocks of the budget unused, and the peer has free blocks of [\d, ]+ \(pick \d+, seed \d+\)$/,
    )
  })
})
