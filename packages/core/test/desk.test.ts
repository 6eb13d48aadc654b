import { describe, expect, it } from 'vitest'
import { ChangeLog } from '../src/session/change-log.js'
import { type DeskEvent, openDesk, type TorrentAction } from '../src/session/desk.js'
import { makeTorrent, World } from './support/world.js'
import { titlesOf } from './support/titles.js'

const piece = 32_768

describe('a log of changes', () => {
  it('answers what changed since each reader asked last', () => {
    const log = new ChangeLog<string>()
    for (const item of 'abc') log.touch(item)
    const first = log.since(undefined)
    expect([first.isWhole, first.changed, first.removed]).toEqual([true, ['a', 'b', 'c'], []])
    log.touch('b')
    log.touch('b')
    const second = log.since(first.cursor)
    expect([second.isWhole, second.changed, second.removed]).toEqual([false, ['b'], []])
    log.remove('c', 'key of c')
    log.touch('a')
    expect(log.since(second.cursor)).toMatchObject({ isWhole: false, changed: ['a'], removed: ['key of c'] })
    expect(log.since(first.cursor)).toMatchObject({ changed: ['b', 'a'], removed: ['key of c'] })
  })

  it('answers nothing twice, and everything to a cursor that it does not know', () => {
    const log = new ChangeLog<string>()
    log.touch('a')
    const { cursor } = log.since(undefined)
    expect(log.since(cursor)).toMatchObject({ isWhole: false, changed: [], removed: [] })
    expect(log.since(cursor + 100)).toMatchObject({ isWhole: true, changed: ['a'] })
    expect(log.since(0)).toMatchObject({ isWhole: true, changed: ['a'] })
  })

  it('remembers so many that are gone, and no more', () => {
    const log = new ChangeLog<string>()
    log.touch('stays')
    const early = log.since(undefined).cursor
    for (let one = 0; one < 1_500; one++) {
      log.touch(`t${one}`)
      log.remove(`t${one}`, `t${one}`)
      if (one === 1_000) log.since(early)
    }
    expect(log.since(early)).toMatchObject({ isWhole: true, changed: ['stays'], removed: [] })
    const late = log.since(undefined).cursor
    expect(log.since(late)).toMatchObject({ isWhole: false, changed: [], removed: [] })
  })
})

describe('the desk of a session', () => {
  async function scene(names = 'abc') {
    const world = new World()
    const titles = titlesOf([...names].map((seed) => makeTorrent({ lengthBytes: 4 * piece, pieceBytes: piece, seed })))
    const seeder = await world.node('10.0.0.1', { storage: titles.storage('full') })
    for (const { metainfo } of titles.all) await world.add(seeder, metainfo)
    const session = await world.session('10.0.0.2', titles.storage('empty'))
    const desk = openDesk(session)
    const told: string[] = []
    desk.events((event: DeskEvent) => {
      const about = event.event === 'state' ? `${event.from} to ${event.torrent.state}` : event.event
      told.push(`${event.torrent.name}: ${about}`)
    })
    const add = async (name: string): Promise<string> => {
      const handle = await session.add({ torrent: titles.named(name), directory: '/' })
      handle.completed.catch(() => {})
      return handle.view.id
    }
    const meet = (id: string): void => session.control(id).addPeers([world.endpoint('10.0.0.1')], 'user')
    const names_ = (cursor?: number): string[] => desk.list(cursor).rows.map(({ name }) => name)
    return { world, session, desk, told, add, meet, titles, names: names_ }
  }

  it('lists all, then what looks different since', async () => {
    const { world, session, desk, add, meet } = await scene()
    const [a, b] = [await add('a'), await add('b')]
    await world.clock.advance(1_000)
    const all = desk.list()
    expect(all.rows).toMatchObject([
      { id: a, name: 'a', state: 'downloading', wantedBytes: 4 * piece, leftBytes: 4 * piece, peers: 0, forced: false },
      { id: b, name: 'b', state: 'downloading' },
    ])
    await world.clock.advance(120_000)
    const quiet = desk.list(all.cursor)
    expect([quiet.isWhole, quiet.removed]).toEqual([false, []])
    meet(a)
    await world.clock.advance(2_000)
    const moved = desk.list(quiet.cursor)
    expect(moved.rows).toMatchObject([{ id: a, state: 'seeding', leftBytes: 0, receivedBytes: 4 * piece }])
    await session.control(b).remove()
    expect(desk.list(moved.cursor).removed).toEqual([b])
    expect(desk.list().rows).toHaveLength(1)
  })

  it('looks at nobody at rest, however many there are', async () => {
    const names = 'abcdefghijklmnopqrstuvwxyz'
    const { world, session, desk, add } = await scene(names)
    for (const name of names) await add(name)
    await world.clock.advance(60_000)
    const { cursor } = desk.list()
    session.control('t1').queue('bottom')
    const { rows } = desk.list(cursor)
    expect(rows.map(({ name }) => name)).toEqual(['a'])
    const ranked = [...desk.list().rows].sort((one, other) => one.queueRank - other.queueRank)
    expect(ranked.at(-1)?.name).toBe('a')
  })

  it('tells what happens, in the order of it', async () => {
    const { world, told, add, meet, desk } = await scene()
    const a = await add('a')
    await world.clock.advance(1_000)
    meet(a)
    await world.clock.advance(2_000)
    await desk.act(a, { do: 'pause' })
    await desk.act(a, { do: 'remove' })
    expect(told).toEqual([
      'a: added',
      'a: loading to checking',
      'a: checking to downloading',
      'a: downloading to seeding',
      'a: completed',
      'a: seeding to paused',
      'a: removed',
    ])
  })

  it('goes on telling where a sink throws, or acts, or leaves', async () => {
    const { world, told, add, desk } = await scene()
    const stop = desk.events(() => {
      stop()
      throw new Error('a fault of a front end')
    })
    desk.events(({ event, torrent }) => {
      if (event === 'state' && torrent.state === 'downloading') void desk.act(torrent.id, { do: 'pause' })
    })
    await add('a')
    await world.clock.advance(1_000)
    expect(told.at(-1)).toBe('a: downloading to paused')
  })

  it('gives details of one', async () => {
    const { world, add, meet, desk } = await scene()
    const a = await add('a')
    await world.clock.advance(1_000)
    meet(a)
    await world.clock.advance(200)
    expect(desk.details(a)).toMatchObject({
      name: 'a',
      private: false,
      picker: 'sequential',
      choker: 'tit-for-tat',
      storage: 'titles',
      queuePosition: 0,
      limits: {},
      files: [{ index: 0, path: 'a', lengthBytes: 4 * piece }],
      trackers: [],
      connected: [{ address: '10.0.0.1:6881', isSeed: true }],
    })
    expect(() => desk.details('t99')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }) as Error)
    expect(JSON.parse(JSON.stringify(desk.details(a)))).toEqual(desk.details(a))
  })

  it('acts by data', async () => {
    const { world, session, add, desk } = await scene()
    const [a, b] = [await add('a'), await add('b')]
    await world.clock.advance(1_000)
    const control = session.control(a)
    await desk.act(a, { do: 'limit', limits: { maxPeers: 7 } })
    expect(control.limits).toEqual({ maxPeers: 7 })
    await desk.act(b, { do: 'queue', to: 'top' })
    expect(control.view.queuePosition).toBe(1)
    await desk.act(a, { do: 'force', on: true })
    expect(control.view.forced).toBe(true)
    await desk.act(a, { do: 'add-tracker', url: 'http://tracker.example/announce' })
    expect(control.view.trackers).toHaveLength(1)
    await desk.act(a, { do: 'select', wantedFiles: [false] })
    expect(control.view.stats.wantedBytes).toBe(0)
    await desk.act(a, { do: 'pause' })
    expect(control.view.state).toBe('paused')
    await desk.act(a, { do: 'resume' })
    expect(control.view.state).toBe('seeding')
    await desk.act(a, { do: 'remove', deleteData: true })
    expect(session.torrents()).toHaveLength(1)
    const wrong = { do: 'dance' } as unknown as TorrentAction
    await expect(desk.act(b, wrong)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(desk.act(a, { do: 'pause' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
