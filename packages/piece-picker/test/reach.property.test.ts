import type { PeerView, Picks } from '@bitloom/core'
import { Bits } from '@bitloom/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rarestFirst } from '../src/rarest-first.js'
import { FakeTorrent, peerOf, seeded, watchedPicks } from './picture.js'

const pieces = 90

/** What may happen while the same three peers stay: they get pieces, others come and go, pieces fail, priorities change. */
const event = fc.record({
  kind: fc.constantFrom(
    'pick',
    'pick',
    'pick',
    'gains',
    'gains',
    'more',
    'less',
    'whole',
    'failed',
    'wanted',
    'leaves',
  ),
  who: fc.nat(2),
  piece: fc.nat(pieces - 1),
  count: fc.integer({ min: 1, max: 12 }),
})
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never

const scene = fc.record({
  /** Of ten pieces a peer has so many. */
  tenths: fc.tuple(fc.nat(10), fc.nat(10), fc.nat(10)),
  availability: fc.array(fc.constantFrom(1, 1, 1, 2, 3, 20), { minLength: pieces, maxLength: pieces }),
  events: fc.array(event, { maxLength: 80, size: 'max' }),
  seed: fc.nat(),
})

const numbers = Array.from({ length: pieces }, (_, piece) => piece)

describe('rarest-first', () => {
  it('sees that a piece of a peer became rarer than those that it was known to have', () => {
    const torrent = new FakeTorrent({ availability: `${'1'.repeat(20)}333` })
    const picker = rarestFirst(0).create(torrent, seeded(1))
    const peer = peerOf(`${'.'.repeat(20)}###`)
    picker.pick(peer, torrent.picks(peer, 4))
    const rarer = [20, 21, 22].find((piece) => !torrent.isBegun(piece)) ?? 0
    torrent.counts[rarer] = 2
    picker.changed?.(rarer)
    pickFor(torrent, picker, peer, 4)
    expect(torrent.isBegun(rarer)).toBe(true)
  })

  it('remembers of peers what they lack, and takes the rarest that they have all the same', () => {
    fc.assert(
      fc.property(scene, ({ tenths, availability, events, seed }) => {
        const torrent = new FakeTorrent({ availability: '0'.repeat(pieces) })
        for (const piece of numbers) torrent.counts[piece] = availability[piece] ?? 0
        const random = seeded(seed)
        const haves = tenths.map((some) => {
          const bits = new Bits(pieces)
          for (const piece of numbers) if (random.below(10) < some) bits.add(piece)
          return bits
        })
        const peers = haves.map((bits) => ({ haves: bits, isChoking: false }) as unknown as PeerView)
        const picker = rarestFirst(0).create(torrent, random)
        const move = (piece: number, change: number): void => {
          torrent.counts[piece] = Math.max(0, (torrent.counts[piece] ?? 0) + change)
        }
        const happen = ({ kind, who, piece, count }: Event): void => {
          const peer = peers[who]
          if (kind === 'pick' && peer !== undefined) return pickFor(torrent, picker, peer, count)
          if (kind === 'gains' && haves[who]?.add(piece) !== true) return
          if (kind === 'gains' || kind === 'more') move(piece, 1)
          if (kind === 'less') move(piece, -1)
          if (kind === 'whole') torrent.have.add(piece)
          if (kind === 'failed') torrent.free[piece] = torrent.blocksPerPiece
          if (kind === 'wanted') torrent.priorities[piece] = count % 6
          if (kind === 'leaves') {
            for (const other of numbers) if (other % 3 === piece % 3) move(other, -1)
            return picker.reset?.()
          }
          // What comes with many others is told without the peer.
          picker.changed?.(piece, kind === 'gains' && count % 3 > 0 ? peer : undefined)
        }
        for (const one of events) happen(one)
      }),
      { numRuns: 300 },
    )
  })
})

/** Each piece that is begun is one that a slow and simple look at all pieces finds too. */
function pickFor(
  torrent: FakeTorrent,
  picker: { pick(peer: PeerView, picks: Picks): void },
  peer: PeerView,
  blocks: number,
): void {
  const picks = torrent.picks(peer, blocks)
  const isOpen = (piece: number): boolean => peer.haves.has(piece) && torrent.priority(piece) > 0
  const rank = (piece: number): number => torrent.priority(piece) * 1_000 - torrent.availability(piece)
  const watched = watchedPicks(picks, (piece, take) => {
    const wasBegun = torrent.isBegun(piece)
    const best = Math.max(...numbers.filter((other) => isOpen(other) && !torrent.isBegun(other)).map(rank))
    const taken = take()
    expect(taken > 0 && !wasBegun ? rank(piece) : best).toBe(best)
    return taken
  })
  picker.pick(peer, watched)
  const isMissed = numbers.some((piece) => isOpen(piece) && (torrent.free[piece] ?? 0) > 0)
  expect(picks.left === 0 || !isMissed, 'the peer could give more').toBe(true)
}
