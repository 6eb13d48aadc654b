import { expect, it } from 'vitest'
import type { Peer } from '../src/peer/peer.js'
import type { PiecePicker } from '../src/ports/piece-picker.js'
import { block, TorrentBench } from './support/torrent-bench.js'
import { testPicker } from './support/world.js'

/** A torrent of which `giver` was asked piece 0, `other` piece 1, and `both`, that has both, nothing. */
function waiting() {
  const picks: Peer[] = []
  const picker: PiecePicker = {
    name: 'counting',
    create: (view, random) => {
      const inner = testPicker.create(view, random)
      return { pick: (peer, into) => (picks.push(peer as Peer), inner.pick(peer, into)) }
    },
  }
  const bench = new TorrentBench(100, picker)
  const [giver, other, both] = [bench.join(true).peer, bench.join(true).peer, bench.join(true).peer]
  for (const [peer, pieces] of [
    [giver, [0]],
    [other, [1]],
    [both, [0, 1]],
  ] as const)
    bench.turn(() => {
      for (const piece of pieces) peer.have(piece)
      peer.choke(false)
    })
  expect([giver, other, both].map((peer) => peer.asked.size)).toEqual([4, 4, 0])
  picks.length = 0
  return { bench, picks, giver, other, both }
}

it('a block that becomes free goes at once to who waits and has it; who lacks it is not tried for it', () => {
  const { bench, picks, giver, both } = waiting()
  bench.turn(() => giver.reject(0, 0, block))
  expect(both.asked.has(0, 0)).toBe(true)
  expect(picks).toEqual([both])
  bench.turn(() => bench.leave(giver))
  expect(both.asked.size).toBe(4)
  expect(picks).toEqual([both, both])
})

it('everybody who waits is tried once a second', () => {
  const { bench, picks, giver, other, both } = waiting()
  bench.turn(() => bench.housekeep())
  expect(new Set(picks)).toEqual(new Set([giver, other, both]))
})
