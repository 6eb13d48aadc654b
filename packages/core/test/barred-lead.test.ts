import { expect, it } from 'vitest'
import { blockBytes } from '../src/metainfo/metainfo.js'
import { layout, pieceCount, type Seat, TorrentBench } from './support/torrent-bench.js'
import { testPicker } from './support/world.js'

/** Brings the first block that the peer was asked. */
function bring(bench: TorrentBench, seat: Seat, good: boolean): void {
  const asked: [number, number][] = []
  seat.peer.asked.each((piece, index) => void asked.push([piece, index]))
  const [first] = asked
  if (first === undefined) return
  bench.turn(() => {
    bench.startBlock(seat, ...first, good)
    bench.endBlock(seat)
  })
}

it('a piece that one peer must bring whole goes to another when a plugin refused a block of the first', () => {
  // Memory for one extent: what the first peer may still bring does not fit beside what it cannot complete.
  const bench = new TorrentBench(2, testPicker)
  const first = bench.join(false)
  bench.turn(() => {
    first.peer.have(0)
    first.peer.choke(false)
  })
  bring(bench, first, false)
  bench.keeps = false
  bring(bench, first, true)
  bench.keeps = true
  const second = bench.join(true)
  bench.turn(() => {
    second.peer.haveAll()
    second.peer.choke(false)
  })
  for (let round = 0; round < 100 && bench.ledger.have.count < pieceCount; round++) {
    bench.nowMs += 1_000
    for (const seat of bench.seats) bring(bench, seat, true)
    while (bench.calls.length > 0) bench.turn(() => bench.settleCall(0, false))
    bench.turn(() => bench.housekeep())
  }
  expect(bench.ledger.have.count).toBe(pieceCount)
  expect(bench.torrent.verifiedBytes).toBe(layout.pieceLength(pieceCount - 1) + (pieceCount - 1) * 4 * blockBytes)
  bench.end()
})
