import { describe, expect, it } from 'vitest'
import { Bits } from '../src/bytes/bits.js'
import { Choker } from '../src/ports/choker.js'
import { PeerExtension } from '../src/ports/peer-extension.js'
import { PiecePicker } from '../src/ports/piece-picker.js'
import { TrackerClient } from '../src/ports/tracker-client.js'
import type { PeerView } from '../src/ports/views.js'
import { type Plugin, pluginContract, type PluginHost } from '../src/session/plugin.js'
import { RawPeer } from './support/raw-peer.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const piece = 32_768

function plugin(name: string, apply: (host: PluginHost) => void, bind?: Plugin['bind']): Plugin {
  return { name, contract: pluginContract, apply, ...(bind === undefined ? {} : { bind }) }
}

/** A seeding session at 10.0.0.1 and a downloading one at 10.0.0.2, each with plugins. */
async function pair(options: { seeder?: Plugin[]; leecher?: Plugin[]; pieces?: number; picker?: string } = {}) {
  const world = new World()
  const { metainfo, data } = makeTorrent({ lengthBytes: (options.pieces ?? 6) * piece, pieceBytes: piece })
  const seeder = await world.session('10.0.0.1', new TestStorage(0, data), options.seeder)
  const seed = await seeder.add({ torrent: metainfo, directory: '/' })
  await seed.ready
  const target = new TestStorage(data.length)
  const leecher = await world.session('10.0.0.2', target, options.leecher)
  const peers = [world.endpoint('10.0.0.1')]
  const strategy = options.picker === undefined ? {} : { picker: options.picker }
  const download = await leecher.add({ torrent: metainfo, directory: '/', peers, ...strategy })
  return { world, metainfo, data, seeder, leecher, seed, download, target }
}

describe('a plugin at work', () => {
  it('pickPiece takes what it wants first, the picker the rest', async () => {
    const asked: number[] = []
    const last = plugin('last-first', (host) =>
      host.hooks.pickPiece.tap((_peer, picks) => {
        picks.take(5, 'last first')
        return undefined
      }),
    )
    const order = plugin('order', (host) => host.hooks.pieceVerified.tap((index) => void asked.push(index)))
    const { world, download } = await pair({ leecher: [last, order] })
    await world.clock.runUntil(() => download.view.state === 'seeding', 30_000)
    expect(asked[0]).toBe(5)
    expect(asked.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('pickPiece that answers true ends the refill: nothing is asked', async () => {
    const never = plugin('never', (host) => host.hooks.pickPiece.tap(() => true))
    const { world, download } = await pair({ leecher: [never] })
    await world.clock.advance(20_000)
    expect(download.view.stats.peers).toBe(1)
    expect(download.view.stats.receivedBytes).toBe(0)
  })

  it('storeBlock that rejects one block of the only peer never asks that peer again', async () => {
    const seen: string[] = []
    const picky = plugin('picky', (host) =>
      host.hooks.storeBlock.tap((block) => {
        seen.push(`${block.piece}/${block.begin}`)
        return block.piece === 2 && block.begin === 0 ? false : undefined
      }),
    )
    const { world, download } = await pair({ leecher: [picky] })
    await world.clock.advance(60_000)
    expect(seen.filter((block) => block === '2/0')).toHaveLength(1)
    expect(download.view.content?.have.count).toBe(5)
    expect(download.view.state).toBe('downloading')
  })

  it('storeBlock that rejects a block of three peers fails the torrent and is named', async () => {
    const picky = plugin('picky', (host) =>
      host.hooks.storeBlock.tap((block) => (block.piece === 0 ? false : undefined)),
    )
    const { world, download, metainfo, data } = await pair({ leecher: [picky] })
    for (const host of ['10.0.0.3', '10.0.0.4']) {
      const other = await world.session(host, new TestStorage(0, data))
      await (
        await other.add({ torrent: metainfo, directory: '/' })
      ).ready
      download.control.addPeers([world.endpoint(host)], 'user')
    }
    expect(await world.clock.runUntil(() => download.view.state === 'failed', 60_000)).toBe(true)
    expect(download.view.error?.message).toBe('the plugin picky rejects a block of piece 0 every time')
    await expect(download.completed).rejects.toMatchObject({
      code: 'PLUGIN_FAILED',
      plugin: 'picky',
      hook: 'storeBlock',
    })
  })

  it('chokeDecision may leave everyone out', async () => {
    const mean = plugin('mean', (host) => host.hooks.chokeDecision.tap(() => []))
    const { world, download, seeder } = await pair({ seeder: [mean], pieces: 60 })
    await world.clock.advance(30_000)
    const [theirs] = download.view.peers
    expect(theirs?.isChoking).toBe(true)
    await seeder.remove('mean')
    expect(await world.clock.runUntil(() => download.view.state === 'seeding', 30_000)).toBe(true)
  })

  it('showHaves hides pieces, reveal shows one, and removal shows all', async () => {
    let control: ((peer: PeerView) => void) | undefined
    const shy = plugin('shy', (host) => {
      host.hooks.showHaves.tap((shown) => new Bits(shown.length))
      host.hooks.peerConnected.tap((peer, torrent) => {
        control = (view) => host.control(torrent.id).reveal(view, 3)
        void peer
      })
    })
    const { world, download, seeder, seed } = await pair({ seeder: [shy] })
    await world.clock.advance(5_000)
    expect([...download.view.peers][0]?.haves.count).toBe(0)
    const [leecher] = seed.view.peers
    if (leecher !== undefined) control?.(leecher)
    expect(await world.clock.runUntil(() => download.view.content?.have.count === 1, 20_000)).toBe(true)
    expect(download.view.content?.have.has(3)).toBe(true)
    await seeder.remove('shy')
    expect(await world.clock.runUntil(() => download.view.state === 'seeding', 30_000)).toBe(true)
  })

  it('a peer that shows one piece alone hears that we have it now, and a seed does not', async () => {
    for (const [shown, heard] of [
      [[3], 1],
      [[0, 1, 2, 3, 4, 5], 0],
    ] as const) {
      const world = new World()
      const { metainfo, data } = makeTorrent({ lengthBytes: 6 * piece, pieceBytes: piece })
      const engine = await world.session('10.0.0.9', new TestStorage(data.length))
      const torrent = await engine.add({ torrent: metainfo, directory: '/' })
      await torrent.ready
      const peer = await RawPeer.dial(world, '10.0.0.9', metainfo)
      for (const index of shown) peer.say((wire) => wire.have(index))
      peer.onRequest = (index, begin, length) => {
        const at = index * piece + begin
        if (index === 3) peer.sendBlock(index, begin, data.slice(at, at + length))
      }
      peer.say((wire) => wire.choke(false))
      await world.clock.advance(5_000)
      expect(torrent.view.content?.have.has(3)).toBe(true)
      expect(peer.count('have 3')).toBe(heard)
    }
  })

  it('reveal without a piece shows all that is there, and what comes later', async () => {
    const shy = plugin('shy', (host) => host.hooks.showHaves.tap((shown) => new Bits(shown.length)))
    const world = new World()
    const { metainfo, data } = makeTorrent({ lengthBytes: 4 * piece, pieceBytes: piece })
    const source = await world.session('10.0.0.1', new TestStorage(0, data))
    await (
      await source.add({ torrent: metainfo, directory: '/' })
    ).ready
    const middle = await world.session('10.0.0.2', new TestStorage(data.length), [shy])
    const download = await middle.add({ torrent: metainfo, directory: '/' })
    const end = await world.session('10.0.0.3', new TestStorage(data.length))
    const last = await end.add({ torrent: metainfo, directory: '/', peers: [world.endpoint('10.0.0.2')] })
    await world.clock.advance(5_000)
    const [peer] = download.view.peers
    if (peer !== undefined) download.control.reveal(peer)
    download.control.addPeers([world.endpoint('10.0.0.1')], 'user')
    expect(await world.clock.runUntil(() => last.view.state === 'seeding', 30_000)).toBe(true)
  })

  it('announce may change what a tracker is told, and veto it', async () => {
    const told: string[] = []
    const tracker = plugin(
      'tracker',
      () => {},
      (bindings) =>
        bindings.value(TrackerClient, {
          schemes: ['test'],
          announce: async (request) => {
            told.push(`${request.url} ${request.port}`)
            return { peers: [] }
          },
        }),
    )
    const shy = plugin('shy', (host) =>
      host.hooks.announce.tap((request) =>
        request.url.includes('bad') ? { ...request, skip: 'not that one' } : { ...request, port: 1 },
      ),
    )
    for (const [url, expected] of [
      ['test://good/announce', ['test://good/announce 1']],
      ['test://bad/announce', []],
    ] as const) {
      told.length = 0
      const world = new World()
      const { metainfo } = makeTorrent({ lengthBytes: piece, pieceBytes: piece, trackers: [url] })
      const session = await world.session('10.0.0.1', new TestStorage(piece), [tracker, shy])
      await session.add({ torrent: metainfo, directory: '/' })
      await world.clock.advance(30_000)
      expect(told).toEqual(expected)
    }
  })

  const oops = (): never => {
    throw new Error('oops')
  }
  it.each<[string, Partial<{ picker: PiecePicker; choker: Choker }>, string]>([
    [
      'a piece picker in pick',
      { picker: { name: 'fast', onlyByName: true, create: () => ({ pick: oops }) } },
      'piece picker fast',
    ],
    ['a piece picker in create', { picker: { name: 'fast', onlyByName: true, create: oops } }, 'piece picker fast'],
    ['a choker in a round', { choker: { name: 'hard', onlyByName: true, create: () => oops } }, 'choker hard'],
    ['a choker in create', { choker: { name: 'hard', onlyByName: true, create: oops } }, 'choker hard'],
  ])('%s that throws fails its torrent only; it is named, and its plugin', async (where, { picker, choker }, who) => {
    const broken = plugin(
      'broken',
      () => {},
      (bindings) => {
        if (picker !== undefined) bindings.value(PiecePicker, picker)
        if (choker !== undefined) bindings.value(Choker, choker)
      },
    )
    // Only who has something that others want makes choke rounds.
    const one = choker === undefined ? { leecher: [broken] } : { seeder: [broken] }
    const { world, data, ...both } = await pair({ ...one, pieces: 20 })
    const [session, torrent] = choker === undefined ? [both.leecher, both.download] : [both.seeder, both.seed]
    torrent.control.use({ ...(picker && { picker: picker.name }), ...(choker && { choker: choker.name }) })
    await world.clock.runUntil(() => torrent.view.state === 'failed', 30_000)
    const step = where.endsWith('round') ? 'choke round' : where.split(' ').at(-1)
    expect(torrent.view.error).toMatchObject({
      code: 'PLUGIN_FAILED',
      plugin: 'broken',
      message: `the ${who} of the plugin broken failed in ${step}: oops`,
    })
    const other = makeTorrent({ lengthBytes: data.length, pieceBytes: piece, seed: 'other' })
    const second = await session.add({
      torrent: other.metainfo,
      directory: '/',
      picker: 'sequential',
      choker: 'tit-for-tat',
    })
    await second.ready
    expect(second.view.state).toBe('downloading')
  })

  it('a choker that threw gets another chance when the data is looked at again', async () => {
    let rounds = 0
    const once = plugin(
      'once',
      () => {},
      (bindings) =>
        bindings.value(Choker, {
          name: 'once',
          onlyByName: true,
          create: () => (round) => {
            if (++rounds === 1) oops()
            return round.candidates.map((candidate) => ({ peer: candidate.peer, reason: 'all' }))
          },
        }),
    )
    const { world, seed, download } = await pair({ seeder: [once], pieces: 20 })
    seed.control.use({ choker: 'once' })
    await world.clock.runUntil(() => seed.view.state === 'failed', 30_000)
    seed.control.recheck()
    await world.clock.runUntil(() => seed.view.state === 'seeding', 30_000)
    download.control.dial(world.endpoint('10.0.0.1'))
    expect(await world.clock.runUntil(() => download.view.state === 'seeding', 60_000)).toBe(true)
    expect(rounds).toBeGreaterThan(1)
  })

  it('a choker that cannot be made fails the torrent that is added with it, before its storage opens', async () => {
    const hard = plugin(
      'hard',
      () => {},
      (bindings) => bindings.value(Choker, { name: 'hard', create: oops }),
    )
    const world = new World()
    const { metainfo, data } = makeTorrent({ lengthBytes: 6 * piece, pieceBytes: piece })
    const target = new TestStorage(data.length)
    target.holds.add('open')
    const session = await world.session('10.0.0.1', target, [hard])
    const torrent = await session.add({ torrent: metainfo, directory: '/' })
    await expect(torrent.ready).rejects.toMatchObject({ code: 'PLUGIN_FAILED', plugin: 'hard' })
    expect(torrent.view.state).toBe('failed')
    expect(target.underWay.size).toBe(0)
    await session.close()
  })

  it('a choker and a picker are replaced while the torrent runs, and nobody is dropped', async () => {
    const rounds: string[] = []
    const ours = plugin(
      'ours',
      () => {},
      (bindings) => {
        bindings.value(Choker, {
          name: 'all',
          create: () => (round) => {
            rounds.push('all')
            return round.candidates.map(({ peer }) => ({ peer, reason: 'everyone' }))
          },
        })
        bindings.value(PiecePicker, {
          name: 'backwards',
          create: (torrent) => ({
            pick: (_peer, picks) => {
              for (let index = torrent.pieceCount - 1; index >= 0 && picks.left > 0; index--)
                picks.take(index, 'backwards')
            },
          }),
        })
      },
    )
    const { world, download, leecher } = await pair({ leecher: [ours], pieces: 200 })
    await world.clock.runUntil(() => (download.view.content?.have.count ?? 0) > 3, 30_000)
    const connected = [...download.view.peers].map((peer) => peer.key)
    download.control.use({ picker: 'backwards', choker: 'all' })
    expect([download.view.picker, download.view.choker]).toEqual(['backwards', 'all'])
    await leecher.remove('ours')
    expect([download.view.picker, download.view.choker]).toEqual(['sequential', 'tit-for-tat'])
    expect(await world.clock.runUntil(() => download.view.state === 'seeding', 60_000)).toBe(true)
    expect([...download.view.peers].map((peer) => peer.key)).toEqual(connected)
  })

  it('a peer extension greets, speaks and ends with its peer (BEP 10)', async () => {
    const heard: string[] = []
    const chat = (name: string): Plugin =>
      plugin(
        name,
        () => {},
        (bindings) =>
          bindings.value(PeerExtension, {
            name: 'bl_chat',
            onPrivate: true,
            hello: (into) => void into.set('bl_mood', new TextEncoder().encode('fine')),
            open: (_peer, _torrent, link, theirs) => {
              const mood = theirs.get('bl_mood')
              heard.push(`${name} met ${mood instanceof Uint8Array ? new TextDecoder().decode(mood) : 'nobody'}`)
              link.send(new TextEncoder().encode(`hello from ${name}`))
              return {
                message: (payload) => void heard.push(`${name} heard ${new TextDecoder().decode(payload)}`),
                close: () => void heard.push(`${name} closed`),
              }
            },
          }),
      )
    const { world, download } = await pair({ seeder: [chat('ann')], leecher: [chat('bob')] })
    await world.clock.runUntil(() => download.view.state === 'seeding', 30_000)
    await download.remove()
    await world.clock.advance(100)
    expect(heard.toSorted()).toEqual([
      'ann closed',
      'ann heard hello from bob',
      'ann met fine',
      'bob closed',
      'bob heard hello from ann',
      'bob met fine',
    ])
  })

  it('tells the client by its extension handshake, or else by its peer id', async () => {
    const { world, download } = await pair({ pieces: 400 })
    await world.clock.runUntil(() => download.view.stats.receivedBytes > 0, 30_000)
    const [peer] = download.view.peers
    expect(peer?.client).toMatch(/^Bitloom 0\.1\.0/)
  })

  it('waits for the metadata of a magnet link and goes on when it is provided', async () => {
    const world = new World()
    const { metainfo, data } = makeTorrent({ lengthBytes: 6 * piece, pieceBytes: piece })
    const seeder = await world.session('10.0.0.1', new TestStorage(0, data))
    await (
      await seeder.add({ torrent: metainfo, directory: '/' })
    ).ready
    const target = new TestStorage(data.length)
    const leecher = await world.session('10.0.0.2', target)
    const magnet = { infoHashes: metainfo.infoHashes, trackers: [], webSeeds: [], peers: [] }
    const download = await leecher.add({ torrent: magnet, directory: '/', peers: [world.endpoint('10.0.0.1')] })
    await world.clock.runUntil(() => download.view.stats.peers === 1, 20_000)
    expect(download.view.state).toBe('fetching-metadata')
    expect(await download.control.provideInfo(metainfo.info.slice(1))).toBe(false)
    expect(await download.control.provideInfo(metainfo.info)).toBe(true)
    expect(await world.clock.runUntil(() => download.view.state === 'seeding', 30_000)).toBe(true)
    expect(Buffer.from(target.data).equals(Buffer.from(data))).toBe(true)
  })
})
