import { describe, expect, it } from 'vitest'
import { ExtensionIds } from '../src/driver/extension-ids.js'
import type { ExtensionLink } from '../src/ports/peer-extension.js'
import { PeerExtension } from '../src/ports/peer-extension.js'
import { type Plugin, pluginContract } from '../src/session/plugin.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const piece = 65_536
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

/** Talks to whoever speaks the same, and remembers its links. */
function talker(name: string, options: { onPrivate?: boolean; wireId?: number } = {}) {
  const heard: string[] = []
  const links: ExtensionLink[] = []
  const plugin: Plugin = {
    name: `plugin-${name}`,
    contract: pluginContract,
    bind: (bindings) =>
      bindings.value(PeerExtension, {
        name,
        onPrivate: options.onPrivate ?? true,
        ...(options.wireId === undefined ? {} : { wireIds: { [options.wireId]: 2 } }),
        open: (_peer, _torrent, link) => {
          links.push(link)
          heard.push('open')
          return {
            message: (payload) => void heard.push(new TextDecoder().decode(payload)),
            wire: (id, payload) => void heard.push(`wire ${id}: ${payload.length}`),
            close: () => void heard.push('close'),
          }
        },
      }),
  }
  const say = (message: string): boolean => links.at(-1)?.send(text(message)) ?? false
  return { plugin, heard, links, say }
}

/** A slow seed and its downloader, each with extensions. */
async function pair(seeders: Plugin[], leechers: Plugin[], options: { private?: boolean } = {}) {
  const world = new World()
  const { metainfo, data } = makeTorrent({ lengthBytes: 40 * piece, pieceBytes: piece, ...options })
  const seeder = await world.session('10.0.0.1', new TestStorage(0, data), seeders)
  seeder.setLimits({ upBytesPerSecond: 65_536 })
  const seed = await seeder.add({ torrent: metainfo, directory: '/' })
  await seed.ready
  const leecher = await world.session('10.0.0.2', new TestStorage(data.length), leechers)
  const left: string[] = []
  leecher.hooks.peerDisconnected.tap((_peer, reason) => void left.push(reason))
  const download = await leecher.add({ torrent: metainfo, directory: '/', peers: [world.endpoint('10.0.0.1')] })
  await world.clock.runUntil(() => download.view.stats.receivedBytes > 0, 10_000)
  const settle = (): Promise<void> => world.clock.advance(50)
  return { world, metainfo, seeder, leecher, seed, download, left, settle }
}

describe('extensions that come and go while peers are connected', () => {
  it('keep their ids: what a peer says after one went is heard by the right one', async () => {
    const [a, b, c] = [talker('x_a'), talker('x_b'), talker('x_c')]
    const [a2, b2, c2] = [talker('x_a'), talker('x_b'), talker('x_c')]
    const { leecher, settle, left } = await pair([a2.plugin, b2.plugin, c2.plugin], [a.plugin, b.plugin, c.plugin])
    await settle()
    // On its way when the first of the three goes: the ids it was sent with still mean the same.
    expect([a2.say('to a'), b2.say('to b'), c2.say('to c')]).toEqual([true, true, true])
    await leecher.remove('plugin-x_a')
    await settle()
    expect([a.heard, b.heard, c.heard]).toEqual([
      ['open', 'close'],
      ['open', 'to b'],
      ['open', 'to c'],
    ])
    expect([b2.say('again'), c.say('back')]).toEqual([true, true])
    await settle()
    expect([b.heard.at(-1), c2.heard.at(-1)]).toEqual(['again', 'back'])
    expect(left).toEqual([])
  })

  it('are told to the peer by a new handshake: its session ends, and begins anew when the extension is back', async () => {
    const mine = talker('x_a')
    const theirs = talker('x_a')
    const { leecher, settle, left } = await pair([theirs.plugin], [mine.plugin])
    await settle()
    expect(theirs.heard).toEqual(['open'])
    await leecher.remove('plugin-x_a')
    await settle()
    expect(theirs.heard).toEqual(['open', 'close'])
    expect([theirs.say('anybody?'), mine.say('still me')]).toEqual([false, false])
    const anew = talker('x_a')
    await leecher.use(anew.plugin)
    await settle()
    expect([anew.heard, theirs.heard]).toEqual([['open'], ['open', 'close', 'open']])
    expect([anew.say('hello'), theirs.say('welcome back'), mine.say('a ghost')]).toEqual([true, true, false])
    await settle()
    expect([anew.heard.at(-1), theirs.heard.at(-1)]).toEqual(['welcome back', 'hello'])
    expect(left).toEqual([])
  })

  it('that come late find the peers that speak them already', async () => {
    const theirs = talker('x_late')
    const { leecher, settle, left } = await pair([theirs.plugin], [])
    const late = talker('x_late')
    await leecher.use(late.plugin)
    await settle()
    expect([late.heard, theirs.heard]).toEqual([['open'], ['open']])
    expect(late.say('sorry for the delay')).toBe(true)
    await settle()
    expect(theirs.heard.at(-1)).toBe('sorry for the delay')
    expect(left).toEqual([])
  })

  it('get their base messages from then on', async () => {
    const theirs = talker('x_wire', { wireId: 200 })
    const { world, leecher, download, seed, settle, left } = await pair([theirs.plugin], [])
    const late = talker('x_wire', { wireId: 200 })
    await leecher.use(late.plugin)
    await settle()
    const [peer] = seed.view.peers
    const out = (peer as unknown as { out: { other?(id: number, payload: Uint8Array): void } }).out
    out.other?.(200, new Uint8Array(2))
    await world.clock.advance(2_000)
    await leecher.remove('plugin-x_wire')
    out.other?.(200, new Uint8Array(2))
    await world.clock.advance(2_000)
    expect(late.heard).toEqual(['open', 'wire 200: 2', 'close'])
    expect(left).toEqual([])
    expect(download.view.stats.peers).toBe(1)
  })

  it('end with the news that the torrent is private, if they are not for private ones (BEP 27)', async () => {
    const world = new World()
    const { metainfo, data } = makeTorrent({ lengthBytes: 4 * piece, pieceBytes: piece, private: true })
    const [open, strict] = [talker('x_open', { onPrivate: false }), talker('x_strict')]
    const theirs = [talker('x_open'), talker('x_strict')]
    const seeder = await world.session(
      '10.0.0.1',
      new TestStorage(0, data),
      theirs.map(({ plugin }) => plugin),
    )
    await (
      await seeder.add({ torrent: metainfo, directory: '/' })
    ).ready
    const leecher = await world.session('10.0.0.2', new TestStorage(data.length), [open.plugin, strict.plugin])
    const magnet = { infoHashes: metainfo.infoHashes, trackers: [], webSeeds: [], peers: [] }
    const download = await leecher.add({ torrent: magnet, directory: '/', peers: [world.endpoint('10.0.0.1')] })
    await world.clock.runUntil(() => strict.heard.length > 0, 10_000)
    expect(open.heard).toEqual(['open'])
    await download.control.provideInfo(metainfo.info)
    expect(open.heard).toEqual(['open', 'close'])
    expect(await world.clock.runUntil(() => download.view.state === 'seeding', 30_000)).toBe(true)
    expect(strict.heard).toEqual(['open'])
    expect(theirs[0]?.heard).toEqual(['open', 'close'])
  })
})

describe('ExtensionIds', () => {
  it('gives a name one id for good, and an id to one name', () => {
    const ids = new ExtensionIds()
    expect([...ids.messages(['a', 'b', 'c'])]).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ])
    expect([...ids.messages(['c', 'd'])]).toEqual([
      ['a', 0],
      ['b', 0],
      ['c', 3],
      ['d', 4],
    ])
    expect([...ids.messages(['b', 'a'])].filter(([, id]) => id > 0)).toEqual([
      ['a', 1],
      ['b', 2],
    ])
    expect([0, 1, 4, 5].map((id) => ids.nameOf(id))).toEqual([undefined, 'a', 'd', undefined])
  })

  it('has 255 of them', () => {
    const ids = new ExtensionIds()
    const names = Array.from({ length: 256 }, (_, index) => `x${index}`)
    const messages = ids.messages(names)
    expect(messages.size).toBe(255)
    expect(Math.max(...messages.values())).toBe(255)
    expect(ids.of('one more')).toBeUndefined()
  })
})
