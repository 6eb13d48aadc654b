import { describe, expect, it } from 'vitest'
import { Tracer } from '../src/driver/tracer.js'
import { TorrentTracer } from '../src/driver/torrent-tracer.js'
import { TrackerClient } from '../src/ports/tracker-client.js'
import type { TraceEvent, TraceRecord } from '../src/ports/trace.js'
import { type Plugin, pluginContract, type PluginHost } from '../src/session/plugin.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const piece = 32_768

function plugin(name: string, apply: (host: PluginHost) => void, bind?: Plugin['bind']): Plugin {
  return { name, contract: pluginContract, apply, ...(bind === undefined ? {} : { bind }) }
}

type Of<E extends TraceEvent> = Extract<TraceRecord, { readonly event: E }>

function only<E extends TraceEvent>(records: readonly TraceRecord[], event: E): Of<E>[] {
  return records.filter((record): record is Of<E> => record.event === event)
}

/** A seed at 10.0.0.1 and a download from it at 10.0.0.2, both traced. */
async function traced(options: { seeder?: Plugin[]; leecher?: Plugin[]; pieces?: number; trackers?: string[] } = {}) {
  const world = new World()
  const { pieces = 6, trackers } = options
  const { metainfo, data } = makeTorrent({
    lengthBytes: pieces * piece,
    pieceBytes: piece,
    ...(trackers === undefined ? {} : { trackers }),
  })
  const seeder = await world.session('10.0.0.1', new TestStorage(0, data), options.seeder)
  const seed = await seeder.add({ torrent: metainfo, directory: '/' })
  await seed.ready
  const leecher = await world.session('10.0.0.2', new TestStorage(data.length), options.leecher)
  const records: TraceRecord[] = []
  const served: TraceRecord[] = []
  const stop = leecher.trace((record) => void records.push(record))
  seeder.trace((record) => void served.push(record))
  const download = await leecher.add({ torrent: metainfo, directory: '/', peers: [world.endpoint('10.0.0.1')] })
  const whole = (): Promise<boolean> => world.clock.runUntil(() => download.view.state === 'seeding', 60_000)
  return { world, metainfo, data, seeder, seed, leecher, download, records, served, stop, whole }
}

describe('a trace', () => {
  it('tells of a download from its beginning to its end, as JSON without loss, the event first', async () => {
    const { records, whole, download } = await traced()
    await whole()
    expect(records[0]).toEqual({
      event: 'torrent',
      atMs: expect.any(Number),
      torrent: download.view.id,
      name: 'data',
      infoHash: expect.stringMatching(/^[0-9a-f]{40}$/),
      pieceCount: 6,
      pieceLengthBytes: piece,
      state: 'loading',
    })
    expect(only(records, 'state').map(({ state }) => state)).toEqual(['checking', 'downloading', 'seeding'])
    expect(only(records, 'join')).toMatchObject([{ address: '10.0.0.1:6881', outgoing: true }])
    expect(only(records, 'piece-verified').map((record) => record.piece)).toEqual([0, 1, 2, 3, 4, 5])
    for (const record of records) {
      expect(JSON.parse(JSON.stringify(record))).toEqual(record)
      expect(Object.keys(record)[0]).toBe('event')
    }
    const times = records.map(({ atMs }) => atMs)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })

  it('says why a piece: who chose, what it said, how many have it; every asked block once', async () => {
    const last = plugin('last-first', (host) =>
      host.hooks.pickPiece.tap((_peer, picks) => {
        picks.take(5, 'the last first', 1)
        return undefined
      }),
    )
    const { records, whole } = await traced({ leecher: [last] })
    await whole()
    const picks = only(records, 'pick')
    expect(picks[0]).toMatchObject({
      piece: 5,
      blocks: 1,
      firstBlock: 0,
      by: 'tap',
      name: 'last-first',
      reason: 'the last first',
      availability: 1,
      priority: 4,
      busy: false,
      address: '10.0.0.1:6881',
    })
    expect(picks.find(({ by, piece }) => by === 'picker' && piece === 0)).toMatchObject({
      blocks: 2,
      name: 'sequential',
      reason: 'next',
    })
    expect(picks.find(({ by, piece }) => by === 'picker' && piece === 5)).toMatchObject({ reason: 'begun piece' })
    const asked = picks.filter(({ busy }) => !busy).reduce((sum, { blocks }) => sum + blocks, 0)
    expect(asked).toBe(12)
  })

  it('says what was asked twice in endgame', async () => {
    const { world, records, whole, metainfo, data, download } = await traced({ pieces: 12 })
    const other = await world.session('10.0.0.3', new TestStorage(0, data))
    await (
      await other.add({ torrent: metainfo, directory: '/' })
    ).ready
    download.control.addPeers([world.endpoint('10.0.0.3')], 'user')
    await whole()
    const [endgame] = only(records, 'pick').filter(({ by }) => by === 'endgame')
    expect(endgame).toMatchObject({ busy: true, reason: 'last blocks', availability: 2 })
    expect(endgame).not.toHaveProperty('name')
  })

  it('says why a peer was unchoked, why another was not, and whose tap had a hand in it', async () => {
    const vip = plugin('vip', (host) =>
      host.hooks.chokeDecision.tap((list) => list.toSorted((a, b) => b.peer.key - a.peer.key)),
    )
    const { world, served, seeder, metainfo, data } = await traced({ seeder: [vip], pieces: 200 })
    seeder.setLimits({ uploadSlots: 1, upBytesPerSecond: 100_000 })
    const third = await world.session('10.0.0.3', new TestStorage(data.length))
    await third.add({ torrent: metainfo, directory: '/', peers: [world.endpoint('10.0.0.1')] })
    await world.clock.advance(25_000)
    const [given] = only(served, 'unchoke').filter(({ changed, rank }) => changed && rank === 1)
    expect(given).toMatchObject({
      reason: 'seeding: turn',
      slots: 1,
      seeding: true,
      choker: 'tit-for-tat',
      changedBy: ['vip'],
    })
    expect(only(served, 'choke').find(({ reason }) => reason === 'no slot left')).toMatchObject({
      rank: 2,
      slots: 1,
    })
  })

  it('says who was refused, at which stage, by which plugin or rule, and who was banned for it', async () => {
    const wall = plugin('wall', (host) =>
      host.hooks.acceptPeer.tap(({ stage, endpoint }) => {
        if (endpoint.kind !== 'ip') return undefined
        if (stage === 'known' && endpoint.host === '10.0.0.66') return { refuse: 'a bad neighbourhood', banMs: 1_000 }
        return stage === 'extended' ? { refuse: 'a client I do not like' } : undefined
      }),
    )
    const { world, records, download, leecher } = await traced({ leecher: [wall] })
    download.control.addPeers([world.endpoint('10.0.0.66')], 'tracker')
    await world.clock.advance(2_000)
    expect(only(records, 'refuse')).toMatchObject([
      { stage: 'known', address: '10.0.0.66:6881', source: 'tracker', plugin: 'wall', banMs: 1_000 },
      { stage: 'extended', address: '10.0.0.1:6881', plugin: 'wall', reason: 'a client I do not like' },
    ])
    expect(only(records, 'ban')).toMatchObject([{ host: '10.0.0.66', forMs: 1_000, reason: 'a bad neighbourhood' }])
    expect(only(records, 'leave')).toMatchObject([{ address: '10.0.0.1:6881', reason: 'a client I do not like' }])
    records.length = 0
    await leecher.remove('wall')
    download.control.ban('10.0.0.1', 600_000, 'out of temper')
    download.control.dial(world.endpoint('10.0.0.1'))
    expect(only(records, 'ban')).toMatchObject([{ host: '10.0.0.1', reason: 'out of temper' }])
    const [refusal] = only(records, 'refuse')
    expect(refusal).toMatchObject({ stage: 'dial', reason: 'the host is banned' })
    expect(refusal).not.toHaveProperty('plugin')
  })

  it('says which plugin threw a block away, and which vetoed an announce', async () => {
    const tracker = plugin(
      'tracker',
      () => {},
      (bindings) =>
        bindings.value(TrackerClient, { schemes: ['test'], announce: () => Promise.resolve({ peers: [] }) }),
    )
    const veto = plugin('veto', (host) => {
      host.hooks.announce.tap((request) => ({ ...request, skip: 'not that one' }))
      host.hooks.storeBlock.tap(({ piece, begin }) => (piece === 1 && begin === 0 ? false : undefined))
    })
    const later = plugin('later', (host) => host.hooks.announce.tap((request) => ({ ...request, port: 9 })))
    const { world, records } = await traced({
      leecher: [tracker, veto, later],
      trackers: ['test://host/announce?key=1'],
    })
    await world.clock.advance(10_000)
    expect(only(records, 'block-rejected')).toMatchObject([
      { piece: 1, begin: 0, plugin: 'veto', times: 1, address: '10.0.0.1:6881' },
    ])
    const [skipped] = only(records, 'announce-skipped')
    expect(skipped).toMatchObject({ announce: 'started', plugin: 'veto', reason: 'not that one' })
    expect(skipped?.url).not.toContain('key=1')
  })

  it('says whose blocks made a piece fail, and that its only contributor is banned', async () => {
    const world = new World()
    const { metainfo, data } = makeTorrent({ lengthBytes: 4 * piece, pieceBytes: piece })
    const bad = data.slice()
    bad.fill(7, 2 * piece, 2 * piece + 100)
    const liar = await world.session('10.0.0.1', new TestStorage(0, bad))
    await (
      await liar.add({ torrent: metainfo, directory: '/', check: 'skip' })
    ).ready
    const leecher = await world.session('10.0.0.2', new TestStorage(data.length))
    const records: TraceRecord[] = []
    leecher.trace((record) => void records.push(record))
    await leecher.add({ torrent: metainfo, directory: '/', peers: [world.endpoint('10.0.0.1')] })
    await world.clock.advance(5_000)
    expect(only(records, 'piece-rejected')).toMatchObject([
      { piece: 2, contributors: [{ peer: expect.any(Number), address: '10.0.0.1:6881' }] },
    ])
    expect(only(records, 'ban')).toMatchObject([{ host: '10.0.0.1', reason: 'sent corrupt data' }])
  })

  it('that begins late tells first what is there, to the new listener alone', async () => {
    const { world, leecher, records, seed } = await traced({ pieces: 60 })
    leecher.setLimits({ downBytesPerSecond: 100_000 })
    await world.clock.advance(1_000)
    const before = records.length
    const late: TraceRecord[] = []
    leecher.trace((record) => void late.push(record))
    expect(records).toHaveLength(before)
    expect(late).toMatchObject([
      { event: 'torrent', state: 'downloading', pieceCount: 60 },
      { event: 'join', address: '10.0.0.1:6881' },
    ])
    await seed.remove()
    await world.clock.advance(100)
    expect(late.at(-1)).toEqual(records.at(-1))
    expect(records.length).toBeGreaterThan(before)
  })

  it('ends when told, and a listener that throws hears of nothing more and harms nobody', async () => {
    const { world, leecher, records, whole, stop } = await traced()
    let calls = 0
    leecher.trace(() => {
      calls++
      throw new Error('full')
    })
    expect(calls).toBe(1)
    expect(world.faults).toHaveLength(1)
    stop()
    const before = records.length
    expect(await whole()).toBe(true)
    expect(records).toHaveLength(before)
    expect(calls).toBe(1)
  })

  it('changes nothing: the same run goes the same way with it and without', async () => {
    const run = async (on: boolean): Promise<unknown> => {
      const order: unknown[] = []
      const watch = plugin('watch', (host) =>
        host.hooks.pieceVerified.tap((index) => void order.push([index, world.clock.nowMs()])),
      )
      const { world, whole, stop } = await traced({ leecher: [watch], pieces: 30 })
      if (!on) stop()
      await whole()
      return [order, world.clock.nowMs()]
    }
    expect(await run(true)).toEqual(await run(false))
  })
})

describe('a trace that is off', () => {
  it('looks at nothing and makes nothing', () => {
    const looked = (): never => {
      throw new Error('looked at while nobody listens')
    }
    const tracer = new Tracer({ debug: looked, info: looked, warn: looked, error: looked })
    const trace = new TorrentTracer({
      tracer,
      turns: {
        get nowMs() {
          return looked()
        },
      },
      view: looked,
    })
    const guarded = new Proxy({}, { get: looked }) as never
    expect(trace.isOn).toBe(false)
    trace.added()
    trace.state('reason')
    trace.joined(guarded)
    trace.left(guarded, 'reason')
    trace.refused(guarded, guarded)
    trace.banned('host', 1, 'reason')
    trace.blockRejected(guarded, 0, 0, 'plugin', 1)
    trace.pieceVerified(0)
    trace.pieceRejected(0, guarded)
    trace.announceSkipped('url', undefined, 'plugin', 'reason')
    trace.strategy('picker', guarded, 'command')
    trace.limited(guarded)
  })
})
