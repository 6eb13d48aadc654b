import { describe, expect, it } from 'vitest'
import { PiecePicker } from '../src/ports/piece-picker.js'
import { Resolver } from '../src/ports/resolver.js'
import { Storage } from '../src/ports/storage.js'
import { type Token, token } from '../src/ports/token.js'
import { TrackerClient } from '../src/ports/tracker-client.js'
import type { TorrentView } from '../src/ports/views.js'
import { formatDescription } from '../src/session/describe.js'
import type { Plugin, PluginHost } from '../src/session/plugin.js'
import { bench, plugin } from './support/fake-engine.js'

const Greeter = token<string>('Greeter')
const picker = (name: string): PiecePicker => ({ name, create: () => ({ pick: () => {} }) })
const storage = (name: string): Storage => ({ name, open: () => Promise.reject(new Error('not in this test')) })
const binds = <T>(name: string, port: Token<T>, value: T, parts: Partial<Plugin> = {}): Plugin =>
  plugin(name, { bind: (bindings) => bindings.value(port, value), ...parts })
const fails = (message: string) => () => Promise.reject(new Error(message))

describe('close', () => {
  it('aborts all signals, then the engine, then disposers, last in first out', async () => {
    const { story, start } = bench()
    const told = (name: string): Plugin =>
      plugin(name, {
        apply: (host) => {
          host.signal.addEventListener('abort', () => story.push(`abort ${name}`))
          host.defer(() => void story.push(`${name} first`))
          host.defer(async () => void story.push(`${name} second`))
        },
      })
    const session = await start([told('a'), told('b')])
    story.length = 0
    await session.close()
    expect(story).toEqual(['abort a', 'abort b', 'engine closes', 'b second', 'b first', 'a second', 'a first'])
  })

  it('runs all disposers though some fail, and gathers what failed', async () => {
    const { story, faults, start } = bench()
    faults.close = () => Promise.reject(new AggregateError([new Error('torrent t1'), new Error('torrent t2')]))
    const session = await start([
      plugin('a', { apply: (host) => host.defer(() => void story.push('a undone')) }),
      plugin('b', { apply: (host) => host.defer(fails('stuck')) }),
    ])
    const error = await session.close().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(AggregateError)
    expect((error as AggregateError).errors.map((one: Error) => one.message)).toEqual([
      'torrent t1',
      'torrent t2',
      'the plugin b failed while closing: stuck',
    ])
    expect(story.at(-1)).toBe('a undone')
  })

  it('is over within 5 s, and calls every disposer, though engine and plugins hang', async () => {
    const { clock, story, faults, start } = bench()
    const forever = (): Promise<void> => new Promise(() => {})
    faults.close = forever
    const session = await start([
      plugin('a', { apply: (host) => host.defer(() => void story.push('a undone')) }),
      plugin('b', { apply: (host) => host.defer(forever) }),
      plugin('c', { apply: (host) => host.defer(forever) }),
    ])
    const startMs = clock.nowMs()
    let endMs = Infinity
    const closing = session.close().catch((thrown: unknown) => {
      endMs = clock.nowMs()
      return thrown
    })
    await clock.advance(5_000)
    expect(endMs - startMs).toBeLessThanOrEqual(5_000)
    expect(story.at(-1)).toBe('a undone')
    const { errors } = (await closing) as AggregateError
    expect(errors.map((error: Error & { plugin?: string }) => error.plugin)).toEqual([undefined, 'c', 'b'])
    expect(clock.pending).toBe(0)
  })

  it('is idempotent, and ends all else', async () => {
    const { story, start } = bench()
    let host: PluginHost | undefined
    const session = await start([plugin('a', { apply: (given) => void (host = given) })])
    const closing = session.close()
    expect(session.close()).toBe(closing)
    await closing
    await session[Symbol.asyncDispose]()
    expect(story.filter((line) => line === 'engine closes')).toHaveLength(1)
    const closed = { code: 'CLOSED' }
    await expect(session.use(plugin('b'))).rejects.toMatchObject(closed)
    await expect(session.remove('a')).rejects.toMatchObject(closed)
    await expect(session.add({} as never)).rejects.toMatchObject(closed)
    expect(() => host?.hooks.completed.tap(() => {})).toThrow('the plugin a is removed')
    expect(() => session.hooks.completed.tap(() => {})).toThrow('is removed')
  })
})

describe('loading and removing while it runs', () => {
  it('adds bindings and taps, and takes them out again', async () => {
    const { made, story, start } = bench()
    const [seen, undone]: string[][] = [[], []]
    const session = await start([binds('usual', PiecePicker, picker('usual'))])
    const [engine] = made
    await session.use(
      binds('extra', PiecePicker, picker('extra'), {
        apply: (host) => {
          host.hooks.torrentAdded.tap(({ id }) => void seen?.push(id))
          host.defer(() => void undone?.push('undone'))
        },
      }),
    )
    engine?.hooks.torrentAdded({ id: 't1' } as TorrentView)
    expect(engine?.services.named(PiecePicker, 'extra')?.name).toBe('extra')
    await session.remove('extra')
    engine?.hooks.torrentAdded({ id: 't2' } as TorrentView)
    expect(seen).toEqual(['t1'])
    expect(undone).toEqual(['undone'])
    expect(engine?.services.all(PiecePicker).map(({ name }) => name)).toEqual(['usual'])
    expect(story.at(-1)).toBe('a plugin was removed')
    await session.use(plugin('extra'))
  })

  it('undoes a plugin that fails to load, and the rest goes on', async () => {
    const { made, start } = bench()
    const session = await start([])
    let undone = 0
    const broken = binds('broken', PiecePicker, picker('x'), {
      apply: (host) => {
        host.hooks.pickPiece.tap(() => true)
        host.defer(() => void undone++)
        throw new Error('no')
      },
    })
    await expect(session.use(broken)).rejects.toMatchObject({ plugin: 'broken', hook: 'apply' })
    expect(undone).toBe(1)
    expect(made[0]?.hooks.pickPieceTapped).toBe(false)
    expect(made[0]?.services.all(PiecePicker)).toEqual([])
    expect(session.describe().plugins.map(({ name }) => name)).not.toContain('broken')
  })

  it.each([
    ['a name that is there', plugin('here'), { code: 'PLUGIN_DUPLICATE' }],
    ['a single port that core filled', binds('log', token('Memory'), {}), { code: 'PLUGIN_DUPLICATE' }],
    ['what nobody brings', plugin('needy', { requires: [Resolver] }), { code: 'PLUGIN_MISSING', plugin: 'needy' }],
  ])('refuses %s', async (_name, added, error) => {
    const { start } = bench()
    const session = await start([plugin('here')])
    const before = session.describe().plugins.map(({ name }) => name)
    await expect(session.use(added)).rejects.toMatchObject(error)
    expect(session.describe().plugins.map(({ name }) => name)).toEqual(before)
  })

  const torrent = { name: 'film', storage: 'disk', picker: 'usual' } as TorrentView
  it.each([
    ['who is not there', 'nobody', { code: 'NOT_FOUND', message: 'there is no plugin named nobody in the session' }],
    ['core', 'core', { code: 'PLUGIN_IN_USE' }],
    ['a single port', 'machine', { message: 'the plugin machine cannot be removed: it binds Clock' }],
    ['the storage of an open torrent', 'disk', { message: 'the plugin disk cannot be removed: it stores film' }],
    ['the only picker of a torrent', 'usual', { code: 'PLUGIN_IN_USE', plugin: 'usual' }],
    ['what another requires', 'greeter', { message: expect.stringContaining('polite requires its Greeter') }],
  ])('does not remove %s', async (_name, removed, error) => {
    const { torrents, start } = bench()
    const session = await start([
      binds('disk', Storage, storage('disk')),
      binds('spare', Storage, storage('spare')),
      binds('usual', PiecePicker, picker('usual')),
      binds('greeter', Greeter, 'hello'),
      plugin('polite', { requires: [Greeter] }),
    ])
    torrents.push(torrent)
    await expect(session.remove(removed)).rejects.toMatchObject(error)
    await session.remove('spare')
    torrents.pop()
    await session.remove('disk')
    await session.remove('usual')
  })

  it('keeps a plugin loaded that it refuses to remove', async () => {
    const { made, torrents, start } = bench()
    const session = await start([
      binds('disk', Storage, storage('disk'), { apply: (host) => host.hooks.pickPiece.tap(() => true) }),
    ])
    torrents.push(torrent)
    await expect(session.remove('disk')).rejects.toMatchObject({ code: 'PLUGIN_IN_USE' })
    expect(made[0]?.hooks.pickPieceTapped).toBe(true)
    expect(made[0]?.services.named(Storage, 'disk')?.name).toBe('disk')
  })

  it('makes one change after the other', async () => {
    const { start } = bench()
    const session = await start([])
    const order: string[] = []
    const slow = plugin('slow', {
      apply: async () => {
        await new Promise((resolve) => setImmediate(resolve))
        order.push('slow applied')
      },
    })
    await Promise.all([
      session.use(slow),
      session.use(plugin('fast', { apply: () => void order.push('fast applied') })),
    ])
    expect(order).toEqual(['slow applied', 'fast applied'])
  })

  it('removes a plugin though its disposer fails or hangs, and says so', async () => {
    const { clock, start } = bench()
    const session = await start([
      plugin('bad', {
        apply: (host) => {
          host.defer(fails('cannot'))
          host.defer(() => new Promise(() => {}))
        },
      }),
    ])
    const removal = session.remove('bad').catch((error: unknown) => error)
    await clock.advance(5_000)
    const { errors } = (await removal) as AggregateError
    expect(errors.map((error: Error) => error.message)).toEqual([
      'the plugin bad failed while closing: it took longer than 5 s',
      'the plugin bad failed while closing: cannot',
    ])
    expect(session.describe().plugins.map(({ name }) => name)).toEqual(['machine', 'core'])
  })
})

describe('two sessions in one process', () => {
  it('have nothing in common', async () => {
    const [one, two] = [bench(), bench()]
    const seen: string[] = []
    const watcher = (name: string): Plugin =>
      binds('watcher', PiecePicker, picker(name), {
        apply: (host) => host.hooks.torrentAdded.tap(({ id }) => void seen.push(`${name} ${id}`)),
      })
    const first = await one.start([watcher('one')])
    const second = await two.start([watcher('two')])
    one.made[0]?.hooks.torrentAdded({ id: 't1' } as TorrentView)
    two.made[0]?.hooks.torrentAdded({ id: 't1' } as TorrentView)
    expect(seen).toEqual(['one t1', 'two t1'])
    await first.close()
    two.made[0]?.hooks.torrentAdded({ id: 't2' } as TorrentView)
    expect(seen.at(-1)).toBe('two t2')
    expect(two.made[0]?.services.all(PiecePicker).map(({ name }) => name)).toEqual(['two'])
    second.setLimits({ maxPeers: 3 })
    expect(second.limits.maxPeers).toBe(3)
    expect(first.limits.maxPeers).toBe(200)
  })
})

describe('a description', () => {
  it('is the boot tree: bindings and taps of every plugin, core, and the owner', async () => {
    const session = await bench().start([
      binds('web', TrackerClient, { schemes: ['http', 'https'], announce: () => Promise.reject(new Error('no')) }),
      plugin('filter', {
        apply: (host) => {
          host.hooks.acceptPeer.tap(() => undefined)
          host.hooks.acceptPeer.tap(() => undefined)
          host.hooks.completed.tap(() => {})
        },
      }),
    ])
    session.hooks.pieceVerified.tap(() => {})
    const text = formatDescription(session.describe()).replaceAll(/[\d.]+ ms/g, '_ ms')
    expect(text.split('\n')).toEqual([
      'machine (contract 1, _ ms)',
      '├─ binds Clock',
      '├─ binds Random',
      '├─ binds Hasher',
      '└─ binds Logger',
      'web (contract 1, _ ms)',
      '└─ binds TrackerClient http https',
      'filter (contract 1, _ ms)',
      '├─ taps acceptPeer × 2',
      '└─ taps completed',
      'core (contract 1, _ ms)',
      '├─ binds Memory',
      '├─ binds ResumeStore',
      '└─ binds Choker tit-for-tat (Cohen, “Incentives build robustness in BitTorrent”, 2003; BEP 3)',
      'session (contract 1, _ ms)',
      '└─ taps pieceVerified',
    ])
  })

  it('tells how long each apply took', async () => {
    const { clock, start } = bench()
    const slow = plugin('slow', { apply: () => new Promise<void>((resolve) => void clock.after(250, resolve)) })
    const starting = start([slow])
    await clock.advance(250)
    const [, described] = (await starting).describe().plugins
    expect(described).toMatchObject({ name: 'slow', applyMs: 250 })
  })
})

it('limits change while it runs, all or none', async () => {
  const { story, start } = bench()
  const session = await start([])
  session.setLimits({ upBytesPerSecond: 1_000, maxPeers: 9 })
  expect(session.limits).toMatchObject({ upBytesPerSecond: 1_000, maxPeers: 9, halfOpen: 50 })
  expect(story.at(-1)).toBe('limits')
  expect(() => session.setLimits({ maxPeers: 10, halfOpen: 1.5 })).toThrow('the limit halfOpen')
  expect(session.limits.maxPeers).toBe(9)
})
