import { expect, it } from 'vitest'
import type { WireEncoder } from '../src/wire/encoder.js'
import { RawPeer } from './support/raw-peer.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const block = 16_384
const lengthBytes = 8 * block

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
  expect(world.faults).toEqual([])
})
