import { expect, it } from 'vitest'
import type { PiecePicker } from '../src/ports/piece-picker.js'
import { block, TorrentBench } from './support/torrent-bench.js'

const picker = {
  name: 'none',
  create: () => ({ changed: () => {}, reset: () => {}, pick: () => {} }),
} satisfies PiecePicker

/** A peer that may have so many blocks under way, and has. */
function busyPeer(window: number) {
  const bench = new TorrentBench(64, picker)
  const { peer } = bench.join(true)
  peer.output.passed(window - peer.output.size)
  expect(peer.output.size).toBe(window)
  // Known rates: the window stays as it is.
  peer.output.adjust(2 * window * block)
  peer.output.adjust(2 * window * block)
  peer.outputBytes = window * block
  return { peer, sent: (blocks: number) => bench.torrent.sent(peer, blocks * block, bench.nowMs) }
}

it.each([
  ['three quarters of a small window are free', 8, 6],
  ['a run has room in a large one', 64, 32],
])('blocks that left begin a turn only when %s', (_when, window, room) => {
  const { peer, sent } = busyPeer(window)
  peer.inbox.add(0, 0, block)
  expect([sent(1), sent(room - 2), sent(1), sent(window - room)]).toEqual([false, false, true, true])
  expect(peer.outputBytes).toBe(0)
})

it('blocks that left begin no turn for a peer that wants nothing', () => {
  const { sent } = busyPeer(8)
  expect(sent(8)).toBe(false)
})
