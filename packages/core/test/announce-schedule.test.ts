import { describe, expect, it } from 'vitest'
import { TrackerError } from '../src/bytes/errors.js'
import { AnnounceSchedule, type AnnounceTask } from '../src/torrent/announce-schedule.js'
import { fails, highest, lowest, ok, type Script, silent, trace, url } from './announce-trace.js'

const cases: Record<string, Script & { readonly expected: readonly string[] }> = {
  'started once, then regular at the default interval': {
    tiers: [['a']],
    untilS: 3700,
    reply: () => ok,
    expected: ['0 a started', '1800 a regular', '3600 a regular'],
  },
  'an interval below the floor is raised to 60 s': {
    tiers: [['a']],
    untilS: 130,
    reply: () => ({ answer: { intervalMs: 1 } }),
    expected: ['0 a started', '60 a regular', '120 a regular'],
  },
  'an interval above the ceiling is cut to 24 h': {
    tiers: [['a']],
    untilS: 90_000,
    reply: () => ({ answer: { intervalMs: 1e15 } }),
    expected: ['0 a started', '86400 a regular'],
  },
  'a min interval above the interval counts': {
    tiers: [['a']],
    untilS: 400,
    reply: () => ({ answer: { intervalMs: 60_000, minIntervalMs: 300_000 } }),
    expected: ['0 a started', '300 a regular'],
  },
  'a lower tier is asked only when the higher ones fail, and the first is tried first again': {
    tiers: [['a', 'b'], ['c']],
    untilS: 2000,
    reply: (name, asked) => (name === 'c' || asked > 1 ? ok : fails()),
    expected: ['0 a started', '0 b started', '0 c started', '1800 a started'],
  },
  'a tracker that answered moves to the front of its tier': {
    tiers: [['a', 'b']],
    untilS: 4000,
    reply: (name) => (name === 'a' ? fails() : ok),
    expected: ['0 a started', '0 b started', '1800 b regular', '3600 b regular'],
  },
  'failures back off to 60 min': {
    tiers: [['a']],
    untilS: 12_000,
    reply: () => fails(),
    expected: [0, 30, 90, 210, 450, 930, 1890, 3810, 7410, 11_010].map((atS) => `${atS} a started`),
  },
  'jitter shortens back-off to half at most': {
    tiers: [['a']],
    untilS: 110,
    random: lowest,
    reply: () => fails(),
    expected: ['0 a started', '15 a started', '45 a started', '105 a started'],
  },
  'a success ends the back-off': {
    tiers: [['a']],
    untilS: 2000,
    reply: (_, asked) => (asked === 3 ? ok : fails()),
    expected: ['0 a started', '30 a started', '90 a started', '1890 a regular', '1920 a regular', '1980 a regular'],
  },
  'BEP 31: the tracker says when': {
    tiers: [['a']],
    untilS: 700,
    reply: () => fails(300_000),
    expected: ['0 a started', '300 a started', '600 a started'],
  },
  'BEP 31: never': {
    tiers: [['a', 'b']],
    untilS: 100_000,
    deeds: { 50_000: (it, nowMs) => it.announceNow(nowMs) },
    reply: (_, asked) => (asked === 1 ? fails(Infinity) : ok),
    expected: ['0 a started', '0 b started'],
  },
  'an unsupported scheme is never tried again, the others are': {
    tiers: [['a'], ['b']],
    untilS: 2000,
    reply: (name) => (name === 'b' ? ok : { error: new TrackerError('TRACKER_UNSUPPORTED', 'no wss') }),
    expected: ['0 a started', '0 b started', '1800 b regular'],
  },
  'after 15 s of silence the next starts beside it, and so on': {
    tiers: [['a', 'b'], ['c']],
    untilS: 100,
    reply: () => silent,
    expected: ['0 a started', '15 b started', '30 c started'],
  },
  'a failure of the company brings the next at once': {
    tiers: [['a', 'b'], ['c']],
    untilS: 100,
    reply: (name) => (name === 'b' ? { ...fails(), afterS: 1 } : silent),
    expected: ['0 a started', '15 b started', '16 c started'],
  },
  'a late answer counts: the higher tier is the regular one from then on': {
    tiers: [['a'], ['b']],
    untilS: 2000,
    reply: (name) => ({ afterS: name === 'a' ? 20 : 1, answer: { intervalMs: name === 'a' ? 900_000 : 60_000 } }),
    expected: ['0 a started', '15 b started', '920 a regular', '935 b regular', '1840 a regular', '1855 b regular'],
  },
  'a late failure does not disturb the one that answered': {
    tiers: [['a'], ['b']],
    untilS: 100,
    reply: (name) => (name === 'a' ? { ...fails(), afterS: 30 } : { answer: { intervalMs: 60_000 } }),
    expected: ['0 a started', '15 b started', '75 a started', '90 b regular'],
  },
  'while one that used to answer is silent, the rest go on': {
    tiers: [['a'], ['b']],
    untilS: 5600,
    reply: (name, asked) => (name === 'a' && asked === 2 ? silent : ok),
    expected: ['0 a started', '1800 a regular', '1815 b started', '3615 b regular', '5415 b regular'],
  },
  'the tracker id is given back': {
    tiers: [['a']],
    untilS: 3700,
    reply: (_, asked) => (asked === 1 ? { answer: { trackerId: 'x1' } } : ok),
    expected: ['0 a started', '1800 a regular x1', '3600 a regular x1'],
  },
  'completed once, without regard to min interval': {
    tiers: [['a']],
    untilS: 2000,
    deeds: { 5: (it, nowMs) => it.completed(nowMs), 9: (it, nowMs) => it.wantPeers(nowMs) },
    reply: () => ({ answer: { minIntervalMs: 600_000 } }),
    expected: ['0 a started', '5 a completed', '605 a regular'],
  },
  'completed while started is on its way follows it': {
    tiers: [['a']],
    untilS: 100,
    deeds: { 5: (it, nowMs) => it.completed(nowMs) },
    reply: () => ({ afterS: 10 }),
    expected: ['0 a started', '10 a completed'],
  },
  'completed is retried until it was taken': {
    tiers: [['a']],
    untilS: 1000,
    deeds: { 5: (it, nowMs) => it.completed(nowMs) },
    reply: (_, asked) => (asked === 2 ? fails() : ok),
    expected: ['0 a started', '5 a completed', '35 a completed'],
  },
  'a tracker that never saw us download hears started only': {
    tiers: [['a']],
    untilS: 1000,
    deeds: { 5: (it, nowMs) => it.completed(nowMs) },
    reply: (_, asked) => (asked === 1 ? fails() : ok),
    expected: ['0 a started', '30 a started'],
  },
  'nor does one whose first started failed after the completion': {
    tiers: [['a']],
    untilS: 1000,
    deeds: { 5: (it, nowMs) => it.completed(nowMs) },
    reply: (_, asked) => (asked === 1 ? { ...fails(), afterS: 10 } : ok),
    expected: ['0 a started', '40 a started'],
  },
  'complete before the start: no completed': {
    tiers: [['a']],
    untilS: 100,
    deeds: {
      0: (it, nowMs) => {
        it.completed(nowMs)
        it.start(nowMs)
      },
    },
    reply: () => ok,
    expected: ['0 a started'],
  },
  'stopped goes to those that took a started, all at once, and nothing after it': {
    tiers: [['a'], ['b'], ['c']],
    untilS: 9000,
    deeds: { 5000: (it, nowMs) => it.stop(nowMs), 5001: (it, nowMs) => it.announceNow(nowMs) },
    reply: (name, asked) => ((name === 'a' && asked > 1) || name === 'c' ? fails() : ok),
    expected: [
      '0 a started',
      '1800 a regular',
      '1800 b started',
      '3600 a regular',
      '3600 b regular',
      '5000 a stopped',
      '5000 b stopped',
    ],
  },
  'no stopped where started failed': {
    tiers: [['a']],
    untilS: 100,
    deeds: { 10: (it, nowMs) => it.stop(nowMs) },
    reply: () => fails(),
    expected: ['0 a started'],
  },
  'a started that is taken after the stop is followed by stopped': {
    tiers: [['a']],
    untilS: 100,
    deeds: { 5: (it, nowMs) => it.stop(nowMs) },
    reply: (_, asked) => (asked === 1 ? { afterS: 10 } : ok),
    expected: ['0 a started', '10 a stopped'],
  },
  'a failed stopped is not repeated; starting anew says started': {
    tiers: [['a']],
    untilS: 1000,
    deeds: { 5: (it, nowMs) => it.stop(nowMs), 500: (it, nowMs) => it.start(nowMs) },
    reply: (_, asked) => (asked === 2 ? fails() : ok),
    expected: ['0 a started', '5 a stopped', '500 a started'],
  },
  'an answer to an earlier run changes nothing': {
    tiers: [['a']],
    untilS: 1000,
    deeds: { 5: (it, nowMs) => it.stop(nowMs), 6: (it, nowMs) => it.start(nowMs), 60: (it, nowMs) => it.stop(nowMs) },
    reply: (_, asked) => (asked === 1 ? { afterS: 10 } : { ...fails(), afterS: 20 }),
    expected: ['0 a started', '6 a started', '56 a started'],
  },
  'announceNow waits for min interval': {
    tiers: [['a']],
    untilS: 1000,
    deeds: { 10: (it, nowMs) => it.announceNow(nowMs), 400: (it, nowMs) => it.announceNow(nowMs) },
    reply: () => ({ answer: { minIntervalMs: 120_000 } }),
    expected: ['0 a started', '120 a regular', '400 a regular'],
  },
  'announceNow cuts our own back-off short': {
    tiers: [['a']],
    untilS: 1500,
    deeds: { 1000: (it, nowMs) => it.announceNow(nowMs) },
    reply: () => fails(),
    expected: [0, 30, 90, 210, 450, 930, 1000].map((atS) => `${atS} a started`),
  },
  'wanting peers does not': {
    tiers: [['a']],
    untilS: 1500,
    deeds: { 1000: (it, nowMs) => it.wantPeers(nowMs) },
    reply: () => fails(),
    expected: [0, 30, 90, 210, 450, 930].map((atS) => `${atS} a started`),
  },
  'wanting peers goes to the same tracker, not past it': {
    tiers: [['a'], ['b']],
    untilS: 1000,
    deeds: { 1: (it, nowMs) => it.wantPeers(nowMs), 2: (it, nowMs) => it.wantPeers(nowMs) },
    reply: () => ok,
    expected: ['0 a started', '60 a regular'],
  },
  'a skipped announce counts as done, and the tracker gets no stopped': {
    tiers: [['a'], ['b']],
    untilS: 4000,
    deeds: { 10: (it, nowMs) => it.wantPeers(nowMs), 3900: (it, nowMs) => it.stop(nowMs) },
    reply: () => ({ skip: true }),
    expected: ['0 a started', '60 a started', '1860 a started', '3660 a started'],
  },
  'an added tracker is asked at once when no other works, and not before': {
    tiers: [['a']],
    untilS: 300,
    deeds: { 50: (it) => it.add(url('b')), 60: (it) => it.add(url('c')) },
    reply: (name) => (name === 'a' ? fails() : ok),
    expected: ['0 a started', '30 a started', '50 b started'],
  },
  'a url given twice is asked once': {
    tiers: [['a', 'a'], ['a']],
    untilS: 20,
    reply: () => fails(),
    expected: ['0 a started'],
  },
  'no trackers, no announces': { tiers: [], untilS: 10, reply: () => ok, expected: [] },
}

describe('AnnounceSchedule', () => {
  it.each(Object.entries(cases))('%s', (_, script) => {
    expect(trace(script)).toEqual(script.expected)
  })

  it('shuffles each tier and keeps the tiers apart', () => {
    const silentTrace = trace({
      tiers: [
        ['a', 'b', 'c'],
        ['d', 'e'],
      ],
      untilS: 100,
      random: lowest,
      reply: () => silent,
    })
    expect(silentTrace.map((line) => line.split(' ')[1])).toEqual(['b', 'c', 'a', 'e', 'd'])
  })

  it('shows live views without secrets', () => {
    const schedule = new AnnounceSchedule([['http://tracker.example/0123456789abcdef/announce']], highest)
    const { trackers } = schedule
    const view = trackers[0]
    expect(view).toMatchObject({ url: 'http://tracker.example/***/announce', tier: 0, state: 'idle', peers: 0 })
    schedule.start(0)
    const [task] = schedule.due(0)
    if (task === undefined) throw new Error('nothing was due')
    expect(task.url).toBe('http://tracker.example/0123456789abcdef/announce')
    expect(view?.state).toBe('announcing')
    const peer = { kind: 'ip', host: '10.0.0.1', port: 1 } as const
    schedule.succeeded(task, { peers: [peer], seeders: 3, leechers: 4, warning: 'slow' }, 1)
    expect(view).toMatchObject({ state: 'ok', peers: 1, seeders: 3, leechers: 4, message: 'slow' })
    schedule.add('udp://b:1')
    expect(trackers.map(({ url, tier }) => [url, tier])).toEqual([
      ['http://tracker.example/***/announce', 0],
      ['udp://b:1', 1],
    ])
  })

  it('forgets a tracker that is removed, which hears stopped if it knows us, and goes on with the next', () => {
    const schedule = new AnnounceSchedule([[url('a')], [url('b')]], highest)
    schedule.start(0)
    const [started] = schedule.due(0)
    if (started === undefined) throw new Error('nothing was due')
    schedule.succeeded(started, { peers: [] }, 0)
    schedule.remove(url('a'), 10)
    schedule.remove(url('nobody'), 10)
    expect(schedule.urls).toEqual([[url('b')]])
    expect(schedule.trackers).toHaveLength(1)
    expect(schedule.due(10).map((task) => [task.url, task.event])).toEqual([
      [url('a'), 'stopped'],
      [url('b'), 'started'],
    ])
  })

  it.each([
    [
      'which took it hears stopped',
      (it: AnnounceSchedule, task: AnnounceTask) => it.succeeded(task, { peers: [] }, 9),
      1,
    ],
    [
      'which refused it hears nothing',
      (it: AnnounceSchedule, task: AnnounceTask) => it.failed(task, new Error(), 9),
      0,
    ],
  ])('of a tracker that is removed while it is asked, %s', (_what, settle, told) => {
    const schedule = new AnnounceSchedule([[url('a')]], highest)
    schedule.start(0)
    const [task] = schedule.due(0)
    if (task === undefined) throw new Error('nothing was due')
    schedule.remove(url('a'), 5)
    settle(schedule, task)
    expect(schedule.due(10).filter(({ event }) => event === 'stopped')).toHaveLength(told)
    expect(schedule.urls).toEqual([])
    expect(schedule.nextDeadlineMs()).toBe(Infinity)
  })

  it('ignores a task that is settled twice', () => {
    const schedule = new AnnounceSchedule([[url('a')]], highest)
    schedule.start(0)
    const [task] = schedule.due(0)
    if (task === undefined) throw new Error('nothing was due')
    schedule.succeeded(task, { peers: [] }, 0)
    schedule.failed(task, new Error('late'), 1)
    expect(schedule.trackers[0]?.state).toBe('ok')
    expect(schedule.nextDeadlineMs()).toBe(1_800_000)
  })

  it('starts over with the first that may be tried again when all were too slow', () => {
    const names = ['a', 'b', 'c', 'd']
    const lines = trace({
      tiers: [names],
      untilS: 200,
      reply: () => ({ error: new TrackerError('TRACKER_UNREACHABLE', 'time is up'), afterS: 30 }),
    })
    expect(lines.slice(0, 5)).toEqual(['0 a started', '15 b started', '30 c started', '45 d started', '75 a started'])
  })
})
