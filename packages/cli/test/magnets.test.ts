import { existsSync, readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Bench, openBench, type Running } from './binary.js'
import { writeTorrent } from './torrents.js'

// Magnet links and info-hashes through the built binary, from a seeder of the same on loopback.
let bench: Bench
let seeder: Running
let seederAt: string
let infoHash: string
let link: string
const loopback = ['--listen', '127.0.0.1:0', '--no-trackers']
const servers: Server[] = []

beforeAll(async () => {
  bench = openBench()
  await writeTorrent(bench.folder, 'data', { 'a.bin': 400_000, 'sub/b.bin': 300_001, 'c.txt': 77 })
  seeder = bench.start(['seed', 'data.torrent', ...loopback, '--json', '--state-dir', 'seeder-state'])
  const [address] = (await seeder.event('listening'))['addresses'] as { host: string; port: number }[]
  seederAt = `${address?.host}:${address?.port}`
  await seeder.event('seeding')
  link = (await bench.run(['magnet', 'data.torrent'])).stdout.trim()
  infoHash = /btih:([0-9a-f]{40})/.exec(link)?.[1] ?? ''
})
afterAll(() => {
  bench.close()
  for (const server of servers) server.close()
})

const isWhole = (folder: string, ...files: string[]): boolean =>
  files.every((file) => readFileSync(bench.path('data', file)).equals(readFileSync(bench.path(folder, 'data', file))))

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

function base32(hex: string): string {
  const bits = [...Buffer.from(hex, 'hex')].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{5}/g) ?? [])
    .map((five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(five, 2)])
    .join('')
}

describe('a magnet link', () => {
  it('is downloaded from a peer, and says what it is when that is known', async () => {
    const { code, json, stderr } = await bench.run([link, '-o', 'whole', ...loopback, '--json', '--peer', seederAt])
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(isWhole('whole', 'a.bin', 'sub/b.bin', 'c.txt')).toBe(true)
    const names = json().map(({ event }) => event)
    expect(names.filter((name) => name !== 'progress' && name !== 'checking')).toEqual(
      expect.arrayContaining(['listening', 'peer', 'added', 'checked', 'complete']),
    )
    expect(names.indexOf('added')).toBeGreaterThan(names.indexOf('peer'))
    expect(names.indexOf('checked')).toBeGreaterThan(names.indexOf('added'))
    const added = json().find(({ event }) => event === 'added')
    expect(added).toMatchObject({ infoHash, name: 'data', length: 700_078, pieceCount: 22 })
    expect(json().find(({ event }) => event === 'complete')).toMatchObject({ infoHash, receivedBytes: 700_078 })
  })

  it('may name its peers itself', async () => {
    const { code } = await bench.run([`${link}&x.pe=${seederAt}`, '-o', 'named', ...loopback])
    expect(code).toBe(0)
    expect(isWhole('named', 'a.bin', 'sub/b.bin', 'c.txt')).toBe(true)
  })

  it('takes the files that --select chooses, or that it selects itself', async () => {
    const select = ['--select', '*.txt']
    expect((await bench.run([link, '-o', 'part', ...loopback, '--peer', seederAt, ...select])).code).toBe(0)
    expect(isWhole('part', 'c.txt')).toBe(true)
    expect(existsSync(bench.path('part/data/sub/b.bin'))).toBe(false)
    expect((await bench.run([`${link}&so=1`, '-o', 'so', ...loopback, '--peer', seederAt])).code).toBe(0)
    expect(existsSync(bench.path('so/data/sub/b.bin'))).toBe(false)
  })

  it('whose --select matches nothing ends with 28', async () => {
    const args = [link, '-o', 'none', ...loopback, '--peer', seederAt, '--select', 'nothing.*']
    const { code, stderr } = await bench.run(args)
    expect(code).toBe(28)
    expect(stderr).toMatch(/no file of the torrent matches/)
  })

  it('is listed without storing anything', async () => {
    const args = [link, '--list', '-o', 'listed', ...loopback, '--peer', seederAt]
    const human = await bench.run(args)
    expect(human.code).toBe(0)
    expect(human.stdout).toMatch(/^1 {2}.*data\/a\.bin\n2 {2}.*\n3 {2}/)
    const { code, json } = await bench.run([...args, '--json'])
    expect(code).toBe(0)
    expect(json()).toHaveLength(1)
    expect(json()[0]).toMatchObject({ name: 'data', infoHash, length: 700_078 })
    expect(existsSync(bench.path('listed'))).toBe(false)
  })

  it('shows its progress to people', async () => {
    const args = [link, '-o', 'shown', ...loopback, '--peer', seederAt, '--progress', 'plain']
    const { stderr } = await bench.run(args)
    expect(stderr).toMatch(/^data: (looking for peers|fetching metadata), down 0 B\/s/)
    expect(stderr).toMatch(/100% /)
  })
})

describe('an info-hash', () => {
  it.each(['hex', 'base32'])('in %s is enough', async (kind) => {
    const id = kind === 'hex' ? infoHash.toUpperCase() : base32(infoHash)
    const { code, stderr } = await bench.run([id, '-o', kind, ...loopback, '--peer', seederAt])
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(isWhole(kind, 'a.bin', 'sub/b.bin', 'c.txt')).toBe(true)
  })
})

describe('metadata that does not come', () => {
  const id = 'b'.repeat(40)

  it.each([
    ['nobody was met', 6, ['--stall-timeout', '1s'], /No peer of b{40} was met within 1s/],
    ['the time is over', 2, ['--timeout', '1s'], /b{40} is not whole after 1s/],
  ] as const)('when %s ends with %i', async (_when, expected, options, says) => {
    const { code, stderr } = await bench.run([id, ...loopback, ...options])
    expect(code).toBe(expected)
    expect(stderr).toMatch(says)
  })

  it('from a peer that has none ends with 5, also for a list', async () => {
    const args = [id, ...loopback, '--peer', await silentPeer(), '--stall-timeout', '1500ms']
    const { code, stderr } = await bench.run(args)
    expect(code).toBe(5)
    expect(stderr).toMatch(/Nothing has come of the metadata of b{40}/)
    expect((await bench.run([...args, '--list'])).code).toBe(5)
  })

  it('ends with 7 when it is stopped', async () => {
    const running = bench.start([id, ...loopback, '--json'])
    await running.event('listening')
    running.child.kill('SIGINT')
    const { code, stderr } = await running.ended
    expect(code).toBe(7)
    expect(stderr).toMatch(/Stopped without the metadata of b{40}/)
  })
})
