import { describe, expect, it } from 'vitest'
import { encodeHandshake } from '../src/wire/handshake.js'
import type { End } from './support/memory-network.js'
import { RawPeer } from './support/raw-peer.js'
import { block, downloading, piece, seeding } from './support/scenes.js'
import { makeTorrent } from './support/world.js'

describe('a handshake', () => {
  it('takes 10 s at the most', async () => {
    const { world, metainfo } = await seeding()
    const transport = world.network.transport('10.0.0.7')
    const end = (await transport.dial(world.endpoint('10.0.0.1'), new AbortController().signal)) as End
    let closed = false
    end.onClose(() => {
      closed = true
    })
    const bytes = encodeHandshake({
      infoHash: metainfo.infoHashes.v1 ?? new Uint8Array(20),
      peerId: new Uint8Array(20),
      reserved: new Uint8Array(8),
    })
    for (let at = 0; at < 9; at++) {
      end.write(bytes.slice(at, at + 1), () => {})
      await world.clock.advance(1_000)
    }
    expect(closed).toBe(false)
    await world.clock.advance(1_500)
    expect(closed).toBe(true)
  })

  it('for a torrent that is not here ends the connection', async () => {
    const { world } = await seeding()
    const other = makeTorrent({ lengthBytes: 5, pieceBytes: piece, seed: 'other' })
    const peer = await RawPeer.dial(world, '10.0.0.1', other.metainfo)
    expect(peer.isClosed).toBe(true)
  })

  it('waits for 100 at the most, and an honest peer still comes in among 1,000 silent ones', async () => {
    const { world, metainfo } = await seeding()
    const transport = world.network.transport('10.0.0.7')
    const closed: number[] = []
    for (let index = 0; index < 1_000; index++) {
      const end = (await transport.dial(world.endpoint('10.0.0.1'), new AbortController().signal)) as End
      end.onClose(() => void closed.push(index))
    }
    await world.clock.advance(10)
    expect(closed.length).toBe(900)
    expect(closed.slice(0, 3)).toEqual([0, 1, 2])
    const honest = await RawPeer.dial(world, '10.0.0.1', metainfo, { id: 'honest' })
    expect(honest.heard).toContain('haveAll')
  })

  it('with our own peer id, or one that is connected already, is refused', async () => {
    const { world, metainfo, torrent } = await seeding()
    const own = await RawPeer.dial(world, '10.0.0.1', metainfo, { id: '-BL0100-10.0.0.1xxxx' })
    expect(own.isClosed).toBe(true)
    const twin = await RawPeer.dial(world, '10.0.0.1', metainfo, { from: '10.0.0.8' })
    expect(twin.isClosed).toBe(true)
    expect(torrent.view.stats.peers).toBe(1)
  })

  it('does not get past the places of a torrent', async () => {
    const { world, metainfo, torrent } = await seeding()
    for (let index = 0; index < 60; index++)
      await RawPeer.dial(world, '10.0.0.1', metainfo, { id: `peer${index}`, from: `10.0.1.${index}` })
    expect(torrent.view.stats.peers).toBe(50)
  })
})

describe('what a peer says of its pieces', () => {
  it.each<[string, (peer: RawPeer) => void]>([
    ['a bitfield of the wrong size', (peer) => peer.say((wire) => wire.bitfield(new Uint8Array(1)))],
    [
      'a second bitfield that takes a piece back',
      (peer) => peer.say((wire) => (wire.bitfield(Uint8Array.of(0xc0, 0)), wire.bitfield(Uint8Array.of(0x80, 0)))),
    ],
    ['a bitfield after have all', (peer) => peer.say((wire) => (wire.haveAll(), wire.bitfield(new Uint8Array(2))))],
    ['a have out of range', (peer) => peer.say((wire) => wire.have(10))],
    ['a have of piece 2^32 - 1', (peer) => peer.say((wire) => wire.have(0xffffffff))],
  ])('%s closes the connection', async (_name, act) => {
    const { world, peer, torrent } = await seeding()
    expect(torrent.view.stats.peers).toBe(1)
    act(peer)
    await world.clock.advance(50)
    expect(peer.isClosed).toBe(true)
    expect(torrent.view.stats.peers).toBe(0)
  })

  it('a second bitfield that only adds pieces counts as their haves, as aria2 sends it', async () => {
    const { world, peer, torrent } = await seeding()
    peer.say((wire) => (wire.bitfield(Uint8Array.of(0x80, 0)), wire.have(1), wire.bitfield(Uint8Array.of(0xf0, 0))))
    await world.clock.advance(50)
    const [view] = torrent.view.peers
    expect(view?.haves.count).toBe(4)
    expect([0, 1, 2, 3, 4].map((piece) => torrent.view.content?.availability(piece))).toEqual([1, 1, 1, 1, 0])
    peer.say((wire) => wire.haveAll())
    await world.clock.advance(50)
    expect(view?.isSeed).toBe(true)
    peer.close()
    await world.clock.advance(50)
    expect(torrent.view.content?.availability(0)).toBe(0)
  })

  it('spare bits of a bitfield are masked', async () => {
    const { world, peer, torrent } = await seeding()
    peer.say((wire) => wire.bitfield(Uint8Array.of(0, 0x3f)))
    await world.clock.advance(50)
    const [view] = torrent.view.peers
    expect(view?.haves.count).toBe(0)
    expect(peer.isClosed).toBe(false)
  })

  it('fast messages without the fast extension close the connection', async () => {
    const { world, peer } = await seeding({ fast: false })
    peer.say((wire) => wire.haveAll())
    await world.clock.advance(50)
    expect(peer.isClosed).toBe(true)
  })
})

describe('blocks', () => {
  it('that were never asked are not stored, and past 1 MiB the connection ends', async () => {
    const { world, peer, torrent, target } = await downloading()
    const wrong = new Uint8Array(block).fill(9)
    for (let sent = 0; sent < 64; sent++) peer.sendBlock(sent % 10, 0, wrong)
    await world.clock.advance(200)
    expect(peer.isClosed).toBe(false)
    expect(torrent.view.stats.wastedBytes).toBe(64 * block)
    peer.sendBlock(0, 0, wrong)
    await world.clock.advance(200)
    expect(peer.isClosed).toBe(true)
    expect(target.data.every((byte) => byte === 0)).toBe(true)
  })

  it('of the wrong length are not stored', async () => {
    const { world, peer, torrent } = await downloading()
    peer.onRequest = (index, begin) => peer.sendBlock(index, begin, new Uint8Array(100))
    peer.say((wire) => (wire.haveAll(), wire.choke(false)))
    await world.clock.advance(2_000)
    expect(torrent.view.content?.have.count).toBe(0)
    expect(torrent.view.stats.wastedBytes).toBeGreaterThan(0)
  })

  it('that do not come are asked elsewhere within 30 s', async () => {
    const { world, peer, torrent, metainfo, data } = await downloading()
    peer.say((wire) => (wire.haveAll(), wire.choke(false)))
    await world.clock.advance(1_000)
    expect(peer.count('request')).toBeGreaterThan(0)
    const honest = await RawPeer.dial(world, '10.0.0.1', metainfo, { id: 'honest', from: '10.0.0.9' })
    honest.onRequest = (index, begin, length) =>
      honest.sendBlock(index, begin, data.slice(index * piece + begin, index * piece + begin + length))
    honest.say((wire) => (wire.haveAll(), wire.choke(false)))
    expect(await world.clock.runUntil(() => torrent.view.state === 'seeding', 32_000)).toBe(true)
  })

  it('that two peers owe and do not bring are brought by a third within seconds', async () => {
    const { world, peer, torrent, metainfo, payload } = await downloading({ pieces: 2 })
    const [second, honest] = [
      await RawPeer.dial(world, '10.0.0.1', metainfo, { id: 'second', from: '10.0.0.8' }),
      await RawPeer.dial(world, '10.0.0.1', metainfo, { id: 'honest', from: '10.0.0.9' }),
    ]
    honest.onRequest = (index, begin, length) =>
      world.clock.after(100, () => honest.sendBlock(index, begin, payload(index, begin, length)))
    for (const each of [peer, second, honest]) {
      each.say((wire) => (wire.haveAll(), wire.choke(false)))
      await world.clock.advance(500)
    }
    expect(second.count('request') * peer.count('request')).toBeGreaterThan(0)
    expect(await world.clock.runUntil(() => torrent.view.state === 'seeding', 12_000)).toBe(true)
  })

  it('of two senders that race in endgame end up right, wherever the chunks are cut', async () => {
    const { world, peer, torrent, metainfo, data, target } = await downloading({ pieces: 2 })
    const other = await RawPeer.dial(world, '10.0.0.1', metainfo, { id: 'other', from: '10.0.0.9' })
    const lie = new Uint8Array(block).fill(1)
    const begun = new Uint8Array(13 + block)
    peer.onRequest = (index, begin) => {
      if (index !== 0 || begin !== 0) return
      new DataView(begun.buffer).setUint32(0, 9 + block)
      begun[4] = 7
      begun.set(lie, 13)
      peer.sendBytes(begun.slice(0, 5_000))
    }
    peer.say((wire) => (wire.haveAll(), wire.choke(false)))
    await world.clock.advance(1_000)
    other.onRequest = (index, begin, length) =>
      other.sendBlock(index, begin, data.slice(index * piece + begin, index * piece + begin + length))
    other.say((wire) => (wire.haveAll(), wire.choke(false)))
    expect(await world.clock.runUntil(() => torrent.view.state === 'seeding', 60_000)).toBe(true)
    peer.sendBytes(begun.slice(5_000))
    await world.clock.advance(1_000)
    expect(Buffer.from(target.data).equals(Buffer.from(data))).toBe(true)
    expect(world.faults).toEqual([])
  })
})

/** The first piece that a peer may ask for while it is choked (BEP 6). */
const granted = ({ heard }: RawPeer): number =>
  Number(heard.find((line) => line.startsWith('allowFast'))?.split(' ')[1])

/** A seeder, and two peers that it chokes. */
async function twoChoked() {
  const { world, metainfo, peer } = await seeding({ pieces: 40 })
  return { world, peer, other: await RawPeer.dial(world, '10.0.0.1', metainfo, { id: 'other', from: '10.8.8.8' }) }
}

describe('requests', () => {
  it('are answered whole, in order, when unchoked', async () => {
    const { world, peer } = await seeding()
    peer.say((wire) => wire.interested(true))
    await world.clock.runUntil(() => peer.heard.includes('choke false'), 15_000)
    peer.say((wire) => (wire.request(0, 0, block), wire.request(0, block, block), wire.request(3, 100, 5)))
    await world.clock.advance(100)
    expect(peer.heard.filter((line) => line.startsWith('block'))).toEqual([
      `block 0 0 ${block}`,
      `block 0 ${block} ${block}`,
      'block 3 100 5',
    ])
  })

  it('while choked are rejected, and allowed-fast pieces are served', async () => {
    const { world, peer } = await seeding({ pieces: 40 })
    const allowed = granted(peer)
    const other =
      Array.from({ length: 40 }, (_, index) => index).find((index) => !peer.heard.includes(`allowFast ${index}`)) ?? 0
    peer.say((wire) => (wire.request(other, 0, block), wire.request(allowed, 0, block)))
    await world.clock.advance(100)
    expect(peer.heard).toContain(`reject ${other} 0 ${block}`)
    expect(peer.heard).toContain(`block ${allowed} 0 ${block}`)
  })

  it('while choked are no help any more for a peer that has ten pieces (BEP 6)', async () => {
    const { world, peer } = await seeding({ pieces: 40 })
    const allowed = granted(peer)
    peer.say((wire) => {
      for (let index = 0; index < 11; index++) if (index !== allowed) wire.have(index)
      wire.request(allowed, 0, block)
    })
    await world.clock.advance(100)
    expect(peer.heard).toContain(`reject ${allowed} 0 ${block}`)
  })

  it('while choked are served for one peer at a time, so that they take no slot', async () => {
    const { world, peer, other } = await twoChoked()
    peer.stopReading()
    peer.say((wire) => wire.request(granted(peer), 0, block))
    await world.clock.advance(50)
    other.say((wire) => wire.request(granted(other), 0, block))
    await world.clock.advance(50)
    expect(other.heard).toContain(`reject ${granted(other)} 0 ${block}`)
  })

  it('while choked give the place to the next when their peer takes nothing for 10 s', async () => {
    const { world, peer, other } = await twoChoked()
    peer.stopReading()
    peer.say((wire) => wire.request(granted(peer), 0, block))
    await world.clock.advance(9_000)
    const ask = async (): Promise<void> => {
      // Who stalls may ask on, and say that it lives: it gains nothing by that.
      peer.say((wire) => (wire.request(granted(peer), block, block), wire.keepAlive()))
      other.say((wire) => wire.request(granted(other), 0, block))
      await world.clock.advance(50)
    }
    await ask()
    expect(other.count('block')).toBe(0)
    await world.clock.advance(1_000)
    await ask()
    expect(other.heard).toContain(`block ${granted(other)} 0 ${block}`)
  })

  it('beyond 500 are rejected', async () => {
    const { world, peer } = await seeding()
    peer.say((wire) => wire.interested(true))
    await world.clock.runUntil(() => peer.heard.includes('choke false'), 15_000)
    peer.stopReading()
    peer.say((wire) => {
      for (let at = 0; at < 700; at++) wire.request(at % 10, 0, 16)
    })
    await world.clock.advance(100)
    expect(peer.isClosed).toBe(false)
  })

  it.each<[string, (peer: RawPeer) => void]>([
    ['longer than 128 KiB', (peer) => peer.say((wire) => wire.request(0, 0, 131_073))],
    ['of no length', (peer) => peer.say((wire) => wire.request(0, 0, 0))],
    [
      'invalid 300 times',
      (peer) =>
        peer.say((wire) => {
          for (let at = 0; at < 300; at++) wire.request(99, 0, block)
        }),
    ],
  ])('%s close the connection', async (_name, act) => {
    const { world, peer } = await seeding()
    act(peer)
    await world.clock.advance(100)
    expect(peer.isClosed).toBe(true)
  })

  it('of a peer that never reads hold less than 1 MiB', async () => {
    const { world, peer } = await seeding({ pieces: 200 })
    peer.say((wire) => wire.interested(true))
    await world.clock.runUntil(() => peer.heard.includes('choke false'), 15_000)
    const held = peer.stopReading()
    peer.say((wire) => {
      for (let at = 0; at < 400; at++) wire.request(at >> 1, (at & 1) * block, block)
    })
    await world.clock.advance(5_000)
    expect(held()).toBeGreaterThan(16_384)
    expect(held()).toBeLessThan(1_048_576)
  })

  it('that are cancelled are not served', async () => {
    const { world, peer } = await seeding()
    peer.say((wire) => wire.interested(true))
    await world.clock.runUntil(() => peer.heard.includes('choke false'), 15_000)
    peer.say((wire) => (wire.request(0, 0, block), wire.cancel(0, 0, block)))
    await world.clock.advance(100)
    expect(peer.count('block') + peer.count('reject')).toBe(1)
  })
})

describe('silence', () => {
  it('ends after 3 minutes; we send keep-alives meanwhile', async () => {
    const { world, peer, gone } = await seeding()
    await world.clock.advance(175_000)
    expect(peer.isClosed).toBe(false)
    await world.clock.advance(10_000)
    expect(peer.isClosed).toBe(true)
    expect(gone).toEqual(['silent for 3 minutes'])
  })
})

describe('a private torrent', () => {
  it('takes addresses from its trackers and the user, from nobody else', async () => {
    const { world, torrent } = await downloading()
    torrent.control.addPeers([world.endpoint('10.0.0.50')], 'pex')
    expect(torrent.view.stats.knownAddresses).toBe(1)
  })
})
