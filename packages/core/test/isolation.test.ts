import { describe, expect, it } from 'vitest'
import type { ChokeRound } from '../src/ports/choker.js'
import { Choker } from '../src/ports/choker.js'
import { PeerExtension } from '../src/ports/peer-extension.js'
import { type Plugin, pluginContract } from '../src/session/plugin.js'
import { seeding } from './support/scenes.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const piece = 16_384
const one = makeTorrent({ lengthBytes: 20 * piece, pieceBytes: piece, seed: 'one' })

describe('a fault in the tick of a torrent', () => {
  it('does not stop the clock', async () => {
    const fails = (): never => {
      throw new Error('a fault')
    }
    const { world, peer, gone } = await seeding({ hooks: { chokeDecision: fails } })
    peer.say((wire) => wire.interested(true))
    await world.clock.advance(185_000)
    expect(world.faults[0]).toMatchObject(['a fault in the engine', { error: { message: 'a fault' } }])
    expect(gone).toEqual(['silent for 3 minutes'])
  })
})

describe('a choker that answers with no list', () => {
  it('fails its torrent, and is named', async () => {
    const world = new World()
    const lazy: Plugin = {
      name: 'lazy-plugin',
      contract: pluginContract,
      bind: (bindings) =>
        bindings.value(Choker, {
          name: 'lazy',
          create: () => (() => undefined) as unknown as (round: ChokeRound) => [],
        }),
    }
    const seeder = await world.session('10.0.0.1', new TestStorage(0, one.data), [lazy])
    const seed = await seeder.add({ torrent: one.metainfo, directory: '/', choker: 'lazy' })
    await seed.ready
    const leecher = await world.session('10.0.0.2', new TestStorage(one.data.length))
    await leecher.add({ torrent: one.metainfo, directory: '/', peers: [world.endpoint('10.0.0.1')] })
    expect(await world.clock.runUntil(() => seed.view.state === 'failed', 20_000)).toBe(true)
    expect(seed.view.error).toMatchObject({ code: 'PLUGIN_FAILED', plugin: 'lazy-plugin' })
    expect(world.faults).toEqual([])
  })
})

describe('an extension that puts into the handshake what cannot be said', () => {
  it('is named, and peers connect without its words', async () => {
    const world = new World()
    const failed: unknown[] = []
    const chatty: Plugin = {
      name: 'chatty',
      contract: pluginContract,
      bind: (bindings) => {
        bindings.value(PeerExtension, {
          name: 'bl_chatty',
          onPrivate: true,
          hello: (into) => void into.set('mood', 0.5),
          open: () => ({}),
        })
        bindings.value(PeerExtension, {
          name: 'bl_sane',
          onPrivate: true,
          hello: (into) => void into.set('sane', 1),
          open: (_peer, _torrent, _link, theirs) => (heard.push(theirs.get('sane')), {}),
        })
      },
      apply: (host) => host.hooks.pluginFailed.tap((error) => void failed.push(error)),
    }
    const heard: unknown[] = []
    const seeder = await world.session('10.0.0.1', new TestStorage(0, one.data), [chatty])
    await (
      await seeder.add({ torrent: one.metainfo, directory: '/' })
    ).ready
    const leecher = await world.session('10.0.0.2', new TestStorage(one.data.length), [{ ...chatty, apply: () => {} }])
    const { view } = await leecher.add({
      torrent: one.metainfo,
      directory: '/',
      peers: [world.endpoint('10.0.0.1')],
    })
    expect(await world.clock.runUntil(() => view.state === 'seeding', 20_000)).toBe(true)
    expect(failed[0]).toMatchObject({ code: 'PLUGIN_FAILED', plugin: 'chatty', hook: 'PeerExtension' })
    expect(heard).toEqual([1, 1])
  })
})
