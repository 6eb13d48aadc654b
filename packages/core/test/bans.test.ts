import { describe, expect, it } from 'vitest'
import { encodeHandshake } from '../src/wire/handshake.js'
import type { End } from './support/memory-network.js'
import { RawPeer } from './support/raw-peer.js'
import { downloading, piece } from './support/scenes.js'
import { makeTorrent } from './support/world.js'

const hour = 3_600_000

describe('a host that is banned', () => {
  it.each([
    ['10.9.9.9', '10.9.9.9'],
    ['10.9.9.9', '::ffff:10.9.9.9'],
    ['10.9.9.9', '::FFFF:a09:909'],
    ['2001:db8::5', '2001:DB8:0:0::0005'],
  ])('%s leaves, written as %s', async (from, written) => {
    const { world, metainfo, torrent, peer, gone } = await downloading()
    const other = await RawPeer.dial(world, '10.0.0.1', metainfo, { id: 'other', from })
    torrent.control.ban(written, hour, 'out of temper')
    await world.clock.advance(50)
    expect(other.isClosed).toBe(true)
    expect(peer.isClosed).toBe(from === '10.9.9.9')
    expect(gone).toContain('out of temper')
  })

  it('leaves every torrent of the session', async () => {
    const { world, engine, torrent, peer, gone } = await downloading()
    const other = makeTorrent({ lengthBytes: piece, pieceBytes: piece, seed: 'other' })
    const second = await world.add(engine, other.metainfo)
    await second.ready
    const there = await RawPeer.dial(world, '10.0.0.1', other.metainfo, { id: 'there' })
    torrent.control.ban('10.9.9.9', hour, 'out of temper')
    await world.clock.advance(50)
    expect([peer.isClosed, there.isClosed]).toEqual([true, true])
    expect(gone).toEqual(['out of temper', 'out of temper'])
  })

  it('loses all its connections when one of them brought corrupt data', async () => {
    const { world, metainfo, peer, gone } = await downloading()
    const twin = await RawPeer.dial(world, '10.0.0.1', metainfo, { id: 'twin' })
    const honest = await RawPeer.dial(world, '10.0.0.1', metainfo, { id: 'honest', from: '10.0.0.9' })
    peer.onRequest = (index, begin, length) => peer.sendBlock(index, begin, new Uint8Array(length))
    peer.say((wire) => (wire.haveAll(), wire.choke(false)))
    await world.clock.advance(5_000)
    expect(gone).toEqual(['sent corrupt data', 'sent corrupt data'])
    expect([twin.isClosed, honest.isClosed]).toEqual([true, false])
  })

  it('does not get in with a handshake that it had begun before', async () => {
    const { world, metainfo, torrent } = await downloading()
    const transport = world.network.transport('10.0.0.7')
    const end = (await transport.dial(world.endpoint('10.0.0.1'), new AbortController().signal)) as End
    await world.clock.advance(50)
    torrent.control.ban('10.0.0.7', hour, 'out of temper')
    const infoHash = metainfo.infoHashes.v1 ?? new Uint8Array(20)
    end.write(encodeHandshake({ infoHash, peerId: new Uint8Array(20), reserved: new Uint8Array(8) }), () => {})
    await world.clock.advance(50)
    expect([...torrent.view.peers].map(({ endpoint }) => endpoint)).not.toContainEqual(end.remote)
    expect(torrent.view.stats.peers).toBe(1)
  })
})
