import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Bench, openBench, type Running } from './binary.js'
import { writeTorrent } from './torrents.js'

// Swarms on loopback through the built binary: what download and seed do, their events, signals and exit codes.
let bench: Bench
let seeder: Running
let seederAt: string
/** Gives 2 MiB/s. */
let slowAt: string
const loopback = ['--listen', '127.0.0.1:0', '--no-trackers', '--json']
const files = ['a.bin', 'sub/b.bin', 'c.txt']
const servers: Server[] = []

beforeAll(async () => {
  bench = openBench()
  await writeTorrent(bench.folder, 'data', { 'a.bin': 400_000, 'sub/b.bin': 300_001, 'c.txt': 77, empty: 0 })
  await writeTorrent(bench.folder, 'slow', { 'big.bin': 4_000_000 })
  seeder = bench.start(['seed', 'data.torrent', ...loopback, '--state-dir', 'seeder-state'])
  seederAt = addressOf(await seeder.event('listening'))
  await seeder.event('seeding')
  const slow = bench.start(['seed', 'slow.torrent', ...loopback, '--limit-up', '2M', '--state-dir', 'slow-state'])
  slowAt = addressOf(await slow.event('listening'))
  await slow.event('seeding')
})
afterAll(() => {
  bench.close()
  for (const server of servers) server.close()
})

/** True where a tmpfs can be mounted: root on Linux, outside a container that forbids it. */
function mountTiny(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  const probe = mkdtempSync(join(tmpdir(), 'bitloom-mount-'))
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe]).status === 0
  if (isMounted) spawnSync('umount', [probe])
  rmSync(probe, { recursive: true, force: true })
  return isMounted
}

function addressOf(event: Record<string, unknown>): string {
  const [address] = event['addresses'] as { host: string; port: number }[]
  return `${address?.host}:${address?.port}`
}

const sameFile = (path: string, folder: string): boolean =>
  readFileSync(bench.path('data', path)).equals(readFileSync(bench.path(folder, 'data', path)))

/** A peer that shakes hands and never says anything more. */
async function silentPeer(): Promise<string> {
  const server = createServer((socket: Socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (bytes) => {
      const answer = Buffer.from(bytes.subarray(0, 68))
      answer.fill(0, 20, 28)
      answer.write('-XX0001-aaaaaaaaaaaa', 48, 'latin1')
      socket.write(answer)
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const at = server.address()
  return typeof at === 'object' && at !== null ? `127.0.0.1:${at.port}` : ''
}

describe('a download', () => {
  it('ends with 0 and whole files, and its events have the documented fields', async () => {
    const { code, json, stderr } = await bench.run(['data.torrent', '-o', 'whole', ...loopback, '--peer', seederAt])
    expect({ code, stderr }).toMatchObject({ code: 0 })
    for (const path of files) expect(sameFile(path, 'whole')).toBe(true)
    expect(existsSync(bench.path('whole/data/empty'))).toBe(true)
    const events = json()
    const [shown] = (await bench.run(['show', 'data.torrent', '--json'])).json()
    const first = (name: string) => events.find(({ event }) => event === name)
    const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    const infoHash = shown?.['infoHash']
    expect(first('listening')).toMatchObject({
      time: isoTime,
      addresses: [{ host: '127.0.0.1', port: expect.any(Number) }],
    })
    expect(first('added')).toEqual({
      event: 'added',
      time: isoTime,
      infoHash,
      name: 'data',
      length: 700_078,
      pieceCount: 22,
    })
    expect(first('checked')).toEqual({ event: 'checked', time: isoTime, infoHash, havePieces: 0 })
    expect(first('peer')).toMatchObject({
      infoHash,
      address: seederAt,
      client: expect.stringMatching(/^Bitloom/),
      state: 'connected',
    })
    expect(events.findLast(({ event }) => event === 'peer')).toMatchObject({
      state: 'disconnected',
      receivedBytes: 700_078,
    })
    expect(events.findLast(({ event }) => event === 'progress')).toEqual({
      event: 'progress',
      time: isoTime,
      infoHash,
      receivedBytes: 700_078,
      verifiedBytes: 700_078,
      wastedBytes: 0,
      uploadedBytes: 0,
      downRate: expect.any(Number),
      upRate: expect.any(Number),
      peers: expect.any(Number),
      etaSeconds: 0,
    })
    expect(first('complete')).toEqual({
      event: 'complete',
      time: isoTime,
      infoHash,
      seconds: expect.any(Number),
      receivedBytes: 700_078,
      wastedBytes: 0,
    })
    for (const line of events) expect(Object.keys(line).slice(0, 2)).toEqual(['event', 'time'])
  })

  it('of data that is there receives nothing', async () => {
    const { code, json } = await bench.run(['data.torrent', ...loopback])
    expect(code).toBe(0)
    expect(json().find(({ event }) => event === 'checked')).toMatchObject({ havePieces: 22 })
    expect(json().find(({ event }) => event === 'complete')).toMatchObject({ receivedBytes: 0 })
  })

  it('takes only the selected files', async () => {
    const args = ['data.torrent', '-o', 'part', ...loopback, '--peer', seederAt, '--select', '*.txt']
    const { code, stderr } = await bench.run(args)
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(sameFile('c.txt', 'part')).toBe(true)
    expect(existsSync(bench.path('part/data/a.bin'))).toBe(false)
  })

  it('writes plain progress without control codes where there is no terminal', async () => {
    const args = ['data.torrent', '-o', 'plain', '--listen', '127.0.0.1:0', '--no-trackers', '--peer', seederAt]
    const { code, stderr } = await bench.run(args)
    expect(code).toBe(0)
    expect(stderr).toMatch(/^data: done 100% \([^)]*\)\ndata: 684 KiB in [\d.ms]+ \([^)]*\/s\)\n$/m)
    expect(stderr).not.toContain('\u001b')
  })

  it('takes several torrents at once, and the first failure decides', async () => {
    const args = ['data.torrent', 'slow.torrent', '-o', 'both', ...loopback, '--peer', seederAt, '--peer', slowAt]
    const both = await bench.run(args)
    expect(both).toMatchObject({ code: 0 })
    expect(both.json().filter(({ event }) => event === 'complete')).toHaveLength(2)
    const alone = await bench.run([...args.slice(0, -2), '-o', 'one', '--stall-timeout', '1s'])
    expect(alone).toMatchObject({ code: 6 })
    expect(alone.json().filter(({ event }) => event === 'complete')).toHaveLength(1)
  })

  it('logs with -vv', async () => {
    const args = ['slow.torrent', '-o', 'logged', '--listen', '127.0.0.1:0', '--no-trackers', '--peer', '127.0.0.1:9']
    const quiet = await bench.run([...args, '--stall-timeout', '1s'])
    const loud = await bench.run([...args, '--stall-timeout', '1s', '-vv'])
    expect(quiet.stderr).not.toMatch(/^debug /m)
    expect(loud.stderr).toMatch(/^debug .*127\.0\.0\.1:9/m)
  })

  it('with --seed=RATIO goes on until it has given enough', async () => {
    const giver = bench.start(['data.torrent', '-o', 'ratio', ...loopback, '--peer', seederAt, '--seed=1'])
    const at = addressOf(await giver.event('listening'))
    await giver.event('seeding')
    const taker = await bench.run([
      'data.torrent',
      '-o',
      'taker',
      ...loopback,
      '--peer',
      at,
      '--state-dir',
      'taker-state',
    ])
    expect(taker.code).toBe(0)
    expect((await giver.ended).code).toBe(0)
  })

  it('in memory leaves nothing on disk', async () => {
    const args = [
      'data.torrent',
      '-o',
      'memory',
      ...loopback,
      '--peer',
      seederAt,
      '--storage',
      'memory',
      '--sequential',
    ]
    expect((await bench.run(args)).code).toBe(0)
    expect(existsSync(bench.path('memory/data'))).toBe(false)
  })
})

describe('exit codes that need a network', () => {
  it('2 when the time is up', async () => {
    const { code, json } = await bench.run(['slow.torrent', '-o', 'late', ...loopback, '--timeout', '1s'])
    expect(code).toBe(2)
    expect(json().at(-1)).toMatchObject({ event: 'error', code: 'TIMEOUT' })
  })

  it('5 when a peer was met and nothing came', async () => {
    const args = ['slow.torrent', '-o', 'stalled', ...loopback, '--peer', await silentPeer(), '--stall-timeout', '1s']
    const { code, json } = await bench.run(args)
    expect(code).toBe(5)
    expect(json().find(({ event }) => event === 'error')).toMatchObject({ code: 'STALLED' })
  })

  it('6 when no peer was met', async () => {
    const { code, json } = await bench.run(['slow.torrent', '-o', 'alone', ...loopback, '--stall-timeout', '1s'])
    expect(code).toBe(6)
    expect(json().at(-1)).toMatchObject({ event: 'error', code: 'NO_PEERS' })
  })

  it('6 when the port is in use', async () => {
    const args = ['slow.torrent', '-o', 'port', '--listen', seederAt, '--no-trackers']
    const { code, stderr } = await bench.run(args)
    expect(code).toBe(6)
    expect(stderr).toContain(seederAt.split(':')[1])
  })

  it.skipIf(!mountTiny())('9 when the disk is full, and the same command goes on when there is space', async () => {
    const tiny = bench.path('tiny')
    mkdirSync(tiny)
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', tiny])
    try {
      const args = ['slow.torrent', '-o', 'tiny', ...loopback, '--peer', slowAt, '--state-dir', 'tiny-state']
      const full = await bench.run(args)
      expect(full).toMatchObject({ code: 9 })
      expect(full.json().find(({ event }) => event === 'error')).toMatchObject({
        code: 'NO_SPACE',
        path: expect.stringMatching(/big\.bin$/),
        infoHash: expect.any(String),
      })
      expect(full.stderr).toMatch(/big\.bin.*the disk is full/)
      spawnSync('mount', ['-o', 'remount,size=16m', tiny])
      expect(await bench.run(args)).toMatchObject({ code: 0 })
    } finally {
      spawnSync('umount', [tiny])
    }
  })

  it('12 when the torrent is running already', async () => {
    const { code, stderr } = await bench.run(['seed', 'data.torrent', ...loopback, '--state-dir', 'seeder-state'])
    expect(code).toBe(12)
    expect(stderr).toMatch(/The torrent data .* is already running/)
  })

  it('32 when there is nothing to serve', async () => {
    mkdirSync(bench.path('nothing'))
    const { code, stderr } = await bench.run(['seed', 'data.torrent', 'nothing', ...loopback])
    expect({ code, stderr }).toMatchObject({ code: 32 })
  })
})

describe('signals', () => {
  it('the first INT ends a download with 7, and the same command goes on from there', async () => {
    const args = ['slow.torrent', '-o', 'stopped', ...loopback, '--peer', slowAt]
    const stopped = bench.start(args)
    await stopped.event('peer')
    await stopped.event('progress')
    stopped.child.kill('SIGINT')
    expect((await stopped.ended).code).toBe(7)
    expect(await bench.run(args)).toMatchObject({ code: 0 })
  })

  it('the second INT ends it at once with 130', async () => {
    const running = bench.start(['slow.torrent', '-o', 'forced', ...loopback, '--peer', await silentPeer()])
    await running.event('peer')
    running.child.kill('SIGINT')
    running.child.kill('SIGTERM')
    const { code } = await running.ended
    expect(code).toBe(130)
  })

  it('a seed that is stopped has done what was asked', async () => {
    const running = bench.start(['seed', 'slow.torrent', ...loopback])
    await running.event('seeding')
    running.child.kill('SIGINT')
    expect((await running.ended).code).toBe(0)
  })

  it('a download that is whole and seeding ends with 0', async () => {
    const running = bench.start(['data.torrent', '-o', 'whole', ...loopback, '--seed'])
    await running.event('seeding')
    running.child.kill('SIGINT')
    expect((await running.ended).code).toBe(0)
  })

  it('a closed pipe ends a run silently', async () => {
    // It writes progress twice a second, and learns only from a write that nobody reads any more.
    const running = bench.start(['slow.torrent', '-o', 'piped', ...loopback, '--state-dir', 'piped-state'])
    await running.event('listening')
    running.child.stdout?.destroy()
    const { stderr } = await running.ended
    expect(stderr).toBe('')
  })
})

describe('an INT while waiting', () => {
  it('for standard input or a tracker ends with 7', async () => {
    const reading = bench.start(['show', '-'], { input: 'open' })
    const deaf = createSocket('udp4')
    await new Promise<void>((resolve) => deaf.bind(0, '127.0.0.1', resolve))
    const url = `udp://127.0.0.1:${deaf.address().port}/announce`
    const asking = bench.start(['scrape', 'data.torrent', '--tracker', url])
    await new Promise<void>((resolve) => deaf.once('message', () => resolve()))
    // More than a pipe holds: when it is through, the program is reading.
    await new Promise((resolve) => reading.child.stdin?.write(Buffer.alloc(1_048_576, 'i'), resolve))
    for (const { child } of [reading, asking]) child.kill('SIGINT')
    expect((await reading.ended).code).toBe(7)
    expect((await asking.ended).code).toBe(7)
    deaf.close()
  })
})

describe('a torrent from the web', () => {
  it('is fetched through redirects; what is not there is 3, what fails is 6, what redirects elsewhere too', async () => {
    const server = createHttpServer((request, response) => {
      if (request.url === '/there') response.end(readFileSync(bench.path('data.torrent')))
      else if (request.url === '/moved') response.writeHead(302, { location: '/there' }).end()
      else if (request.url === '/loop') response.writeHead(302, { location: '/loop' }).end()
      else if (request.url === '/away') response.writeHead(302, { location: 'file:///etc/passwd' }).end()
      else response.writeHead(request.url === '/broken' ? 500 : 404).end()
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const at = server.address()
    const base = typeof at === 'object' && at !== null ? `http://127.0.0.1:${at.port}` : ''
    const codes: Record<string, number | null> = {}
    for (const path of ['there', 'moved', 'gone', 'broken', 'loop', 'away']) {
      const { code, stderr } = await bench.run(['show', `${base}/${path}`, '--json'])
      codes[path] = code
      expect(stderr.includes(base)).toBe(code !== 0 && path !== 'away')
    }
    expect(codes).toEqual({ there: 0, moved: 0, gone: 3, broken: 6, loop: 6, away: 6 })
  })
})

describe('a tracker', () => {
  it('brings peers together, answers announce, scrape and peers, and ends with 0', async () => {
    const running = bench.start(['tracker', '--http', '127.0.0.1:0', '--udp', '127.0.0.1:0', '--json'])
    const listening = await running.event('listening')
    const urls = (listening['addresses'] as { url: string }[]).map(({ url }) => url)
    expect(urls).toEqual([
      expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/announce$/),
      expect.stringMatching(/^udp:\/\/127\.0\.0\.1:\d+\/announce$/),
    ])
    copyFileSync(bench.path('data.torrent'), bench.path('tracked.torrent'))
    await bench.run(['edit', 'tracked.torrent', ...urls.flatMap((url) => ['--tracker', url])])
    const listen = ['--listen', '127.0.0.1:0', '--json']
    const serving = bench.start(['seed', 'tracked.torrent', ...listen])
    expect(await serving.event('tracker')).toMatchObject({ state: 'ok', url: expect.stringMatching(/127\.0\.0\.1/) })
    const taken = await bench.run(['tracked.torrent', '-o', 'tracked', ...listen, '--state-dir', 'tracked-state'])
    expect(taken).toMatchObject({ code: 0 })
    for (const path of files) expect(sameFile(path, 'tracked')).toBe(true)

    const [scraped] = (await bench.run(['scrape', 'tracked.torrent', '--json'])).json()
    expect(scraped?.['trackers']).toMatchObject([{ state: 'ok', seeders: 1 }, { state: 'ok' }])
    const [announced] = (await bench.run(['announce', 'tracked.torrent', '--json'])).json()
    const at = addressOf(await serving.event('listening'))
    expect(announced?.['trackers']).toMatchObject([{ state: 'ok', seeders: 1, peers: [at] }, {}])
    const { code, stdout } = await bench.run(['peers', 'tracked.torrent'])
    expect(code).toBe(0)
    expect(stdout).toContain(`${at}\n`)
    const [shaken] = (await bench.run(['handshake', 'tracked.torrent', at, '--json'])).json()
    expect(shaken).toMatchObject({
      client: expect.stringMatching(/^Bitloom/),
      supports: ['fast', 'extensions'],
      has: 'all pieces',
    })

    running.child.kill('SIGINT')
    expect((await running.ended).code).toBe(0)
  })

  it('that is down is a refusal with 6 that names it', async () => {
    const { code, stderr } = await bench.run(['scrape', 'data.torrent', '--tracker', 'http://127.0.0.1:9/announce'])
    expect(code).toBe(6)
    expect(stderr).toContain('127.0.0.1:9')
  })

  it('serves only what its allow-list names', async () => {
    writeFileSync(bench.path('allowed'), `${'0'.repeat(40)}\n`)
    const running = bench.start(['tracker', '--http', '127.0.0.1:0', '--no-udp', '--allow', 'allowed', '--json'])
    const [address] = (await running.event('listening'))['addresses'] as { url: string }[]
    const { code, stderr } = await bench.run(['announce', 'data.torrent', '--tracker', address?.url ?? ''])
    expect(code).toBe(6)
    expect(stderr).toMatch(/not served/)
  })
})

describe('the demo', () => {
  it('ends with identical files and leaves nothing behind', async () => {
    const env = { TMPDIR: bench.path('demo-tmp') }
    mkdirSync(env.TMPDIR)
    const { code, stdout, stderr } = await bench.run(['demo', '--size', '6M', '--files', '4', '--peers', '2'], { env })
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stdout).toMatch(/seeder gave peer \d /)
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('identical: 8 of 8 files')
    expect(readdirSync(env.TMPDIR)).toEqual([])
  })

  it.each([1, 2])('cleans up after %d INT', async (times) => {
    const env = { TMPDIR: bench.path(`demo-int-${times}`) }
    mkdirSync(env.TMPDIR)
    const running = bench.start(['demo', '--size', '64M'], { env })
    await new Promise<void>((resolve) => {
      running.child.stderr?.on('data', (text: Buffer) => {
        if (text.toString().includes('each a process of its own')) resolve()
      })
    })
    for (let sent = 0; sent < times; sent++) running.child.kill(sent === 0 ? 'SIGINT' : 'SIGTERM')
    expect((await running.ended).code).toBe(times === 1 ? 7 : 130)
    expect(readdirSync(env.TMPDIR)).toEqual([])
  })
})
