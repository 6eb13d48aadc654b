import { definePlugin, pluginContract, TrackerClient } from '@bitloom/core'
import { afterEach, describe, expect, it } from 'vitest'
import type { RawPeer } from '../../core/test/support/raw-peer.js'
import superSeeding, { type SuperSeedingOptions } from '../src/index.js'
import { Swarm } from './swarm.js'

const swarms: Swarm[] = []
afterEach(async () => {
  for (const swarm of swarms.splice(0)) await swarm.close()
})

async function open(pieces: number, options?: SuperSeedingOptions | 'plain', name?: string): Promise<Swarm> {
  const plugins = options === 'plain' ? [] : [superSeeding(options)]
  const swarm = await Swarm.open({ pieces, plugins, ...(name === undefined ? {} : { name }) })
  swarms.push(swarm)
  return swarm
}

/** The pieces that a peer was shown, in order. */
const shownTo = (peer: RawPeer): number[] =>
  peer.heard.filter((line) => line.startsWith('have ')).map((line) => Number(line.slice(5)))

const got = (peer: RawPeer, piece: number | undefined): void => peer.say((wire) => wire.have(piece ?? -1))

describe('what a super-seed shows', () => {
  it('is nothing at first, then one piece for each peer, another one for each', async () => {
    const swarm = await open(8)
    const peers = [await swarm.raw('10.9.0.1'), await swarm.raw('10.9.0.2'), await swarm.raw('10.9.0.3')]
    for (const peer of peers) expect(peer.heard[0]).toBe('haveNone')
    await swarm.world.clock.advance(30_000)
    const shown = peers.map(shownTo)
    expect(shown.map((pieces) => pieces.length)).toEqual([1, 1, 1])
    expect(new Set(shown.flat()).size).toBe(3)
  })

  it('is one more when the piece turns up at another peer, and not when its own peer has it', async () => {
    const swarm = await open(8)
    const [first, second] = [await swarm.raw('10.9.0.1'), await swarm.raw('10.9.0.2')]
    await swarm.world.clock.advance(2_000)
    const [piece] = shownTo(first)
    got(first, piece)
    await swarm.world.clock.advance(30_000)
    expect(shownTo(first)).toHaveLength(1)
    got(second, piece)
    await swarm.world.clock.advance(100)
    expect(shownTo(first)).toHaveLength(2)
    expect(shownTo(second)).toHaveLength(1)
  })

  it('is one more for a peer that is alone, as soon as it has its piece', async () => {
    const swarm = await open(4)
    const only = await swarm.raw('10.9.0.1')
    for (let count = 1; count <= 4; count++) {
      await swarm.world.clock.advance(1_500)
      expect(shownTo(only)).toHaveLength(count)
      got(only, shownTo(only).at(-1))
    }
  })

  it('is one more for a peer that is alone and does not say that it has its piece, when it has lost interest', async () => {
    const swarm = await open(4)
    const only = await swarm.raw('10.9.0.1')
    for (let count = 1; count <= 4; count++) {
      await swarm.world.clock.advance(2_000)
      expect(shownTo(only)).toHaveLength(count)
      only.say((wire) => wire.interested(true))
      await swarm.world.clock.advance(12_000)
      expect(shownTo(only)).toHaveLength(count)
      for (let begin = 0; begin < 65_536; begin += 16_384)
        only.say((wire) => wire.request(shownTo(only).at(-1) ?? -1, begin, 16_384))
      await swarm.world.clock.advance(2_000)
      only.say((wire) => wire.interested(false))
    }
  })

  it('is one more after a while for who has its piece and nobody takes it, and for who does not want it', async () => {
    const swarm = await open(8, { patienceMs: 20_000 })
    const peers = [await swarm.raw('10.9.0.1'), await swarm.raw('10.9.0.2'), await swarm.raw('10.9.0.3')] as const
    await swarm.world.clock.advance(2_000)
    got(peers[0], shownTo(peers[0])[0])
    peers[1].say((wire) => wire.interested(true))
    await swarm.world.clock.advance(22_000)
    // The second is still at it.
    expect(peers.map((peer) => shownTo(peer).length)).toEqual([2, 1, 2])
  })

  it('is what a peer that was here before lacks', async () => {
    const swarm = await open(8)
    const [old, other] = [await swarm.raw('10.9.0.1'), await swarm.raw('10.9.0.2')]
    for (let piece = 0; piece < 7; piece++) got(old, piece)
    await swarm.world.clock.advance(2_000)
    expect(shownTo(old)).toEqual([7])
    expect(shownTo(other)).not.toEqual([7])
  })

  it('is as many pieces at once as the option says', async () => {
    const swarm = await open(8, { piecesAtOnce: 3 })
    const peer = await swarm.raw('10.9.0.1')
    await swarm.world.clock.advance(2_000)
    expect(shownTo(peer)).toHaveLength(3)
  })

  it('is what it serves: other requests are rejected', async () => {
    const swarm = await open(8)
    const peer = await swarm.raw('10.9.0.1')
    peer.say((wire) => wire.interested(true))
    await swarm.world.clock.advance(3_000)
    const [piece = -1] = shownTo(peer)
    for (let asked = 0; asked < 8; asked++) peer.say((wire) => wire.request(asked, 0, 16_384))
    await swarm.world.clock.advance(3_000)
    expect(peer.heard).toContain('choke false')
    expect(peer.heard.filter((line) => line.startsWith('block '))).toEqual([`block ${piece} 0 16384`])
    expect(peer.count('reject ')).toBe(7)
  })

  it('is everything while it downloads, and of torrents that are not named', async () => {
    const other = await open(8, { torrents: ['00'.repeat(20)] })
    expect((await other.raw('10.9.0.1')).heard[0]).toBe('haveAll')
    const named = await open(8, { torrents: [Buffer.from(other.metainfo.infoHashes.v1 ?? []).toString('hex')] })
    expect((await named.raw('10.9.0.1')).heard[0]).toBe('haveNone')
  })
})

describe('super-seeding', () => {
  it('uploads one copy where a plain seed uploads more, takes no longer, and everybody ends whole', async () => {
    const run = async (options?: 'plain'): Promise<{ copies: number; seconds: number }> => {
      const swarm = await open(64, options)
      for (let count = 0; count < 8; count++) await swarm.join()
      const startMs = swarm.world.clock.nowMs()
      await swarm.finish()
      return { copies: swarm.copies, seconds: (swarm.world.clock.nowMs() - startMs) / 1_000 }
    }
    const [superSeed, plain] = [await run(), await run('plain')]
    expect(superSeed.copies).toBeGreaterThanOrEqual(1)
    expect(superSeed.copies).toBeLessThan(1.05)
    expect(plain.copies).toBeGreaterThan(1.25)
    expect(superSeed.seconds).toBeLessThan(plain.seconds * 1.2)
  })

  it('serves a client that is alone without long pauses', async () => {
    const swarm = await open(32)
    const { torrent } = await swarm.join()
    expect(await swarm.world.clock.runUntil(() => torrent.view.state === 'seeding', 20_000)).toBe(true)
    await swarm.finish()
  })

  it('goes on with peers that come and go', async () => {
    const swarm = await open(32)
    for (let count = 0; count < 5; count++) await swarm.join()
    await swarm.world.clock.advance(3_000)
    const gone = swarm.members.splice(1, 2)
    for (const { torrent } of gone) await removed(swarm, torrent.remove())
    await swarm.world.clock.advance(1_000)
    await swarm.join()
    await swarm.finish()
    expect(swarm.copies).toBeLessThan(2)
  })

  it('ends when the plugin is removed: everything is shown', async () => {
    const swarm = await open(16)
    const peers = [await swarm.raw('10.9.0.1'), await swarm.raw('10.9.0.2')]
    await swarm.world.clock.advance(2_000)
    await swarm.seeder.remove('super-seeding')
    await swarm.world.clock.advance(100)
    for (const peer of peers)
      expect(shownTo(peer).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, piece) => piece))
    expect((await swarm.raw('10.9.0.3')).heard[0]).toBe('haveAll')
    expect(swarm.world.faults).toEqual([])
  })

  it('that begins while torrents run hides nothing from those who have seen everything', async () => {
    const swarm = await open(16, 'plain')
    const before = await swarm.raw('10.9.0.1')
    expect(before.heard[0]).toBe('haveAll')
    await swarm.seeder.use(superSeeding())
    const after = await swarm.raw('10.9.0.2')
    expect(after.heard[0]).toBe('haveNone')
    // Whatever plugin goes, peers are asked for again: what was shown stays.
    await swarm.seeder.use({ name: 'other', contract: pluginContract })
    await swarm.world.clock.advance(2_000)
    const [piece = -1] = shownTo(after)
    await swarm.seeder.remove('other')
    for (const peer of [before, after]) {
      peer.say((wire) => wire.interested(true))
      await swarm.world.clock.advance(2_000)
      peer.say((wire) => wire.request(piece, 0, 16_384))
      await swarm.world.clock.advance(2_000)
      expect(peer.count(`block ${piece} `)).toBe(1)
    }
  })

  it('ends for good when there are seeds enough, those that left included', async () => {
    const swarm = await open(8, { untilSeeds: 2 })
    const peer = await swarm.raw('10.9.0.1')
    for (const host of ['10.9.1.1', '10.9.1.2']) {
      const seed = await swarm.raw(host)
      for (let piece = 0; piece < 8; piece++) got(seed, piece)
      await swarm.world.clock.advance(2_000)
      seed.close()
      await swarm.world.clock.advance(2_000)
    }
    expect(new Set(shownTo(peer)).size).toBe(8)
    expect((await swarm.raw('10.9.0.3')).heard[0]).toBe('haveAll')
  })

  it('ends when a tracker counts seeds enough, ourselves left out', async () => {
    for (const [seeders, first] of [
      [2, 'haveNone'],
      [3, 'haveAll'],
    ] as const) {
      const tracker = definePlugin({ name: 'counts', contract: pluginContract, summary: '' }, () => ({
        bind: (bindings) =>
          bindings.value(TrackerClient, { schemes: ['test'], announce: async () => ({ peers: [], seeders }) }),
      }))
      const swarm = await Swarm.open({ pieces: 8, plugins: [superSeeding(), tracker()], name: `tracker ${seeders}` })
      swarms.push(swarm)
      const control = swarm.source
      await removed(swarm, control.remove())
      const trackers = [['test://one/announce']]
      await (
        await swarm.seeder.add({ torrent: swarm.metainfo, directory: '/', trackers })
      ).ready
      await swarm.raw('10.9.0.1')
      await swarm.world.clock.advance(5_000)
      expect((await swarm.raw('10.9.0.2')).heard[0]).toBe(first)
    }
  })

  it('goes on after the data was checked again', async () => {
    const swarm = await open(8)
    await swarm.raw('10.9.0.1')
    await swarm.world.clock.advance(2_000)
    swarm.source.control.recheck()
    await swarm.world.clock.advance(5_000)
    expect(swarm.source.view.state).toBe('seeding')
    const peer = await swarm.raw('10.9.0.2')
    await swarm.world.clock.advance(2_000)
    expect(peer.heard[0]).toBe('haveNone')
    expect(shownTo(peer)).toHaveLength(1)
  })

  it('shows a liar one piece at a time whatever it claims, and its claims end nothing', async () => {
    const swarm = await open(16, { untilSeeds: 0 })
    const liar = await swarm.raw('10.9.0.1')
    await swarm.world.clock.advance(1_500)
    for (let round = 0; round < 3; round++) for (let piece = 0; piece < 16; piece++) got(liar, piece)
    await swarm.join()
    await swarm.join()
    await swarm.finish()
    expect(swarm.source.view.state).toBe('seeding')
  })
})

it.each([
  [{ piecesAtOnce: 0 }, 'piecesAtOnce'],
  [{ untilSeeds: -1 }, 'untilSeeds'],
  [{ patienceMs: 1 }, 'patienceMs'],
  [{ torrents: ['x'] }, 'torrents.0'],
  [{ pieces: 1 }, 'pieces'],
] as [object, string][])('the options %j are refused by name', (options, key) => {
  expect(() => superSeeding(options)).toThrow(key)
})

async function removed(swarm: Swarm, gone: Promise<void>): Promise<void> {
  await swarm.world.clock.advance(6_000)
  await gone
}
