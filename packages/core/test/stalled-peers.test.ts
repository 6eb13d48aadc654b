import { expect, it } from 'vitest'
import { RawPeer } from './support/raw-peer.js'
import { block, downloading } from './support/scenes.js'

/** A peer with everything that unchokes us, is asked, and keeps talking without ever sending a block. */
function stall(peer: RawPeer): void {
  peer.say((wire) => {
    wire.haveAll()
    wire.choke(false)
  })
}

it('two peers that talk and send nothing do not keep the last blocks from one that would send them', async () => {
  const it = await downloading({ pieces: 2 })
  const stallers = [it.peer, await RawPeer.dial(it.world, '10.0.0.1', it.metainfo, { id: 'second', from: '10.9.9.8' })]
  for (const peer of stallers) stall(peer)
  await it.world.clock.advance(1_000)
  const honest = await RawPeer.dial(it.world, '10.0.0.1', it.metainfo, { id: 'honest', from: '10.9.9.7' })
  honest.onRequest = (piece, begin, length) => honest.sendBlock(piece, begin, it.payload(piece, begin, length))
  stall(honest)
  for (let second = 0; second < 45 && it.torrent.view.state !== 'seeding'; second++) {
    for (const peer of stallers) peer.say((wire) => wire.keepAlive())
    await it.world.clock.advance(1_000)
  }
  expect(it.torrent.view.state).toBe('seeding')
  expect(it.torrent.view.stats.wastedBytes).toBeLessThanOrEqual(2 * block)
})
