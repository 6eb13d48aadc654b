import { describe, expect, it } from 'vitest'
import { Bits } from '../src/bytes/bits.js'
import { PluginError } from '../src/bytes/errors.js'
import { hookTable } from '../src/hooks/hook-table.js'
import { createHooks } from '../src/hooks/registry.js'
import { createSlots, untap } from '../src/hooks/slots.js'
import type { TapHooks } from '../src/hooks/hooks.js'
import type { Logger } from '../src/ports/logger.js'
import type { Picks } from '../src/ports/piece-picker.js'
import type { AnnounceRequest } from '../src/ports/tracker-client.js'
import type { PeerView, ReadyTorrent } from '../src/ports/views.js'
import type { ChokeRound, Unchoke } from '../src/ports/choker.js'
import { settleMicrotasks, VirtualClock } from './support/virtual-clock.js'

const torrent = { id: 't1' } as ReadyTorrent
const peer = { key: 7 } as PeerView
const picks = { left: 3 } as Picks
const round = { slots: 2 } as ChokeRound
const bytes = new Uint8Array(4)
const unchokes: readonly Unchoke[] = [{ peer, reason: 'fast' }]
const candidate = { stage: 'dial', endpoint: { kind: 'ip', host: '10.0.0.1', port: 1 }, source: 'tracker' } as const
const request: AnnounceRequest = {
  url: 'http://tracker.example/announce',
  event: undefined,
  port: 6881,
  numWant: 50,
  uploaded: 1,
  downloaded: 2,
  left: 3,
  params: {},
  headers: {},
}

function setUp(log: Partial<Logger> = {}) {
  const clock = new VirtualClock()
  const lines: string[] = []
  const quiet = (): void => {}
  const error = (message: string): void => void lines.push(message)
  const registry = createHooks({ clock, log: { debug: quiet, info: quiet, warn: quiet, error, ...log } })
  const failures: Error[] = []
  registry.open('watcher').hooks.pluginFailed.tap((failure) => void failures.push(failure))
  const hooksOf = (plugin: string): TapHooks => registry.open(plugin).hooks
  return { clock, lines, failures, registry, runner: registry.runner, hooksOf }
}

/** What a plugin written without types may do: answer anything. */
const answering = (answer: unknown) => () => answer as never
const throwing = (): never => {
  throw new Error('oops')
}

describe('an untapped hook', () => {
  it('changes nothing', async () => {
    const { runner } = setUp()
    const shown = new Bits(3)
    expect(runner.pickPiece(peer, picks, torrent)).toBe(false)
    expect(runner.storeBlock(0, 0, bytes, peer, torrent)).toBeUndefined()
    expect(runner.chokeDecision(unchokes, round, torrent)).toBe(unchokes)
    expect(runner.acceptPeer(candidate, torrent)).toBeUndefined()
    expect(runner.showHaves(shown, peer, torrent)).toBe(shown)
    expect(await runner.announce(request, torrent)).toBe(request)
  })

  it.each(['pickPiece', 'storeBlock', 'chokeDecision', 'showHaves', 'peerHas'] as const)('%s is told apart', (name) => {
    const { runner, registry } = setUp()
    const taps = registry.open('some')
    expect(runner[`${name}Tapped`]).toBe(false)
    taps.hooks[name].tap(() => undefined)
    expect(runner[`${name}Tapped`]).toBe(true)
    taps.remove()
    expect(runner[`${name}Tapped`]).toBe(false)
  })
})

describe('taps', () => {
  it('run early, normal, late, and in order of tapping within a stage', () => {
    const { runner, hooksOf } = setUp()
    const order: string[] = []
    const tap = (plugin: string, stage: 'early' | 'normal' | 'late') =>
      hooksOf(plugin).torrentAdded.tap(() => void order.push(plugin), { stage })
    tap('l1', 'late')
    tap('n1', 'normal')
    tap('e1', 'early')
    tap('n2', 'normal')
    tap('e2', 'early')
    runner.torrentAdded(torrent)
    expect(order).toEqual(['e1', 'e2', 'n1', 'n2', 'l1'])
  })

  it('bail at the first that answers', () => {
    const { runner, hooksOf } = setUp()
    const order: string[] = []
    hooksOf('one').pickPiece.tap(() => void order.push('one') as undefined)
    hooksOf('two').pickPiece.tap(() => (order.push('two') > 0 ? true : undefined))
    hooksOf('three').pickPiece.tap(() => void order.push('three') as undefined)
    expect(runner.pickPiece(peer, picks, torrent)).toBe(true)
    expect(order).toEqual(['one', 'two'])
  })

  it('hand a changed value on, and undefined leaves it', async () => {
    const { runner, hooksOf } = setUp()
    hooksOf('a').announce.tap((before) => ({ ...before, numWant: 10 }))
    hooksOf('b').announce.tapPromise(async () => undefined)
    hooksOf('c').announce.tapPromise(async (before) => ({ ...before, port: before.numWant + 1 }))
    expect(await runner.announce(request, torrent)).toEqual({ ...request, numWant: 10, port: 11 })
  })

  it('tell who rejected a block', () => {
    const { runner, hooksOf } = setUp()
    hooksOf('keeper').storeBlock.tap(() => undefined)
    hooksOf('picky').storeBlock.tap(({ piece }) => (piece === 2 ? false : undefined))
    expect(runner.storeBlock(1, 0, bytes, peer, torrent)).toBeUndefined()
    expect(runner.storeBlock(2, 0, bytes, peer, torrent)).toBe('picky')
  })

  it('get every argument by position', () => {
    const { runner, hooksOf } = setUp()
    const seen: unknown[] = []
    hooksOf('a').pieceRejected.tap((...args) => void seen.push(...args))
    runner.pieceRejected(4, [peer], torrent)
    expect(seen).toEqual([4, [peer], torrent])
  })
})

describe('a tap that fails', () => {
  const cases: readonly [
    string,
    (hooks: TapHooks, tap: () => never) => void,
    (parts: ReturnType<typeof setUp>) => unknown,
    unknown,
  ][] = [
    [
      'pickPiece',
      (hooks, tap) => hooks.pickPiece.tap(tap),
      ({ runner }) => runner.pickPiece(peer, picks, torrent),
      false,
    ],
    [
      'storeBlock',
      (hooks, tap) => hooks.storeBlock.tap(tap),
      ({ runner }) => runner.storeBlock(0, 0, bytes, peer, torrent),
      undefined,
    ],
    [
      'chokeDecision',
      (hooks, tap) => hooks.chokeDecision.tap(tap),
      ({ runner }) => runner.chokeDecision(unchokes, round, torrent),
      unchokes,
    ],
    [
      'showHaves',
      (hooks, tap) => hooks.showHaves.tap(tap),
      ({ runner }) => runner.showHaves(new Bits(3), peer, torrent).count,
      0,
    ],
    [
      'acceptPeer',
      (hooks, tap) => hooks.acceptPeer.tap(tap),
      ({ runner }) => runner.acceptPeer(candidate, torrent),
      { refuse: 'the plugin bad failed in acceptPeer' },
    ],
  ]

  it.each(cases)('by a throw in %s is named, and the answer is the safe one', (hook, tapWith, call, safe) => {
    const parts = setUp()
    tapWith(parts.hooksOf('bad'), throwing)
    expect(call(parts)).toEqual(safe)
    expect(parts.failures).toMatchObject([{ code: 'PLUGIN_FAILED', plugin: 'bad', hook }])
    expect(parts.failures[0]?.message).toBe(`the plugin bad failed in ${hook}: oops`)
    expect(parts.failures[0]).toBeInstanceOf(PluginError)
    expect(parts.lines).toHaveLength(1)
  })

  it.each(cases)('by a wrong answer in %s is named itself, not the tap after it', (hook, tapWith, call) => {
    for (const wrong of [null, 'yes', 17, [17], { refuse: 1 }, Promise.reject(new Error('late'))]) {
      const parts = setUp()
      tapWith(parts.hooksOf('bad'), answering(wrong))
      tapWith(parts.hooksOf('after'), answering(undefined))
      call(parts)
      expect(parts.failures).toMatchObject([{ plugin: 'bad', hook }])
    }
  })

  it('does not keep watching taps behind it from running', () => {
    const { runner, hooksOf, failures } = setUp()
    const seen: string[] = []
    hooksOf('bad').completed.tap(throwing)
    hooksOf('good').completed.tap(({ id }) => void seen.push(id))
    runner.completed(torrent)
    expect(seen).toEqual(['t1'])
    expect(failures).toMatchObject([{ plugin: 'bad', hook: 'completed' }])
  })

  it('may be an async function: its rejection is reported', async () => {
    const { runner, hooksOf, failures } = setUp()
    hooksOf('bad').torrentAdded.tap(async () => throwing())
    runner.torrentAdded(torrent)
    await settleMicrotasks()
    expect(failures).toMatchObject([{ plugin: 'bad', hook: 'torrentAdded' }])
  })

  it('in pluginFailed is logged only', () => {
    const { runner, hooksOf, failures, lines } = setUp()
    hooksOf('worse').pluginFailed.tap(throwing)
    hooksOf('bad').completed.tap(throwing)
    runner.completed(torrent)
    expect(failures).toHaveLength(1)
    expect(lines).toEqual(['the plugin bad failed in completed: oops', 'the plugin worse failed in pluginFailed: oops'])
  })

  it('is isolated even if the logger throws', () => {
    const { runner, hooksOf, failures } = setUp({ error: throwing })
    hooksOf('bad').completed.tap(throwing)
    runner.completed(torrent)
    expect(failures).toHaveLength(1)
  })
})

describe('the breaker', () => {
  it('switches a tap off after five failures in a row', () => {
    const { runner, hooksOf, failures } = setUp()
    let calls = 0
    hooksOf('bad').pickPiece.tap(() => {
      calls++
      throw new Error('oops')
    })
    for (let turn = 0; turn < 10_000; turn++) runner.pickPiece(peer, picks, torrent)
    expect(calls).toBe(5)
    expect(failures).toHaveLength(5)
    expect(failures.at(-1)?.message).toContain('switched off')
    expect(runner.pickPieceTapped).toBe(false)
  })

  it('counts failures in a row only', () => {
    const { runner, hooksOf, failures } = setUp()
    let calls = 0
    hooksOf('flaky').peerHas.tap(() => {
      if (++calls % 5 !== 0) throw new Error('oops')
    })
    for (let turn = 0; turn < 100; turn++) runner.peerHas(peer, 1, torrent)
    expect(calls).toBe(100)
    expect(failures).toHaveLength(80)
  })

  it('counts rejections of async watching taps too', async () => {
    const { runner, hooksOf, failures } = setUp()
    hooksOf('bad').torrentAdded.tap(async () => throwing())
    for (let turn = 0; turn < 8; turn++) {
      runner.torrentAdded(torrent)
      await settleMicrotasks()
    }
    expect(failures).toHaveLength(5)
  })

  it('never opens acceptPeer: it goes on refusing, and reports five times', () => {
    const { runner, hooksOf, failures } = setUp()
    hooksOf('filter').acceptPeer.tap(throwing)
    for (let turn = 0; turn < 50; turn++) expect(runner.acceptPeer(candidate, undefined)?.refuse).toContain('filter')
    expect(failures).toHaveLength(5)
  })
})

describe('announce', () => {
  it.each([
    ['regular', undefined, 5_000],
    ['stopped', 'stopped', 2_000],
  ] as const)('%s goes out by its deadline with the last good request', async (_name, event, limitMs) => {
    const { clock, runner, hooksOf, failures } = setUp()
    hooksOf('good').announce.tap((before) => ({ ...before, numWant: 9 }))
    hooksOf('stuck').announce.tapPromise(() => new Promise(() => {}))
    hooksOf('after').announce.tap((before) => ({ ...before, numWant: 99 }))
    let answer: AnnounceRequest | undefined
    void runner.announce({ ...request, event }, torrent).then((sent) => (answer = sent))
    await clock.advance(limitMs - 1)
    expect(answer).toBeUndefined()
    await clock.advance(1)
    expect(answer).toEqual({ ...request, event, numWant: 9 })
    expect(failures).toMatchObject([{ plugin: 'stuck', hook: 'announce' }])
    expect(failures[0]?.message).toContain(`within ${limitMs / 1_000} s`)
  })

  it('takes no answer after the deadline, and reports it once', async () => {
    const { clock, runner, hooksOf, failures } = setUp()
    let answerLate = (_error: Error): void => {}
    hooksOf('slow').announce.tapPromise(() => new Promise((_resolve, reject) => (answerLate = reject)))
    const sent = runner.announce(request, torrent)
    await clock.advance(5_000)
    answerLate(new Error('too late'))
    await settleMicrotasks()
    expect(await sent).toEqual(request)
    expect(failures).toHaveLength(1)
  })

  it('leaves no timer behind when the taps are done', async () => {
    const { clock, runner, hooksOf } = setUp()
    hooksOf('quick').announce.tap((before) => ({ ...before, skip: 'not now' }))
    expect((await runner.announce(request, torrent)).skip).toBe('not now')
    expect(clock.pending).toBe(0)
  })

  it.each([
    ['a string', 'url'],
    ['a port out of range', { ...request, port: 70_000 }],
    ['a header that is no text', { ...request, headers: { a: 1 } }],
    ['no url', { ...request, url: undefined }],
  ])('%s leaves the request as it was', async (_name, wrong) => {
    const { runner, hooksOf, failures } = setUp()
    hooksOf('bad').announce.tap(answering(wrong))
    expect(await runner.announce(request, torrent)).toEqual(request)
    expect(failures).toMatchObject([{ plugin: 'bad', hook: 'announce' }])
  })

  it('a rejection leaves the request as it was', async () => {
    const { runner, hooksOf, failures } = setUp()
    hooksOf('bad').announce.tapPromise(async () => throwing())
    expect(await runner.announce(request, torrent)).toEqual(request)
    expect(failures).toMatchObject([{ plugin: 'bad', hook: 'announce' }])
  })

  it('cannot be spoilt by changing the request in place', async () => {
    const { runner, hooksOf, failures } = setUp()
    hooksOf('bad').announce.tap((before) => {
      Object.assign(before, { port: 1 })
      return undefined
    })
    expect((await runner.announce(request, torrent)).port).toBe(6881)
    expect(failures).toHaveLength(1)
  })
})

describe('the time of taps', () => {
  it('is told for each call, also of one that throws, until the listener ends it', () => {
    const { runner, registry, hooksOf } = setUp()
    const told: string[] = []
    let nowMs = 0
    const listen = (name: string) =>
      registry.open('listener').time({
        now: () => nowMs,
        took: (plugin, hook, ms) => void told.push(`${name}: ${plugin} ${hook} ${ms}`),
      })
    hooksOf('slow').torrentAdded.tap(() => void (nowMs += 5))
    hooksOf('wrong').pickPiece.tap(() => {
      nowMs += 2
      throw new Error('oops')
    })
    runner.torrentAdded(torrent)
    const endFirst = listen('first')
    runner.torrentAdded(torrent)
    runner.pickPiece(peer, picks, torrent)
    const endSecond = listen('second')
    endFirst()
    runner.torrentAdded(torrent)
    endSecond()
    runner.torrentAdded(torrent)
    expect(told).toEqual([
      'first: slow torrentAdded 5',
      'first: watcher pluginFailed 0',
      'first: wrong pickPiece 2',
      'second: slow torrentAdded 5',
    ])
  })
})

describe('removal of taps', () => {
  it('takes out one plugin and leaves the others', () => {
    const { runner, registry, hooksOf } = setUp()
    const seen: string[] = []
    const going = registry.open('going')
    going.hooks.torrentAdded.tap(() => void seen.push('going'))
    hooksOf('staying').torrentAdded.tap(() => void seen.push('staying'))
    runner.torrentAdded(torrent)
    expect(going.counts()).toEqual({ torrentAdded: 1 })
    going.remove()
    runner.torrentAdded(torrent)
    expect(seen).toEqual(['going', 'staying', 'staying'])
    expect(going.counts()).toEqual({})
  })

  it('holds for the call in flight', () => {
    const { runner, registry, hooksOf } = setUp()
    const seen: string[] = []
    const going = registry.open('going')
    hooksOf('first').torrentAdded.tap(() => going.remove())
    going.hooks.torrentAdded.tap(() => void seen.push('going'))
    runner.torrentAdded(torrent)
    expect(seen).toEqual([])
  })

  it('holds for the call in flight of a deciding hook too', () => {
    const { runner, registry, hooksOf } = setUp()
    const going = registry.open('going')
    hooksOf('first').acceptPeer.tap(() => {
      going.remove()
      return undefined
    })
    going.hooks.acceptPeer.tap(() => ({ refuse: 'gone' }))
    expect(runner.acceptPeer(candidate, torrent)).toBeUndefined()
  })

  it('has the hook compiled without the tap, which is then free', () => {
    const { completed } = createSlots().watching
    const owner = {}
    let calls = 0
    completed.tap(Object.assign({ name: 'going' }, { owner }), () => void calls++)
    completed.call(torrent)
    untap(completed, owner)
    completed.call(torrent)
    expect(calls).toBe(1)
  })

  it('ends tapping too', () => {
    const { registry } = setUp()
    const gone = registry.open('gone')
    gone.remove()
    expect(() => gone.hooks.completed.tap(() => {})).toThrow('the plugin gone is removed')
  })

  it('drops the answer of an announce tap that is still at work', async () => {
    const { runner, registry } = setUp()
    const going = registry.open('going')
    let finish = (_request: AnnounceRequest): void => {}
    going.hooks.announce.tapPromise(() => new Promise((resolve) => (finish = resolve)))
    const sent = runner.announce(request, torrent)
    await settleMicrotasks()
    going.remove()
    finish({ ...request, port: 1 })
    expect((await sent).port).toBe(6881)
  })
})

it('the hook table has a row for every hook that can be tapped', () => {
  const { hooksOf } = setUp()
  expect(Object.keys(hookTable).toSorted()).toEqual(Object.keys(hooksOf('any')).toSorted())
})
