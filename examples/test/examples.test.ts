import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSession, type Metainfo, type Plugin, type Session } from '@bitloom/core'
import { createTorrent, nodePorts, systemRandom } from '@bitloom/core/node'
import storageFs from '@bitloom/storage-fs'
import { createTracker, type Tracker } from '@bitloom/tracker-server'
import trackerHttp from '@bitloom/tracker-http'
import trackerUdp from '@bitloom/tracker-udp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import playback from '../custom-picker.js'

// The examples as the README shows them: built, run by plain node, against real peers and a real tracker on loopback.
const root = fileURLToPath(new URL('../..', import.meta.url))
const pieceLengthBytes = 32_768
const files = { 'one.bin': 1_500_000, 'two.bin': 777_777, 'notes/three.txt': 11 }

let folder: string
let tracker: Tracker
let torrent: Metainfo
const sessions: Session[] = []

beforeAll(async () => {
  if (process.env['BITLOOM_TEST_BUILT'] === undefined) {
    const built = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-b'], { cwd: root })
    if (built.status !== 0) throw new Error(`The build failed: ${built.stdout.toString()}`)
  }
  folder = mkdtempSync(join(tmpdir(), 'bitloom-examples-'))
  const at = { host: '127.0.0.1', port: 0 }
  tracker = await createTracker({ http: at, udp: at, intervalSeconds: 60 })
  const made = await createTorrent(writePayload(), {
    pieceLengthBytes,
    trackers: tracker.addresses.map(({ url }) => [url]),
  })
  torrent = made.torrent
  writeFileSync(join(folder, 'album.torrent'), made.bytes)
})

afterAll(async () => {
  for (const session of sessions) await session.close()
  await tracker.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Random bytes below `source/album`; gives that path. */
function writePayload(): string {
  const random = systemRandom()
  const path = join(folder, 'source', 'album')
  mkdirSync(join(path, 'notes'), { recursive: true })
  for (const [name, lengthBytes] of Object.entries(files)) writeFileSync(join(path, name), random.bytes(lengthBytes))
  return path
}

/** A session on loopback that ends with the tests. */
async function openSession(...plugins: Plugin[]): Promise<Session> {
  const session = await createSession({
    plugins: [nodePorts({ hashWorkers: 0 }), trackerHttp(), trackerUdp(), storageFs(), ...plugins],
    listen: { hosts: ['127.0.0.1'], ports: [0] },
  })
  sessions.push(session)
  return session
}

function expectPayload(directory: string): void {
  for (const name of Object.keys(files)) {
    const actual = readFileSync(join(folder, directory, 'album', name))
    expect(actual.equals(readFileSync(join(folder, 'source/album', name))) ? 'the same' : name).toBe('the same')
  }
}

/** Runs the built example until a line of its output; `end` waits for its exit code. */
function startExample(...args: readonly string[]) {
  const child: ChildProcess = spawn(process.execPath, [join(root, 'examples/dist/download.js'), ...args])
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output += text))
  const ended = new Promise<number | null>((resolve) => void child.on('close', resolve))
  const line = (wanted: string): Promise<void> =>
    new Promise((resolve, reject) => {
      child.stdout?.on('data', () => output.includes(`${wanted}\n`) && resolve())
      void ended.then((code) => reject(new Error(`It ended with ${code}: ${output}`)))
    })
  return { child, ended, line, output: () => output.split('\n') }
}

describe('the example download.ts', () => {
  it('downloads, is watched, seeds, and ends at SIGINT', async () => {
    const seeder = await openSession(playback())
    await (
      await seeder.add({ torrent, directory: join(folder, 'source') })
    ).ready
    const example = startExample(join(folder, 'album.torrent'), join(folder, 'downloads'))
    try {
      await example.line('complete, seeding')
      expectPayload('downloads')
      const pieces = example.output().filter((line) => line.startsWith('piece '))
      expect(new Set(pieces.map((line) => line.split(',')[0])).size).toBe(torrent.layout.pieceCount)
      expect(pieces.at(-1)).toMatch(/, 0 bytes left$/)
      expect(example.output()).toContain(`announced to ${tracker.addresses[0]?.url}: ok`)
      expect(example.output().some((line) => line.startsWith('connected to Bitloom'))).toBe(true)

      // With the first seeder gone, the tracker knows nobody but the example.
      await seeder.close()
      const leecher = await openSession(playback())
      await (
        await leecher.add({ torrent, directory: join(folder, 'again') })
      ).completed
      expectPayload('again')
      expect(leecher.torrents()[0]?.picker).toBe('playback')
    } finally {
      example.child.kill('SIGINT')
    }
    expect(await example.ended).toBe(0)
  })
})

describe('the example custom-picker.ts', () => {
  it('asks in order, or in order from a random place on and then around', () => {
    const pieceCount = 40
    const seen = new Set<string>()
    for (let turn = 0; turn < 200; turn++) seen.add(orderOf(pieceCount).join(' '))
    const inOrder = Array.from({ length: pieceCount }, (_, piece) => piece)
    const allowed = inOrder.map((start) => [...inOrder.slice(start), ...inOrder.slice(0, start)].join(' '))
    expect(allowed).toEqual(expect.arrayContaining([...seen]))
    expect(seen.has(inOrder.join(' '))).toBe(true)
    expect(seen.size).toBeGreaterThan(5)
  })

  it('loads into the command line', () => {
    const { stdout } = spawnSync(
      process.execPath,
      [join(root, 'packages/cli/bin/bitloom.js'), 'plugins', '--plugin', join(root, 'examples/dist/custom-picker.js')],
      { encoding: 'utf8', env: { PATH: process.env['PATH'], HOME: folder } },
    )
    expect(stdout).toContain('playback')
  })
})

/** The pieces in the order in which the picker takes them from a peer that has all. */
function orderOf(pieceCount: number): number[] {
  const order: number[] = []
  const pickers: { create(...args: readonly unknown[]): { pick(...args: readonly unknown[]): void } }[] = []
  const bindings = { value: (_port: unknown, value: never) => void pickers.push(value) }
  playback().bind?.(bindings as never)
  const torrent = { pieceCount, nextWanted: (from: number) => (from < pieceCount ? from : -1) }
  const picks = {
    get left() {
      return pieceCount - order.length
    },
    takePartials: () => 0,
    take: (piece: number) => (order.includes(piece) ? 0 : order.push(piece)),
  }
  pickers[0]?.create(torrent, systemRandom()).pick({}, picks)
  return order
}

describe('the README', () => {
  it('shows a picker of fifteen lines', () => {
    const lines = readFileSync(join(root, 'examples/custom-picker.ts'), 'utf8').split('\n')
    expect(lines.filter((line) => line.trim() !== '' && !line.startsWith('/**'))).toHaveLength(15)
  })
})
