import { afterEach, expect, it, vi } from 'vitest'
import { SharedBudget } from '../src/driver/memory-budget.js'
import { Torrent } from '../src/torrent/torrent.js'
import type { WireEncoder } from '../src/wire/encoder.js'
import { RawPeer } from './support/raw-peer.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const block = 16_384
const lengthBytes = 8 * block

afterEach(() => vi.restoreAllMocks())

function offerAll(wire: WireEncoder): void {
  wire.haveAll()
  wire.choke(false)
}

it('a torrent that was paused in the midst of its blocks does not keep memory from another', async () => {
  const world = new World()
  // Extents of two blocks, four of them at once.
  const limits = { unwrittenBytes: 8 * block }
  const engine = await world.node('10.0.0.1', { storage: new TestStorage(lengthBytes), limits })
  const [first, second] = ['first', 'second'].map((seed) => makeTorrent({ lengthBytes, pieceBytes: 2 * block, seed }))
  if (first === undefined || second === undefined) throw new Error('there are two')
  for (let n = 0; n < 20; n++)
    await world.add(engine, makeTorrent({ lengthBytes, pieceBytes: 2 * block, seed: `at rest ${n}` }).metainfo)
  const lookedAt = new Set<unknown>()
  const { reclaim } = Torrent.prototype
  vi.spyOn(Torrent.prototype, 'reclaim').mockImplementation(function (this: Torrent, idleSinceMs) {
    lookedAt.add(this)
    reclaim.call(this, idleSinceMs)
  })
  const paused = await world.add(engine, first.metainfo)
  const slow = await RawPeer.dial(world, '10.0.0.1', first.metainfo, { id: 'slow', from: '10.9.9.7' })
  const send = (peer: RawPeer, data: Uint8Array) => (piece: number, begin: number, length: number) => {
    const at = piece * 2 * block + begin
    peer.sendBlock(piece, begin, data.subarray(at, at + length))
  }
  // Half of each extent.
  const sendFirst = send(slow, first.data)
  slow.onRequest = (piece, begin, length) => {
    if (begin === 0) sendFirst(piece, begin, length)
  }
  slow.say(offerAll)
  await world.clock.advance(1_000)
  paused.control.pause()
  await world.clock.advance(1_000)
  expect(engine.heldBytes).toBe(8 * block)
  const other = await world.add(engine, second.metainfo)
  const quick = await RawPeer.dial(world, '10.0.0.1', second.metainfo, { id: 'quick', from: '10.9.9.8' })
  quick.onRequest = send(quick, second.data)
  quick.say(offerAll)
  await world.clock.advance(30_000)
  expect(other.view.state).toBe('seeding')
  expect(engine.heldBytes).toBe(0)
  // Those at rest hold nothing.
  expect(lookedAt.size).toBe(1)
  expect(world.faults).toEqual([])
})

it('who has given everything back holds nothing, whatever came in between', () => {
  const budget = new SharedBudget(8 * block)
  const [one, other] = [{ reclaim: () => {} }, { reclaim: () => {} }]
  // A torrent whose books were opened anew while parts of the old ones were still being written.
  const [before, after, third] = [budget.shareOf(one), budget.shareOf(one), budget.shareOf(other)]
  expect([before.tryTake(block), after.tryTake(2 * block), third.tryTake(4 * block)]).toEqual([true, true, true])
  expect(third.tryTake(2 * block)).toBe(false)
  before.give(block)
  third.give(4 * block)
  expect(budget.holders).toEqual([one])
  after.give(2 * block)
  expect(budget.holders).toEqual([])
  expect(budget.usedBytes).toBe(0)
})
