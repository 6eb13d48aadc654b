import { describe, expect, it } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { Choker } from '../src/ports/choker.js'
import { Clock } from '../src/ports/clock.js'
import { Datagram } from '../src/ports/datagram.js'
import { Logger } from '../src/ports/logger.js'
import { Memory } from '../src/ports/memory.js'
import { PiecePicker } from '../src/ports/piece-picker.js'
import { Resolver } from '../src/ports/resolver.js'
import { ResumeStore } from '../src/ports/resume-store.js'
import { type Token, token } from '../src/ports/token.js'
import { type Plugin, type PluginHost, pluginContract } from '../src/session/plugin.js'
import { composeSession } from '../src/session/session.js'
import { version } from '../src/session/version.js'
import { bench, plugin } from './support/fake-engine.js'

const Greeter = token<{ greet(): string }>('Greeter')

const picker = (name: string): PiecePicker => ({ name, create: () => ({ pick: () => {} }) })
const binds = <T>(name: string, port: Token<T>, ...values: readonly T[]): Plugin =>
  plugin(name, { bind: (bindings) => values.forEach((value) => bindings.value(port, value)) })

describe('what a session refuses', () => {
  const cases: readonly [string, () => readonly unknown[], object][] = [
    ['two plugins of one name', () => [plugin('twin'), plugin('twin')], { code: 'PLUGIN_DUPLICATE', plugin: 'twin' }],
    ["core's own name", () => [plugin('core')], { code: 'PLUGIN_DUPLICATE' }],
    [
      'a newer contract',
      () => [{ name: 'new', contract: pluginContract + 1 }],
      { code: 'PLUGIN_CONTRACT', plugin: 'new' },
    ],
    [
      'a contract long gone',
      () => [{ name: 'old', contract: pluginContract - 2 }],
      { code: 'PLUGIN_CONTRACT', plugin: 'old' },
    ],
    ['a factory that was not called', () => [Object.assign(() => plugin('made'), {})], { code: 'PLUGIN_INVALID' }],
    ['a plugin without a name', () => [{ contract: pluginContract }], { code: 'PLUGIN_INVALID' }],
    ['undefined', () => [undefined], { code: 'PLUGIN_INVALID' }],
    [
      'a single port bound by two',
      () => [binds('one', Memory, {} as Memory), binds('two', Memory, {} as Memory)],
      { code: 'PLUGIN_DUPLICATE', message: 'the plugins one and two both bind Memory, of which there can be one' },
    ],
    [
      'a single port bound twice by one',
      () => [binds('one', Memory, {} as Memory, {} as Memory)],
      { code: 'PLUGIN_DUPLICATE', message: 'the plugin one binds Memory twice, of which there can be one' },
    ],
    [
      'a port bound to nothing',
      () => [plugin('hollow', { bind: (bindings) => bindings.factory(Greeter, [], () => undefined as never) })],
      { code: 'PLUGIN_INVALID', plugin: 'hollow' },
    ],
    [
      'strategies injected into a factory',
      () => [plugin('keeper', { bind: (bindings) => bindings.factory(Greeter, [PiecePicker], () => ({}) as never) })],
      { code: 'PLUGIN_INVALID', plugin: 'keeper', hook: 'bind' },
    ],
    [
      'a bind that throws',
      () => [plugin('bad', { bind: () => void JSON.parse('{') })],
      { code: 'PLUGIN_FAILED', plugin: 'bad', hook: 'bind' },
    ],
    [
      'a factory that throws, and names whose it is',
      () => [
        plugin('user', {
          bind: (bindings) => bindings.factory(token('Hello'), [Greeter], (greeter) => greeter.greet()),
        }),
        plugin('broken', {
          bind: (bindings) =>
            bindings.factory(Greeter, [], () => {
              throw new Error('no voice')
            }),
        }),
      ],
      { code: 'PLUGIN_FAILED', plugin: 'broken', message: 'the plugin broken could not make its Greeter: no voice' },
    ],
    [
      'an apply that throws',
      () => [plugin('bad', { apply: () => Promise.reject(new Error('no luck')) })],
      { code: 'PLUGIN_FAILED', plugin: 'bad', hook: 'apply', message: 'the plugin bad failed in apply: no luck' },
    ],
  ]

  it.each(cases)('%s', async (_name, plugins, error) => {
    await expect(bench().start(plugins() as Plugin[])).rejects.toMatchObject(error)
  })

  it('everything that is missing, in one error', async () => {
    const plugins = [
      plugin('a', { requires: [Datagram, Clock] }),
      plugin('b', { requires: [Resolver, Memory] }),
      plugin('c', { bind: (bindings) => bindings.factory(PiecePicker, [Greeter], () => picker('x')) }),
    ]
    await expect(bench().start(plugins)).rejects.toMatchObject({
      code: 'PLUGIN_MISSING',
      plugin: 'a',
      message: 'nothing binds Datagram (required by a), Resolver (required by b), Greeter (required by c)',
    })
  })

  it('to start without a machine, and says what brings one', async () => {
    const { makeEngine } = bench()
    await expect(composeSession({ plugins: [] }, makeEngine)).rejects.toMatchObject({
      code: 'PLUGIN_MISSING',
      message: expect.stringContaining('nodePorts()'),
    })
  })

  it.each([
    [{ peerId: new Uint8Array(19) }, 'a peer id has 20 bytes, not 19'],
    [{ limits: { maxPeers: 0 } }, 'the limit maxPeers must be a whole number above 0, not 0'],
    [{ limits: { upBytesPerSecond: -1 } }, 'the limit upBytesPerSecond must be a number above 0, not -1'],
    [{ limits: { maxPears: 3 } as object }, 'there is no limit maxPears'],
  ])('%o', async (options, message) => {
    await expect(bench().start([], options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message })
  })
})

describe('boot', () => {
  it('binds all, fills holes, makes services, applies in order, awaited, then starts', async () => {
    const { story, start } = bench()
    const told = (name: string): Plugin =>
      plugin(name, {
        bind: () => void story.push(`bind ${name}`),
        apply: async () => {
          story.push(`apply ${name}`)
          await Promise.resolve()
          story.push(`applied ${name}`)
        },
      })
    const service = plugin('service', {
      bind: (bindings) =>
        bindings.factory(Greeter, [], () => {
          story.push('made')
          return { greet: () => 'hello' }
        }),
      apply: () => void story.push('apply service'),
    })
    await start([told('one'), service, told('two')])
    expect(story).toEqual([
      'bind one',
      'bind two',
      'made',
      'apply one',
      'applied one',
      'apply service',
      'apply two',
      'applied two',
      'engine starts',
    ])
  })

  it('makes each service once, after all are bound, from the services it needs', async () => {
    let made = 0
    let host: PluginHost | undefined
    const early = plugin('early', {
      bind: (bindings) =>
        bindings.factory(token<string>('Loud'), [Greeter, Clock], (greeter, clock) => {
          made++
          return `${greeter.greet().toUpperCase()} ${clock.nowMs()}`
        }),
      apply: (given) => void (host = given),
    })
    await bench().start([early, binds('late', Greeter, { greet: () => 'hello' })])
    expect(host?.get(token<string>('Loud'))).toBe('HELLO 1000')
    expect(host?.get(token<string>('Loud'))).toBe('HELLO 1000')
    expect(made).toBe(1)
  })

  it("lists many-bindings in order, and core's choker last", async () => {
    let host: PluginHost | undefined
    const choker: Choker = { name: 'mine', create: () => () => [] }
    const session = await bench().start([
      binds('first', PiecePicker, picker('a'), picker('b')),
      plugin('second', {
        bind: (bindings) => {
          bindings.value(PiecePicker, picker('c'))
          bindings.value(Choker, choker)
        },
        apply: (given) => void (host = given),
      }),
    ])
    await session.use(binds('third', PiecePicker, picker('d')))
    await session.use(binds('fourth', Choker, { ...choker, name: 'other' }))
    expect(host?.all(PiecePicker).map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd'])
    expect(host?.all(Choker).map(({ name }) => name)).toEqual(['mine', 'other', 'tit-for-tat'])
  })

  it('never makes a strategy the default that is for those who name it', async () => {
    const { made, start } = bench()
    const choker: Choker = { name: 'shy', onlyByName: true, create: () => () => [] }
    await start([binds('p', Choker, choker), binds('q', PiecePicker, { ...picker('a'), onlyByName: true })])
    const services = made[0]?.services
    expect(services?.named(Choker)?.name).toBe('tit-for-tat')
    expect(services?.named(Choker, 'shy')).toBe(choker)
    expect(services?.named(PiecePicker)).toBeUndefined()
  })

  it('fills the holes that plugins leave, and no others', async () => {
    const memory: Memory = { take: (lengthBytes) => new Uint8Array(lengthBytes), give: () => {} }
    let host: PluginHost | undefined
    await bench().start([binds('mem', Memory, memory), plugin('look', { apply: (given) => void (host = given) })])
    expect(host?.get(Memory)).toBe(memory)
    expect(await host?.get(ResumeStore).keys()).toEqual([])
    expect(() => host?.get(Resolver)).toThrow('nothing binds Resolver')
  })

  it('gives the engine its parts: looked up at use, limits with defaults, a peer id of our own', async () => {
    const { made, start } = bench()
    const session = await start([binds('p', PiecePicker, picker('a'))], { limits: { maxPeers: 7 }, listen: false })
    const [parts] = made
    expect(parts?.limits).toMatchObject({ maxPeers: 7, maxPeersPerTorrent: 50, unwrittenBytes: 32 * 2 ** 20 })
    expect(parts?.listen).toBe(false)
    expect(parts?.clientName).toBe(`Bitloom ${version}`)
    expect(new TextDecoder('latin1').decode(session.peerId.subarray(0, 8))).toBe('-BL0100-')
    expect(session.peerId).toHaveLength(20)
    expect(parts?.services.named(PiecePicker)?.name).toBe('a')
    expect(parts?.services.named(PiecePicker, 'zzz')).toBeUndefined()
    await session.remove('p')
    expect(parts?.services.named(PiecePicker)).toBeUndefined()
  })

  it('undoes what was applied, in reverse, when a plugin fails', async () => {
    const { story, start } = bench()
    const undone = (name: string): Plugin =>
      plugin(name, { apply: (host) => host.defer(() => void story.push(`undo ${name}`)) })
    const half = plugin('half', {
      apply: (host) => {
        host.defer(() => void story.push('undo half'))
        throw new Error('half way')
      },
    })
    await expect(start([undone('one'), undone('two'), half, undone('never')])).rejects.toMatchObject({ plugin: 'half' })
    expect(story).toEqual(['engine closes', 'undo half', 'undo two', 'undo one'])
  })

  it('undoes everything when the port is taken, and logs what would not be undone', async () => {
    const { story, faults, lines, start } = bench()
    faults.start = new Error('taken')
    const stubborn = plugin('stubborn', {
      apply: (host) =>
        host.defer(() => {
          story.push('undo')
          throw new Error('cannot')
        }),
    })
    await expect(start([stubborn])).rejects.toThrow('taken')
    expect(story).toEqual(['engine starts', 'engine closes', 'undo'])
    expect(lines.map(({ message }) => message)).toContain('a failed start could not be undone')
  })

  it('names a plugin that does not finish apply within 30 s, and undoes what it brings later', async () => {
    const { clock, story, start } = bench()
    let wake = (): void => {}
    let signal: AbortSignal | undefined
    const slow = plugin('slow', {
      apply: async (host) => {
        signal = host.signal
        await new Promise<void>((resolve) => (wake = resolve))
        host.defer(() => void story.push('undo of the late'))
      },
    })
    const starting = start([slow]).catch((error: unknown) => error)
    await clock.advance(30_000)
    expect(await starting).toMatchObject({
      plugin: 'slow',
      hook: 'apply',
      message: 'the plugin slow failed in apply: it took longer than 30 s',
    })
    expect(signal?.aborted).toBe(true)
    wake()
    await clock.advance(0)
    expect(story).toContain('undo of the late')
    expect(clock.pending).toBe(0)
  })

  it('puts the name of the plugin in every line it logs', async () => {
    const { lines, start } = bench()
    await start([plugin('chatty', { apply: (host) => host.log.info('hello', { count: 1 }) })])
    expect(lines).toEqual([{ message: 'hello', fields: { plugin: 'chatty', count: 1 } }])
  })

  it('is silent where nobody binds a Logger', async () => {
    const { machine, makeEngine, lines } = bench()
    const mute: Plugin = {
      ...machine,
      bind: (bindings) =>
        machine.bind?.({
          ...bindings,
          value: (port, value) => port !== (Logger as unknown) && bindings.value(port, value),
        }),
    }
    const chatty = plugin('chatty', { apply: (host) => host.log.error('hello') })
    await composeSession({ plugins: [mute, chatty] }, makeEngine)
    expect(lines).toEqual([])
  })
})

it('the version is the one of the package', () => {
  expect(version).toBe(manifest.version)
})
