import { expect, it } from 'vitest'
import { PluginError } from '../src/bytes/errors.js'
import { hookTable } from '../src/hooks/hook-table.js'
import type { HookName } from '../src/hooks/hooks.js'
import { TrackerClient } from '../src/ports/tracker-client.js'
import { type Plugin, pluginContract } from '../src/session/plugin.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const piece = 32_768
const { metainfo, data } = makeTorrent({ lengthBytes: 60 * piece, pieceBytes: piece, trackers: ['udp://t.example/'] })
// A tap of it that fails keeps everybody out, as is promised: hooks.test.ts has that.
const hooks = (Object.keys(hookTable) as HookName[]).filter((name) => name !== 'acceptPeer')

/** Those that a download cannot do without. */
const called = ['announce', 'pickPiece', 'storeBlock', 'showHaves', 'torrentAdded', 'peerConnected', 'pieceVerified']

const never = new Promise<never>(() => {})
const ways: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw new Error('on purpose')
  },
  rejects: () => Promise.reject(new Error('on purpose')),
  'never answers': () => never,
  'answers with nonsense': () => 17,
}

it.each(Object.entries(ways))(
  'a plugin that %s in every hook, and a tracker that does the same, while all connections break every two seconds: the data comes, and who failed is named',
  async (way, fail) => {
    const broken: Plugin = {
      name: 'broken',
      contract: pluginContract,
      bind: (bindings) =>
        bindings.value(TrackerClient, {
          schemes: ['udp'],
          announce: async () => fail() as never,
        }),
      apply: (host) => {
        for (const name of hooks) (host.hooks[name].tap as (tap: () => unknown) => void)(fail)
      },
    }
    const failures: unknown[] = []
    const watching: Plugin = {
      name: 'watching',
      contract: pluginContract,
      apply: (host) => void host.hooks.pluginFailed.tap((error) => void failures.push(error)),
    }
    const world = new World()
    const seeder = await world.session('10.0.0.1', new TestStorage(0, data))
    await (
      await seeder.add({ torrent: metainfo, directory: '/', limits: { upBytesPerSecond: 131_072 } })
    ).ready
    const target = new TestStorage(data.length)
    const leecher = await world.session('10.0.0.2', target, [watching, broken])
    const download = await leecher.add({ torrent: metainfo, directory: '/', peers: [world.endpoint('10.0.0.1')] })
    let breaks = 0
    const cut = (): void => {
      breaks++
      for (const end of [...world.network.ends]) end.close()
      for (const end of [...world.network.ends]) end.ended()
      world.clock.after(2_000, cut)
    }
    world.clock.after(2_000, cut)
    expect(await world.clock.runUntil(() => download.view.state === 'seeding', 3_600_000)).toBe(true)
    expect(breaks).toBeGreaterThan(3)
    expect(Buffer.from(target.data).equals(Buffer.from(data))).toBe(true)
    expect(failures.length).toBeGreaterThan(0)
    const named = failures.map((failure) => (failure instanceof PluginError ? failure : undefined))
    expect(new Set(named.map((failure) => failure?.plugin))).toEqual(new Set(['broken']))
    const failed = new Set(named.map((failure) => failure?.hook))
    expect(hooks).toEqual(expect.arrayContaining([...failed]))
    expect(way === 'throws' ? called.filter((name) => !failed.has(name)) : []).toEqual([])
    await leecher.close()
    await seeder.close()
    await world.clock.advance(600_000)
    expect(target.violations).toEqual([])
  },
)
