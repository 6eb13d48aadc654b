import { afterEach, expect, it, vi } from 'vitest'
import { SharedBudget } from '../src/driver/memory-budget.js'
import { Hunger } from '../src/torrent/hunger.js'
import { OpenPieces } from '../src/torrent/open-pieces.js'
import type { PiecePicker } from '../src/ports/piece-picker.js'
import { block, pieceCount, type Seat, TorrentBench } from './support/torrent-bench.js'
import { testPicker } from './support/world.js'

afterEach(() => vi.restoreAllMocks())

/** A torrent with memory for one extent of two blocks, and peers with all of it; what the picker and the ledger do. */
function crowd(peerCount: number) {
  let picks = 0
  const picker: PiecePicker = {
    name: 'counting',
    create: (view, random) => {
      const inner = testPicker.create(view, random)
      return { pick: (peer, into) => (picks++, inner.pick(peer, into)) }
    },
  }
  const opened = vi.spyOn(OpenPieces.prototype, 'add')
  const bench = new TorrentBench(2, picker)
  const seats = Array.from({ length: peerCount }, () => bench.join(true))
  bench.turn(() => {
    for (const { peer } of seats) {
      peer.haveAll()
      peer.choke(false)
    }
  })
  const since = (): { picks: number; opened: number } => {
    const counts = { picks, opened: opened.mock.calls.length }
    picks = 0
    opened.mockClear()
    return counts
  }
  return { bench, seats, since }
}

/** Brings everything that the peer was asked. */
function bring(bench: TorrentBench, seat: Seat): void {
  const asked: [number, number][] = []
  seat.peer.asked.each((piece, index) => void asked.push([piece, index]))
  for (const one of asked)
    bench.turn(() => {
      bench.startBlock(seat, ...one, true)
      bench.endBlock(seat)
    })
}

it('while memory is short no piece is opened, and no picker is asked again and again', () => {
  const { bench, seats, since } = crowd(20)
  // The first takes all memory and finds that there is no more.
  expect(since()).toEqual({ picks: 1, opened: 1 })
  expect(bench.budget.usedBytes).toBe(2 * block)
  for (const { peer } of seats) bench.turn(() => bench.torrent.requests.mark(peer))
  const [first] = seats
  if (first === undefined) throw new Error('nobody is there')
  bring(bench, first)
  // It has room again, and there is memory for nothing.
  expect(since()).toEqual({ picks: 0, opened: 0 })
})

it('memory that is freed goes to those who wait, and nobody is asked for more', () => {
  const { bench, seats, since } = crowd(20)
  for (const seat of seats) bring(bench, seat)
  since()
  while (bench.calls.length > 0) bench.turn(() => bench.settleCall(0, false))
  const counts = since()
  expect(bench.seats.reduce((sum, { peer }) => sum + peer.asked.size, 0)).toBe(2)
  expect(counts.picks).toBeLessThanOrEqual(4)
  for (let round = 0; round < 40 && bench.ledger.have.count < pieceCount; round++) {
    for (const seat of seats) bring(bench, seat)
    while (bench.calls.length > 0) bench.turn(() => bench.settleCall(0, false))
  }
  expect(bench.ledger.have.count).toBe(pieceCount)
  expect(since().opened).toBe(pieceCount - 1)
  bench.end()
})

it('an extent that is written lets only as many be looked at as there is room for, in turn', () => {
  const { bench, seats } = crowd(20)
  const looked = vi.spyOn(Hunger.prototype, 'isStarved')
  const served: Seat[] = []
  for (let extent = 0; extent < 6; extent++) {
    const seat = seats.find(({ peer }) => peer.asked.size > 0)
    if (seat === undefined) throw new Error('nobody was asked')
    served.push(seat)
    bring(bench, seat)
    looked.mockClear()
    while (bench.calls.length > 0) bench.turn(() => bench.settleCall(0, false))
    expect(looked.mock.calls.length).toBeLessThanOrEqual(4)
  }
  // The first took all there was and wanted more: it has its turn twice.
  expect(new Set(served).size).toBe(served.length - 1)
})

it('what a peer that leaves was asked is asked of the others, though memory is short', () => {
  const { bench, seats, since } = crowd(5)
  since()
  const [first] = seats
  if (first === undefined) throw new Error('nobody is there')
  expect(first.peer.asked.size).toBe(2)
  bench.turn(() => bench.leave(first.peer))
  expect(bench.seats.reduce((sum, { peer }) => sum + peer.asked.size, 0)).toBe(2)
  expect(since().opened).toBe(0)
})

it('there is a bound for extents, too, so that thousands of small ones do not wait for the disk', () => {
  const budget = new SharedBudget(64 * 1_048_576)
  let held = 0
  while (budget.tryTake(block)) held++
  expect(held).toBe(1_024)
  expect(budget.refusals).toBe(1)
  budget.give(block)
  expect([budget.tryTake(block), budget.tryTake(block)]).toEqual([true, false])
})
