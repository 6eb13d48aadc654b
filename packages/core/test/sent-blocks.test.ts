import { expect, it } from 'vitest'
import type { PiecePicker } from '../src/ports/piece-picker.js'
import { block, TorrentBench } from './support/torrent-bench.js'

const picker = {
  name: 'none',
  create: () => ({ changed: () => {}, reset: () => {}, pick: () => {} }),
} satisfies PiecePicker

/** A peer that may have eight blocks under way, and has. */
function busyPeer() {
  const bench = new TorrentBench(64, picker)
  const { peer } = bench.join(true)
  peer.output.passed(6)
  expect(peer.output.size).toBe(8)
  // Known rates: the window stays as it is.
  peer.output.adjust(16 * block)
  peer.output.adjust(16 * block)
  peer.outputBytes = 8 * block
  return { peer, sent: (blocks: number) => bench.torrent.sent(peer, blocks * block, bench.nowMs) }
}

it('blocks that left begin a turn only when there is room for half of what goes out ahead', () => {
  const { peer, sent } = busyPeer()
  peer.inbox.add(0, 0, block)
  expect([sent(1), sent(1), sent(1), sent(1), sent(4)]).toEqual([false, false, false, true, true])
  expect(peer.outputBytes).toBe(0)
})

it('blocks that left begin no turn for a peer that wants nothing', () => {
  const { sent } = busyPeer()
  expect(sent(8)).toBe(false)
})
