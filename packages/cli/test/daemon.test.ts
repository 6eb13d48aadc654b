import { createTracker, type Tracker } from '@bitloom/tracker-server'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Bench, openBench, type Running } from './binary.js'
import { writeTorrent } from './torrents.js'

// The daemon as people run it: a process that is given torrent files, stopped, and started again.
let bench: Bench
let tracker: Tracker
const lengthBytes = 3_000_000
const secret = 'a-passkey-of-mine'

let announced = (): void => {}

/** Resolves when the tracker knows it: whoever asks before that asks again after minutes only. */
async function startSeeder(name: string, ...more: string[]): Promise<void> {
  const known = new Promise<void>((resolve) => (announced = resolve))
  bench.start(['seed', 'data.torrent', '--json', '--listen', '127.0.0.1:0', '--state-dir', name, ...more])
  await known
}

beforeAll(async () => {
  bench = openBench()
  tracker = await createTracker({ http: { host: '127.0.0.1', port: 0 }, udp: false, on: () => announced() })
  const [at] = tracker.addresses
  await writeTorrent(bench.folder, 'data', { 'big.bin': lengthBytes }, { trackers: [[`${at?.url}?passkey=${secret}`]] })
  await startSeeder('slow', '--limit-up', '200K')
}, 60_000)
afterAll(async () => {
  bench.close()
  await tracker.close()
})

const startDaemon = (name: string, ...more: string[]): Running =>
  bench.start([
    'daemon',
    '--json',
    '--listen',
    '127.0.0.1:0',
    '--state-dir',
    `${name}/state`,
    '-o',
    `${name}/downloads`,
    '--watch',
    `${name}/watch`,
    '--watch-every',
    '200ms',
    ...more,
  ])

async function until(what: string, done: () => boolean): Promise<void> {
  const endMs = performance.now() + 60_000
  while (!done()) {
    if (performance.now() > endMs) throw new Error(`not in time: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** A log line; every one is JSON. */
const logOf = (stderr: string): { msg: string; path?: string; level: number }[] =>
  stderr
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as never)

const partOf = (name: string): number => {
  const path = bench.path(name, 'downloads', 'data', 'big.bin')
  return existsSync(path) ? statSync(path).blocks * 512 : 0
}

describe('the daemon', () => {
  it(
    'takes a torrent file that comes bit by bit, stops on SIGTERM, and goes on where it was',
    { timeout: 120_000 },
    async () => {
      const first = startDaemon('one')
      await first.event('listening')
      const bytes = readFileSync(bench.path('data.torrent'))
      const dropped = bench.path('one', 'watch', 'data.torrent')
      writeFileSync(dropped, '')
      for (let at = 0; at < bytes.length; at += 100) {
        appendFileSync(dropped, bytes.subarray(at, at + 100))
        await new Promise((resolve) => setTimeout(resolve, 30))
      }
      await first.event('added')
      await until('the file is marked', () => existsSync(`${dropped}.added`))
      expect(readdirSync(bench.path('one', 'watch'))).toEqual(['data.torrent.added'])
      await until('some of the data has come', () => partOf('one') > 500_000)
      first.child.kill('SIGTERM')
      const ended = await first.ended
      expect(ended.code).toBe(0)
      expect(partOf('one')).toBeLessThan(lengthBytes)
      expect(logOf(ended.stderr).filter(({ level }) => level >= 40)).toEqual([])
      await startSeeder('fast')
      const second = startDaemon('one')
      const complete = await second.event('complete')
      expect(complete['receivedBytes']).toBeLessThan(lengthBytes)
      await second.event('seeding')
      const came = readFileSync(bench.path('one', 'downloads', 'data', 'big.bin'))
      expect(came.equals(readFileSync(bench.path('data', 'big.bin')))).toBe(true)
      second.child.kill('SIGINT')
      const outcome = await second.ended
      expect(outcome.code).toBe(0)
      for (const text of [ended.stderr, ended.stdout, outcome.stderr, outcome.stdout])
        expect(text).not.toContain(secret)
      expect(logOf(outcome.stderr).map(({ msg }) => msg)).toContain('torrents of earlier runs go on')
    },
  )

  it('names a file that is no torrent once, and takes it when it is one', { timeout: 120_000 }, async () => {
    mkdirSync(bench.path('two', 'watch'), { recursive: true })
    const dropped = bench.path('two', 'watch', 'data.torrent')
    writeFileSync(dropped, 'this is no torrent')
    const running = startDaemon('two', '--seed-time', '1s')
    await running.event('listening')
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    writeFileSync(dropped, readFileSync(bench.path('data.torrent')))
    await running.event('complete')
    await running.event('seeding')
    running.child.kill('SIGTERM')
    const { stderr, code } = await running.ended
    expect(code).toBe(0)
    const faults = logOf(stderr).filter(({ msg }) => msg === 'a torrent file cannot be used')
    expect(faults).toMatchObject([{ path: dropped, level: 40 }])
  })

  it('stops within 5 s, whatever the disk does, and tells what was not saved', { timeout: 120_000 }, async () => {
    const core = fileURLToPath(new URL('../../core/dist/index.js', import.meta.url))
    writeFileSync(
      bench.path('stuck.mjs'),
      `import { Storage, definePlugin, pluginContract } from '${pathToFileURL(core).href}'
       const never = () => new Promise(() => {})
       const nothing = async () => {}
       const open = async () => ({ extentBytes: 16384, write: nothing, read: never, present: async () => [], sync: never, close: nothing })
       const card = { name: 'stuck', contract: pluginContract, summary: 'Never comes to an end' }
       export default definePlugin(card, () => ({ bind: (bindings) => bindings.value(Storage, { name: 'stuck', open }) }))`,
    )
    const running = startDaemon('four', '--plugin', './stuck.mjs', '--storage', 'stuck')
    await running.event('listening')
    writeFileSync(bench.path('four', 'watch', 'data.torrent'), readFileSync(bench.path('data.torrent')))
    await running.event('added')
    const beganMs = performance.now()
    running.child.kill('SIGTERM')
    const { code, stderr } = await running.ended
    expect(code).toBe(0)
    expect(performance.now() - beganMs).toBeLessThan(5_000)
    const told = logOf(stderr).filter(({ msg }) => msg.startsWith('not all was saved in time'))
    expect(told).toMatchObject([
      { level: 40, count: 1, reason: expect.stringContaining('the storage of data took longer') },
    ])
  })

  it('is alone in its state folder', { timeout: 120_000 }, async () => {
    const running = startDaemon('three')
    await running.event('listening')
    const { code, stderr } = await startDaemon('three').ended
    expect([code, stderr]).toEqual([12, 'error: Another process uses the state folder three/state\n'])
    const download = await bench.run(['download', 'data.torrent', '--state-dir', 'three/state', '-o', 'three/other'])
    expect(download.code).toBe(12)
    running.child.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)
    const next = startDaemon('three')
    await next.event('listening')
    next.child.kill('SIGTERM')
    expect((await next.ended).code).toBe(0)
  })
})
