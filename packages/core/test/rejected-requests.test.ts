import { expect, it } from 'vitest'
import { RawPeer } from './support/raw-peer.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const piece = 32_768
const block = 16_384

it('a peer that rejects everything is asked again, a second later and not at once', async () => {
  const world = new World()
  const { metainfo, data } = makeTorrent({ lengthBytes: 4 * piece, pieceBytes: piece })
  const engine = await world.node('10.0.0.1', { storage: new TestStorage(data.length) })
  const torrent = await world.add(engine, metainfo)
  await torrent.ready
  const peer = await RawPeer.dial(world, '10.0.0.1', metainfo)
  let rejects = true
  peer.onRequest = (index, begin, length) => {
    if (rejects) peer.say((wire) => wire.reject(index, begin, length))
    else peer.sendBlock(index, begin, data.subarray(index * piece + begin, index * piece + begin + length))
  }
  peer.say((wire) => {
    wire.haveAll()
    wire.choke(false)
  })
  await world.clock.advance(900)
  const askedAtOnce = peer.count('request')
  expect(askedAtOnce).toBeGreaterThan(0)
  expect(askedAtOnce).toBeLessThanOrEqual((4 * piece) / block)
  // It stays connected and says nothing more by itself.
  rejects = false
  expect(await world.clock.runUntil(() => torrent.view.state === 'seeding', 5_000)).toBe(true)
  expect(torrent.view.stats.wastedBytes).toBe(0)
})

it('a peer that chokes us and rejects what it allowed is not asked for it again (BEP 6)', async () => {
  const world = new World()
  const { metainfo, data } = makeTorrent({ lengthBytes: 4 * piece, pieceBytes: piece })
  const engine = await world.node('10.0.0.1', { storage: new TestStorage(data.length) })
  const torrent = await world.add(engine, metainfo)
  await torrent.ready
  const peer = await RawPeer.dial(world, '10.0.0.1', metainfo)
  peer.onRequest = (index, begin, length) => peer.say((wire) => wire.reject(index, begin, length))
  peer.say((wire) => {
    wire.haveAll()
    wire.allowFast(2)
  })
  await world.clock.advance(5_000)
  expect(peer.count('request')).toBe(piece / block)
})
