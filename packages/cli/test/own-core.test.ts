import { writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Bench, openBench } from './binary.js'
import { writeTorrent } from './torrents.js'

// The program has core and inversify in its bundle; a plugin imports its own. Neither may notice.
let bench: Bench
const built = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url))
const peerList = ['--plugin', built('examples/dist/peer-list.js')]
const loopback = ['--listen', '127.0.0.1:0', '--json']

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

beforeAll(async () => {
  bench = openBench()
  const trackers = { good: 'peers://127.0.0.1:6881/127.0.0.1:6882', bad: 'peers://nonsense' }
  for (const [name, url] of Object.entries(trackers))
    await writeTorrent(bench.folder, name, { 'a.bin': 100_000 }, { trackers: [[url]] })
  writeFileSync(
    bench.path('full.mjs'),
    `import { Storage, StorageError, definePlugin, pluginContract } from '${pathToFileURL(built('packages/core/dist/index.js')).href}'
     const refuse = async () => { throw new StorageError('NO_SPACE', 'nothing fits here', { path: '/full', retry: false }) }
     const open = async () => ({ extentBytes: 16384, write: refuse, read: refuse, present: refuse, sync: refuse, close: async () => {} })
     const card = { name: 'full', contract: pluginContract, summary: 'No room at all' }
     export default definePlugin(card, () => ({ bind: (bindings) => bindings.value(Storage, { name: 'full', open }) }))`,
  )
})
afterAll(() => bench.close())

describe('a plugin with a core of its own', () => {
  it('binds a decorated class, which gets the ports of the program', async () => {
    const { code, stdout } = await bench.run(['announce', 'good.torrent', ...peerList, '--json'])
    expect(code).toBe(0)
    expect(stdout).toContain('6881')
    expect(stdout).toContain('6882')
  })

  it('throws a TrackerError that the program knows', async () => {
    const { code, stdout, stderr } = await bench.run(['announce', 'bad.torrent', ...peerList, '--json'])
    expect(code).toBe(6)
    expect(`${stdout}${stderr}`).toContain('TRACKER_INVALID')
    expect(stderr).toContain('"nonsense" is no address and port')
  })

  it('throws a StorageError that the program knows', async () => {
    const full = ['--plugin', './full.mjs', '--storage', 'full']
    const { code, stderr, json } = await bench.run(['download', 'good.torrent', ...full, ...loopback, '--no-trackers'])
    expect({ code, stderr }).toEqual({ code: 9, stderr: expect.stringContaining('nothing fits here') })
    expect(json()).toContainEqual(expect.objectContaining({ event: 'error', code: 'NO_SPACE' }))
  })
})
