import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RankTable } from '../src/rank-table.js'
import { randomOrder, rarestFirst } from '../src/rarest-first.js'
import { sequential } from '../src/sequential.js'
import { streaming } from '../src/streaming.js'
import { FakeTorrent, peerOf, type Taken, seeded, watchedPicks } from './picture.js'

const pieces = 24
const text = (letters: string): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...letters), { minLength: pieces, maxLength: pieces }).map((all) => all.join(''))
const picture = fc.record({ availability: text('0123456789*'), priorities: text('01244447') })

/** What may happen to a torrent between two picks. */
const event = fc.oneof(
  fc.record({
    kind: fc.constantFrom('has', 'whole', 'failed', 'joins', 'leaves', 'seed', 'seedLeaves', 'wanted'),
    piece: fc.nat(pieces - 1),
  }),
  fc.record({ kind: fc.constant('pick'), haves: text('#.'), budget: fc.integer({ min: 1, max: 60 }) }),
)
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never

interface Listener {
  changed?(piece: number): void
  reset?(): void
}

function happen(torrent: FakeTorrent, listener: Listener, kind: string, piece: number): void {
  const add = (at: number, change: number): void => {
    torrent.counts[at] = Math.max(0, (torrent.counts[at] ?? 0) + change)
  }
  if (kind === 'seed') torrent.seeds++
  if (kind === 'seedLeaves') torrent.seeds = Math.max(0, torrent.seeds - 1)
  if (kind === 'has') add(piece, 1)
  if (kind === 'whole') torrent.have.add(piece)
  if (kind === 'failed') torrent.free[piece] = torrent.blocksPerPiece
  if (kind === 'failed') torrent.have.delete(piece)
  if (kind === 'wanted') torrent.priorities[piece] = ((torrent.priorities[piece] ?? 0) + 3) % 8
  if (kind === 'joins' || kind === 'leaves') {
    for (let at = piece; at < pieces; at += 2) add(at, kind === 'joins' ? 1 : -1)
    listener.reset?.()
  } else if (!kind.startsWith('seed')) {
    listener.changed?.(piece)
  }
}

/** Every piece that a slow and simple picker could begin next for this peer: the rarest ones of the highest priority. */
function bestOf(torrent: FakeTorrent, haves: string): Set<number> {
  const open = [...haves].flatMap((letter, piece) =>
    letter === '#' && torrent.priority(piece) > 0 && !torrent.isBegun(piece) ? [piece] : [],
  )
  const priority = Math.max(...open.map((piece) => torrent.priority(piece)))
  const first = open.filter((piece) => torrent.priority(piece) === priority)
  const rarity = Math.min(...first.map((piece) => torrent.availability(piece)))
  return new Set(first.filter((piece) => torrent.availability(piece) === rarity))
}

/** Runs events; `check` sees each take, before it is counted. */
function run(
  torrent: FakeTorrent,
  picker: Listener & { pick: ReturnType<ReturnType<typeof sequential>['create']>['pick'] },
  events: readonly Event[],
  check: (taken: Taken, haves: string) => void,
): void {
  for (const happening of events) {
    if (!('haves' in happening)) {
      happen(torrent, picker, happening.kind, happening.piece)
      continue
    }
    const { haves, budget } = happening
    const peer = peerOf(haves)
    const picks = torrent.picks(peer, budget)
    const watched = watchedPicks(picks, (piece, take) => {
      const isNew = !torrent.isBegun(piece)
      const best = bestOf(torrent, haves)
      const blocks = take()
      if (blocks > 0) check({ piece, blocks, reason: isNew ? (best.has(piece) ? 'best' : 'other') : 'begun' }, haves)
      return blocks
    })
    picker.pick(peer, watched)
    const missed = [...haves].flatMap((letter, piece) =>
      letter === '#' && torrent.priority(piece) > 0 && (torrent.free[piece] ?? 0) > 0 ? [piece] : [],
    )
    expect(picks.left === 0 || missed.length === 0, 'the peer could give more').toBe(true)
  }
}

describe('pickers', () => {
  it('rarest-first begins only the rarest of the highest priority, and leaves nothing that could be asked', () => {
    fc.assert(
      fc.property(picture, fc.array(event, { maxLength: 60 }), fc.nat(), (drawn, events, seed) => {
        const torrent = new FakeTorrent(drawn)
        run(torrent, rarestFirst(0).create(torrent, seeded(seed)), events, (taken, haves) => {
          expect(taken.reason).not.toBe('other')
          expect(haves[taken.piece]).toBe('#')
        })
      }),
      { numRuns: 500 },
    )
  })

  const clock = { nowMs: () => 0, wallMs: () => 0, after: () => () => {} }
  it.each([rarestFirst(4), randomOrder(), sequential(), streaming(clock, { bytesPerSecond: 1 })])(
    '$name takes what there is, of the highest priority first',
    (made) => {
      fc.assert(
        fc.property(picture, fc.array(event, { maxLength: 40 }), fc.nat(), (drawn, events, seed) => {
          const torrent = new FakeTorrent(drawn)
          run(torrent, made.create(torrent, seeded(seed)), events, (taken, haves) => {
            expect(haves[taken.piece]).toBe('#')
            if (taken.reason === 'begun') return
            const [best] = bestOf(torrent, haves)
            expect(best === undefined || torrent.priority(taken.piece) >= torrent.priority(best)).toBe(true)
          })
        }),
        { numRuns: 200 },
      )
    },
  )
})

describe('RankTable', () => {
  it('has the buckets of a fresh build after any changes', () => {
    const change = event.filter((happening) => !('haves' in happening))
    fc.assert(
      fc.property(picture, fc.array(change, { maxLength: 60 }), fc.nat(), (drawn, events, seed) => {
        const torrent = new FakeTorrent(drawn)
        const table = new RankTable(torrent, seeded(seed), true)
        table.refresh()
        for (const happening of events) {
          if ('haves' in happening) continue
          happen(torrent, table, happening.kind, happening.piece)
        }
        table.refresh()
        const fresh = new RankTable(torrent, seeded(seed + 1), true)
        fresh.refresh()
        expect(bucketsOf(table)).toEqual(bucketsOf(fresh))
      }),
      { numRuns: 500 },
    )
  })
})

/** The pieces from best to worst, those that are equal sorted. */
function bucketsOf(table: RankTable): readonly (readonly number[])[] {
  const buckets: number[][] = []
  let before = ''
  for (let index = table.ranked - 1; index >= 0; index--) {
    const piece = table.pieceAt(index)
    const { priority, place } = table.rankOf(piece)
    if (`${priority}/${place}` !== before) buckets.push([])
    before = `${priority}/${place}`
    buckets.at(-1)?.push(piece)
  }
  return buckets.map((bucket) => bucket.sort((a, b) => a - b))
}
