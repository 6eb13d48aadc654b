import type { TraceRecord } from '@bitloom/core'
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Bench, openBench } from './binary.js'
import { readRecord, traceEvents } from '../src/trace/record-schema.js'
import { sentenceOfRecord } from '../src/trace/sentence.js'
import { formatRecord } from '../src/trace/trace-file.js'
import { writeTorrent } from './torrents.js'

const peer = { atMs: 1_500, torrent: 't1', peer: 3, address: '10.0.0.1:6881' }
const choke = {
  ...peer,
  changed: true,
  slots: 2,
  downRate: 2_097_152,
  upRate: 1_024,
  snubbed: true,
  seeding: false,
  choker: 'tit-for-tat',
  changedBy: ['vip'],
}

/** A record of every kind, and the sentence about it. */
const examples: readonly (readonly [TraceRecord, string])[] = [
  [
    {
      event: 'torrent',
      atMs: 0,
      torrent: 't1',
      name: 'film',
      infoHash: 'ab',
      pieceCount: 1,
      pieceLengthBytes: 16_384,
      state: 'loading',
    },
    'film (ab, 1 piece) is loading',
  ],
  [
    { event: 'state', atMs: 0, torrent: 't1', state: 'failed', reason: 'the disk broke' },
    'the torrent is failed: the disk broke',
  ],
  [{ event: 'join', ...peer, client: 'Other 1.0', outgoing: false }, '10.0.0.1:6881 connected, Other 1.0: it dialled'],
  [
    { event: 'leave', ...peer, reason: 'silent', downloadedBytes: 1_024, uploadedBytes: 0 },
    '10.0.0.1:6881 left: silent; it gave 1.00 KiB and got 0 B',
  ],
  [
    {
      event: 'pick',
      ...peer,
      piece: 5,
      blocks: 2,
      firstBlock: 1,
      by: 'tap',
      name: 'streaming',
      reason: 'deadline',
      busy: true,
      availability: 1,
      priority: 7,
      allowedFast: true,
    },
    '10.0.0.1:6881 is asked 2 blocks of piece 5 from block 1: tap of streaming, deadline; 1 peer has it, priority 7, asked of others too, allowed fast while it chokes us',
  ],
  [
    { event: 'unchoke', ...choke, rank: 1, reason: 'gives', uploadBytesPerSecond: 4_096 },
    '10.0.0.1:6881 is unchoked: gives, at 4.00 KiB/s; rank 1 of tit-for-tat, 2 slots, gives 2.00 MiB/s, gets 1.00 KiB/s, snubbed, changed by vip',
  ],
  [
    { event: 'choke', ...choke, changed: false, changedBy: [], seeding: true, reason: 'not on the list' },
    '10.0.0.1:6881 stays choked: not on the list; 2 slots, gets 1.00 KiB/s, snubbed',
  ],
  [
    {
      event: 'refuse',
      atMs: 1,
      stage: 'dial',
      address: '10.0.0.9:1',
      source: 'pex',
      plugin: 'filter',
      reason: 'no',
      banMs: 60_000,
    },
    '10.0.0.9:1 (pex) is refused at "dial" by the plugin filter: no; banned for 1m00s',
  ],
  [
    { event: 'ban', atMs: 1, torrent: 't1', host: '10.0.0.9', forMs: 3_600_000, reason: 'liar' },
    '10.0.0.9 is banned for 1h00m: liar',
  ],
  [
    { event: 'block-rejected', ...peer, piece: 1, begin: 16_384, plugin: 'picky', times: 2 },
    'a block of piece 1 at 16384 of 10.0.0.1:6881 is thrown away by the plugin picky, time 2',
  ],
  [{ event: 'piece-verified', atMs: 1, torrent: 't1', piece: 4 }, 'piece 4 is good and written'],
  [
    {
      event: 'piece-rejected',
      atMs: 1,
      torrent: 't1',
      piece: 4,
      contributors: [{ peer: 3, address: '10.0.0.1:6881' }],
    },
    'piece 4 is bad; its blocks came of 10.0.0.1:6881',
  ],
  [
    {
      event: 'announce-skipped',
      atMs: 1,
      torrent: 't1',
      url: 'http://host/…',
      announce: 'started',
      plugin: 'shy',
      reason: 'not now',
    },
    'no "started" announce to http://host/…: the plugin shy says not now',
  ],
  [
    {
      event: 'strategy',
      atMs: 1,
      torrent: 't1',
      kind: 'picker',
      from: 'sequential',
      to: 'rarest-first',
      reason: 'command',
    },
    'the picker is rarest-first instead of sequential: command',
  ],
  [
    { event: 'limit', atMs: 1, torrent: 't1', downBytesPerSecond: 1_024, uploadSlots: 1 },
    'limits of its own: 1.00 KiB/s down, 1 upload slot',
  ],
]

describe('a record', () => {
  it('of every kind is read, and has a sentence', () => {
    expect(examples.map(([{ event }]) => event)).toEqual(traceEvents)
    for (const [record, sentence] of examples) {
      expect(readRecord(JSON.parse(formatRecord(record, 0)))).toMatchObject(record)
      expect(sentenceOfRecord(record)).toBe(sentence)
    }
  })

  it('without any one of the fields it must have is refused', () => {
    const optional =
      /^(session|reason|client|name|rank|uploadBytesPerSecond|torrent|plugin|banMs|announce|from|to|\w+PerSecond|maxPeers|uploadSlots)$/
    const kept = examples.flatMap(([record]) =>
      Object.keys(record)
        .filter((key) => !optional.test(key))
        .filter((key) => typeof readRecord({ ...record, [key]: undefined }) !== 'string')
        .map((key) => `${record.event} without ${key}`),
    )
    expect(kept).toEqual([])
  })

  it('cannot steer a terminal', () => {
    const [[record] = []] = examples
    expect(sentenceOfRecord({ ...record, name: 'a\u001b[2Jb' } as TraceRecord)).not.toContain('\u001b')
  })
})

let bench: Bench
let seederAt: string

beforeAll(async () => {
  bench = openBench()
  await writeTorrent(bench.folder, 'data', { 'a.bin': 700_000 })
  const args = ['--listen', '127.0.0.1:0', '--no-trackers', '--json', '--limit-up', '1M', '--state-dir', 'seeder']
  const seeder = bench.start(['seed', 'data.torrent', ...args, '--trace', 'seed.trace'])
  const [address] = (await seeder.event('listening'))['addresses'] as { host: string; port: number }[]
  seederAt = `${address?.host}:${address?.port}`
  await seeder.event('seeding')
  const download = ['data.torrent', '-o', 'out', '--peer', seederAt, '--listen', '127.0.0.1:0', '--no-trackers']
  const run = await bench.run([...download, '--trace', 'run.trace', '-v', '--progress', 'none'])
  expect(run.code).toBe(0)
  expect(run.stderr).toContain('why: the picker is rarest-first instead of none: something is missing')
})
afterAll(() => bench.close())

describe('explain', () => {
  it('counts the reasons of a trace that a download wrote', async () => {
    const text = await bench.run(['explain', 'run.trace'])
    expect(text.stdout).toMatch(/^\d+ records of data, 1 peer, /)
    expect(text.stdout).toMatch(/pick +\d+ +picker rarest-first: /)
    const [document] = (await bench.run(['explain', 'run.trace', '--json'])).json()
    expect(document).toMatchObject({ torrents: ['data'], peers: 1 })
    const reasons = document?.['reasons'] as { event: string; count: number; blocks?: number }[]
    const sum = (event: string, of: 'count' | 'blocks'): number =>
      reasons.filter((reason) => reason.event === event).reduce((total, reason) => total + (reason[of] ?? 0), 0)
    expect(sum('pick', 'blocks')).toBe(Math.ceil(700_000 / 16_384))
    expect(sum('piece-verified', 'count')).toBe(Math.ceil(700_000 / 32_768))
  })

  it('tells what happened to a piece, to a peer, and of one kind', async () => {
    const piece = await bench.run(['explain', 'run.trace', '--piece', '3'])
    const lines = piece.stdout.trim().split('\n')
    expect(lines[0]).toMatch(
      /^\+\d+\.\d{3}s {2}127\.0\.0\.1:\d+ is asked \d blocks? of piece 3 from block 0: picker rarest-first, /,
    )
    expect(lines.at(-1)).toMatch(/s {2}piece 3 is good and written$/)
    const atHost = await bench.run(['explain', 'run.trace', '--peer', '127.0.0.1', '--event', 'join', '--json'])
    expect(atHost.json()).toMatchObject([{ event: 'join', address: seederAt, outgoing: true }])
    expect((await bench.run(['explain', 'run.trace', '--peer', '127.0.0.2'])).code).toBe(3)
    const unchoked = await bench.run(['explain', 'seed.trace', '--event', 'unchoke', '--torrent', 'data'])
    expect(unchoked.stdout).toMatch(/127\.0\.0\.1:\d+ is unchoked: seeding: /)
  })

  it('reads standard input, passes over other events, and warns of a last line that is cut off', async () => {
    const trace = readFileSync(bench.path('run.trace'), 'utf8')
    expect(trace.endsWith('\n')).toBe(true)
    const mixed = `{"event":"progress","time":"2026-01-01T00:00:00.000Z","peers":1}\n${trace}{"event":"pick","atM`
    const { code, stdout, stderr } = await bench.run(['explain'], { input: mixed })
    const lines = mixed.split('\n').length
    expect(code).toBe(0)
    expect(stderr).toBe(`warning: standard input: line ${lines}, the last, is cut off\n`)
    expect(stdout).toBe((await bench.run(['explain', 'run.trace'])).stdout)
  })

  it('names the bad line, also with --json', async () => {
    writeFileSync(bench.path('half.trace'), `${readFileSync(bench.path('run.trace'), 'utf8')}[1]\n{}\n`)
    const lines = readFileSync(bench.path('half.trace'), 'utf8').split('\n').length
    const { code, stderr } = await bench.run(['explain', 'half.trace', '--event', 'ban'])
    expect(code).toBe(1)
    expect(stderr).toBe(`error: half.trace: line ${lines - 2} is no line of a trace: it is no object\n`)
  })

  it('--trace - writes between the events of --json, every line with event and time', async () => {
    const args = ['data.torrent', '-o', 'again', '--peer', seederAt, '--listen', '127.0.0.1:0', '--no-trackers']
    const { code, json } = await bench.run([...args, '--json', '--trace', '-'])
    expect(code).toBe(0)
    const lines = json()
    const names = new Set(lines.map(({ event }) => event))
    for (const name of ['listening', 'added', 'complete', 'torrent', 'pick', 'piece-verified', 'strategy'])
      expect(names).toContain(name)
    for (const line of lines) expect(Object.keys(line).slice(0, 2)).toEqual(['event', 'time'])
  })
})

describe('plugins', () => {
  it('prints the tree of what is loaded', async () => {
    const { stdout } = await bench.run(['plugins'])
    expect(stdout).toMatch(
      /^piece-picker \(contract 1, \d+\.\d ms\)\n\S+ binds PiecePicker rarest-first \(Cohen, .*2003\)$/m,
    )
    expect(stdout).toMatch(/^\S+ binds Choker tit-for-tat \(Cohen, .*BEP 3\)$/m)
    expect(stdout).not.toMatch(/^cli/m)
  })
})
