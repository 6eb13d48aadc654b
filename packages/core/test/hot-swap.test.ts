import { describe, expect, it } from 'vitest'
import { StorageError } from '../src/bytes/errors.js'
import { seededRandom } from '../src/bytes/seeded-random.js'
import type { TorrentHandle } from '../src/driver/api.js'
import { Choker } from '../src/ports/choker.js'
import { PeerExtension } from '../src/ports/peer-extension.js'
import { PiecePicker } from '../src/ports/piece-picker.js'
import type { TraceRecord } from '../src/ports/trace.js'
import type { TorrentState } from '../src/ports/views.js'
import { type Plugin, pluginContract } from '../src/session/plugin.js'
import { makeTorrent, testPicker, TestStorage, World } from './support/world.js'

const piece = 65_536
const pieces = 24

const backwards: PiecePicker = {
  name: 'backwards',
  create: (torrent) => ({
    pick(_peer, picks) {
      picks.takePartials()
      for (let at = torrent.pieceCount - 1; at >= 0 && picks.left > 0; at--) picks.take(at, 'from the end')
    },
  }),
}

const everyone: Choker = {
  name: 'everyone',
  create: () => (round) => round.candidates.map(({ peer }) => ({ peer, reason: 'everyone' })),
}

/** Binds strategies and an extension, and taps what is asked: everything that a plugin can leave behind. */
function lodger(heard: string[] = []): Plugin {
  return {
    name: 'lodger',
    contract: pluginContract,
    bind(bindings) {
      bindings.value(PiecePicker, backwards)
      bindings.value(Choker, everyone)
      bindings.value(PeerExtension, {
        name: 'bl_lodger',
        onPrivate: true,
        open: () => ({ close: () => void heard.push('session closed') }),
      })
    },
    apply(host) {
      host.hooks.pickPiece.tap((_peer, picks) => {
        picks.take(pieces >> 1, 'the middle first')
        return undefined
      })
      host.hooks.chokeDecision.tap((list) => list)
      host.defer(() => void heard.push('closed'))
    },
  }
}

/** A slow seed at 10.0.0.1, a download at 10.0.0.2 that is watched from its first record on. */
async function scene(options: { plugins?: Plugin[]; upBytesPerSecond?: number; paused?: boolean } = {}) {
  const world = new World()
  const { metainfo, data } = makeTorrent({ lengthBytes: pieces * piece, pieceBytes: piece })
  const seeder = await world.session('10.0.0.1', new TestStorage(0, data), [lodger()])
  seeder.setLimits({ upBytesPerSecond: options.upBytesPerSecond ?? 262_144 })
  const seed = await seeder.add({ torrent: metainfo, directory: '/' })
  await seed.ready
  const target = new TestStorage(data.length)
  const leecher = await world.session('10.0.0.2', target, options.plugins ?? [lodger()])
  const records: TraceRecord[] = []
  leecher.trace((record) => void records.push(record))
  const add = (): Promise<TorrentHandle> =>
    leecher.add({
      torrent: metainfo,
      directory: '/',
      peers: [world.endpoint('10.0.0.1')],
      picker: 'sequential',
      choker: 'tit-for-tat',
    })
  return { world, metainfo, data, seeder, seed, leecher, target, records, add }
}

type Scene = Awaited<ReturnType<typeof scene>>

/** The data is right, every block was asked once and came once, and nobody was disconnected. */
async function endsWell({ world, data, target, records }: Scene, download: TorrentHandle, leaves = 0): Promise<void> {
  expect(await world.clock.runUntil(() => download.view.state === 'seeding', 120_000)).toBe(true)
  expect(Buffer.from(target.data).equals(Buffer.from(data))).toBe(true)
  const asked = records.filter((record) => record.event === 'pick').reduce((sum, { blocks }) => sum + blocks, 0)
  expect(asked).toBe((pieces * piece) / 16_384)
  expect(download.view.stats.receivedBytes).toBe(data.length)
  expect(download.view.stats.wastedBytes).toBe(0)
  expect(records.filter(({ event }) => event === 'leave')).toHaveLength(leaves)
  expect(target.violations).toEqual([])
  expect(world.faults).toEqual([])
}

const have = (download: TorrentHandle): number => download.view.content?.have.count ?? 0

/** How a download gets into each phase, and what lets it go on from there. */
const phases: Readonly<
  Record<string, { state: TorrentState; reach(scene: Scene): Promise<[TorrentHandle, () => Promise<void> | void]> }>
> = {
  'while it loads': {
    state: 'loading',
    async reach({ target, add }) {
      target.holds.add('open')
      return [await add(), () => target.release()]
    },
  },
  'while it checks': {
    state: 'checking',
    async reach({ world, target, add }) {
      target.holds.add('present')
      const download = await add()
      await world.clock.advance(1)
      return [download, () => target.release()]
    },
  },
  'in mid-download': {
    state: 'downloading',
    async reach({ world, add }) {
      const download = await add()
      await world.clock.runUntil(() => have(download) > 4, 60_000)
      return [download, () => {}]
    },
  },
  'while writes wait': {
    state: 'downloading',
    async reach({ world, target, add }) {
      const download = await add()
      await world.clock.runUntil(() => have(download) > 4, 60_000)
      target.holds.add('write')
      await world.clock.advance(1_000)
      return [download, () => target.release()]
    },
  },
  'with the last blocks on their way': {
    state: 'downloading',
    async reach({ world, add }) {
      const download = await add()
      await world.clock.runUntil(() => have(download) === pieces - 1, 60_000)
      return [download, () => {}]
    },
  },
}

describe.each(Object.entries(phases))('a swap %s', (_name, { state, reach }) => {
  it('of picker and choker', async () => {
    const on = await scene()
    const [download, goOn] = await reach(on)
    expect(download.view.state).toBe(state)
    download.control.use({ picker: 'backwards', choker: 'everyone' })
    expect([download.view.picker, download.view.choker]).toEqual(['backwards', 'everyone'])
    await goOn()
    await endsWell(on, download)
  })

  it('of limits', async () => {
    const on = await scene({ upBytesPerSecond: 1_048_576 })
    const [download, goOn] = await reach(on)
    download.control.limit({ downBytesPerSecond: 131_072, uploadSlots: 2 })
    await on.world.clock.advance(2_000)
    download.control.limit({ downBytesPerSecond: 262_144, upBytesPerSecond: 1_000_000, uploadSlots: undefined })
    await goOn()
    await endsWell(on, download)
  })

  it('by the removal of the plugin that brought tap, picker, choker and extension', async () => {
    const heard: string[] = []
    const on = await scene({ plugins: [lodger(heard)] })
    const [download, goOn] = await reach(on)
    download.control.use({ picker: 'backwards', choker: 'everyone' })
    const spoke = download.view.stats.peers > 0
    await on.leecher.remove('lodger')
    expect([download.view.picker, download.view.choker]).toEqual(['sequential', 'tit-for-tat'])
    expect(heard).toEqual(spoke ? ['session closed', 'closed'] : ['closed'])
    await goOn()
    await endsWell(on, download)
  })

  it('by a plugin that comes and goes again', async () => {
    const on = await scene({ plugins: [] })
    const [download, goOn] = await reach(on)
    await on.leecher.use(lodger())
    expect([download.view.picker, download.view.choker]).toEqual(['sequential', 'tit-for-tat'])
    download.control.use({ picker: 'backwards' })
    await on.leecher.remove('lodger')
    await goOn()
    await endsWell(on, download)
  })
})

describe('a swap', () => {
  it('shows at once in what is picked, and in the trace', async () => {
    const on = await scene({ plugins: [{ ...lodger(), apply: () => {} }] })
    const download = await on.add()
    await on.world.clock.runUntil(() => have(download) > 4, 60_000)
    download.control.use({ picker: 'backwards', choker: 'everyone' })
    const before = on.records.length
    await endsWell(on, download)
    const later = on.records.slice(before)
    const [first] = later.filter((record) => record.event === 'pick' && record.reason === 'from the end')
    expect(first).toMatchObject({ piece: pieces - 1, name: 'backwards' })
    expect(on.records.filter(({ event }) => event === 'strategy')).toMatchObject([
      { kind: 'picker', to: 'sequential', reason: 'something is missing' },
      { kind: 'choker', from: 'tit-for-tat', to: 'everyone', reason: 'command' },
      { kind: 'picker', from: 'sequential', to: 'backwards', reason: 'command' },
      { kind: 'picker', from: 'backwards', reason: 'nothing is missing' },
    ])
  })

  it('while paused, blocked or seeding holds from the moment it goes on', async () => {
    const on = await scene()
    const download = await on.add()
    await on.world.clock.runUntil(() => have(download) > 2, 60_000)
    download.control.pause()
    download.control.use({ picker: 'backwards' })
    await on.world.clock.advance(5_000)
    download.control.resume()
    await on.world.clock.runUntil(() => have(download) > 6, 60_000)
    on.target.failWrites = new StorageError('NO_SPACE', 'the disk is full', { path: '/x', retry: true })
    await on.world.clock.runUntil(() => download.view.state === 'blocked', 60_000)
    download.control.use({ picker: 'sequential', choker: 'everyone' })
    on.target.failWrites = undefined
    expect(await on.world.clock.runUntil(() => download.view.state === 'seeding', 120_000)).toBe(true)
    expect(Buffer.from(on.target.data).equals(Buffer.from(on.data))).toBe(true)
    download.control.use({ picker: 'backwards', choker: 'tit-for-tat' })
    expect([download.view.picker, download.view.choker]).toEqual(['backwards', 'tit-for-tat'])
    on.target.data.fill(0, 0, 3 * piece)
    download.control.recheck()
    expect(await on.world.clock.runUntil(() => download.view.state === 'downloading', 60_000)).toBe(true)
    expect(await on.world.clock.runUntil(() => download.view.state === 'seeding', 120_000)).toBe(true)
    expect(Buffer.from(on.target.data).equals(Buffer.from(on.data))).toBe(true)
  })

  it('leaves a strategy alone that is named again', async () => {
    let made = 0
    const counted: PiecePicker = {
      ...backwards,
      create: (torrent, random) => (made++, backwards.create(torrent, random)),
    }
    const plugin: Plugin = {
      name: 'counted',
      contract: pluginContract,
      bind: (bindings) => bindings.value(PiecePicker, counted),
    }
    const on = await scene({ plugins: [plugin, { ...lodger(), bind: (bindings) => bindings.value(Choker, everyone) }] })
    const download = await on.add()
    await on.world.clock.runUntil(() => have(download) > 2, 60_000)
    download.control.use({ picker: 'backwards' })
    download.control.use({ picker: 'backwards', choker: 'everyone' })
    await on.leecher.remove('lodger')
    expect(made).toBe(1)
    await endsWell(on, download)
  })

  it('to a name that nobody bound throws at once, and changes nothing', async () => {
    const on = await scene()
    const download = await on.add()
    await on.world.clock.runUntil(() => have(download) > 2, 60_000)
    for (const names of [{ picker: 'none' }, { choker: 'none' }, { picker: 'backwards', choker: 'none' }]) {
      expect(() => download.control.use(names)).toThrow(
        expect.objectContaining({ code: 'PLUGIN_MISSING', plugin: 'none' }) as Error,
      )
    }
    expect([download.view.picker, download.view.choker]).toEqual(['sequential', 'tit-for-tat'])
    await endsWell(on, download)
  })

  it('heals a torrent whose picker threw, once its data is looked at again', async () => {
    const broken: Plugin = {
      name: 'broken',
      contract: pluginContract,
      bind: (bindings) =>
        bindings.value(PiecePicker, {
          name: 'broken',
          create: () => ({
            pick() {
              throw new Error('out of ideas')
            },
          }),
        }),
    }
    const on = await scene({ plugins: [broken] })
    const download = await on.add()
    void download.completed.catch(() => {})
    await on.world.clock.runUntil(() => have(download) > 2, 60_000)
    download.control.use({ picker: 'broken' })
    await on.world.clock.runUntil(() => download.view.state === 'failed', 60_000)
    download.control.use({ picker: 'sequential' })
    download.control.recheck()
    download.control.dial(on.world.endpoint('10.0.0.1'))
    expect(await on.world.clock.runUntil(() => download.view.state === 'seeding', 120_000)).toBe(true)
    expect(Buffer.from(on.target.data).equals(Buffer.from(on.data))).toBe(true)
  })

  it('that fails in one torrent is made in the others all the same', async () => {
    let fails = false
    const moody: PiecePicker = {
      get name() {
        if (fails) {
          fails = false
          throw new Error('not now')
        }
        return 'moody'
      },
      create: testPicker.create,
    }
    const on = await scene({
      plugins: [lodger(), { name: 'moody', contract: pluginContract, bind: (to) => to.value(PiecePicker, moody) }],
    })
    for (const seed of ['first', 'second']) {
      const { metainfo } = makeTorrent({ lengthBytes: 5, pieceBytes: piece, seed })
      await on.leecher.add({ torrent: metainfo, directory: '/', picker: 'backwards' })
    }
    fails = true
    await on.leecher.remove('lodger')
    expect(on.world.faults).toMatchObject([['a fault in the engine', { error: { message: 'not now' } }]])
    expect(on.leecher.torrents().map(({ picker }) => picker)).toEqual(['backwards', 'sequential'])
  })

  it('of everything again and again, at times nobody chose, loses nothing', async () => {
    for (const seed of ['a', 'b', 'c']) {
      const random = seededRandom(seed)
      const on = await scene({ plugins: [lodger()], upBytesPerSecond: 524_288 })
      const download = await on.add()
      let isLoaded = true
      const acts: (() => void | Promise<void>)[] = [
        () => download.control.use({ picker: isLoaded ? 'backwards' : 'sequential' }),
        () => download.control.use({ picker: 'sequential', choker: 'tit-for-tat' }),
        () => download.control.limit({ downBytesPerSecond: 65_536 + random.below(500_000) }),
        () => download.control.limit({ downBytesPerSecond: undefined, uploadSlots: 1 + random.below(4) }),
        async () => {
          await (isLoaded ? on.leecher.remove('lodger') : on.leecher.use(lodger()))
          isLoaded = !isLoaded
        },
      ]
      for (let step = 0; step < 60 && download.view.state !== 'seeding'; step++) {
        await on.world.clock.advance(random.below(200))
        await acts[random.below(acts.length)]?.()
      }
      download.control.limit({ downBytesPerSecond: undefined })
      await endsWell(on, download)
    }
  })
})
