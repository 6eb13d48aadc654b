import { readFileSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Bench, openBench } from './binary.js'
import { writeTorrent } from './torrents.js'

// Plugins that the program does not bring along, loaded by name into the built binary.
let bench: Bench
const loopback = ['--listen', '127.0.0.1:0', '--no-trackers', '--json']

// Each test runs several processes.
vi.setConfig({ testTimeout: 60_000 })

beforeAll(async () => {
  bench = openBench()
  await writeTorrent(bench.folder, 'data', { 'a.bin': 400_000 })
})
afterAll(() => bench.close())

/** Seeds `data.torrent` with more options; gives the address. */
async function seed(name: string, ...more: string[]): Promise<string> {
  const seeder = bench.start(['seed', 'data.torrent', ...loopback, '--state-dir', `${name}-state`, ...more])
  const [address] = (await seeder.event('listening'))['addresses'] as { host: string; port: number }[]
  await seeder.event('seeding')
  return `${address?.host}:${address?.port}`
}

const download = (name: string, from: string, ...more: string[]) =>
  bench.run([
    'download',
    'data.torrent',
    '-o',
    name,
    '--peer',
    from,
    ...loopback,
    '--state-dir',
    `${name}-state`,
    ...more,
  ])

const isWhole = (name: string): boolean =>
  readFileSync(bench.path(name, 'data/a.bin')).equals(readFileSync(bench.path('data/a.bin')))

describe('@bitloom/admission', () => {
  const plugin = ['--plugin', '@bitloom/admission']

  it('lets nobody in who is on a list, in either direction, and others', async () => {
    writeFileSync(bench.path('us.p2p.gz'), gzipSync('Us:127.0.0.0-127.255.255.255\n'))
    writeFileSync(bench.path('them.txt'), '# others\n10.0.0.0/8\n2001:db8::/32\n')
    const list = (path: string): string[] => [...plugin, '--set', `admission.lists=${path}`]
    const [shut, open] = await Promise.all([seed('shut', ...list('us.p2p.gz')), seed('open', ...list('them.txt'))])
    const patience = ['--stall-timeout', '2s']
    const ended = await Promise.all([
      download('kept-out', shut, ...patience),
      download('staying-in', open, ...patience, ...list('us.p2p.gz')),
      download('let-in', open, ...list('them.txt')),
    ])
    expect(ended.map(({ code }) => code)).toEqual([6, 6, 0])
    expect(isWhole('let-in')).toBe(true)
  })

  it('tells its options, and which of them are wrong', async () => {
    const info = await bench.run(['plugins', 'info', 'admission', ...plugin])
    expect(info.stdout).toMatch(/^ {2}lists: string or array \(default \[\]\) {2}Files of ranges/m)
    expect(info.stdout).toContain('taps acceptPeer')
    writeFileSync(bench.path('bad.txt'), '1.1.1.1\nnonsense\n')
    const missing = await bench.run(['plugins', ...plugin, '--set', 'admission.lists=["none.txt"]'])
    expect([missing.code, missing.stderr]).toEqual([40, expect.stringContaining('the list none.txt cannot be read')])
    const strict = ['--set', 'admission.strict=true']
    const bad = await bench.run(['plugins', ...plugin, '--set', 'admission.lists=bad.txt', ...strict])
    expect([bad.code, bad.stderr]).toEqual([40, expect.stringContaining('bad.txt is refused: its line 2 is no range')])
    const typed = await bench.run(['plugins', ...plugin, '--set', 'admission.liste=bad.txt'])
    expect([typed.code, typed.stderr]).toEqual([28, expect.stringContaining('liste')])
  })
})

describe('@bitloom/storage-encrypted', () => {
  it('keeps what is downloaded encrypted, and seeds it', async () => {
    writeFileSync(bench.path('storage.key'), `${'0123456789abcdef'.repeat(4)}\n`)
    const set = ['--set', 'storage-encrypted.keyFile=storage.key']
    const encrypted = ['--storage', 'encrypted', '--plugin', '@bitloom/storage-encrypted', ...set]
    expect((await download('hidden', await seed('plain'), ...encrypted)).code).toBe(0)
    expect(isWhole('hidden')).toBe(false)
    const hidden = bench.start(['seed', 'data.torrent', 'hidden', ...loopback, '--state-dir', 's', ...encrypted])
    const [address] = (await hidden.event('listening'))['addresses'] as { host: string; port: number }[]
    await hidden.event('seeding')
    expect((await download('clear', `${address?.host}:${address?.port}`)).code).toBe(0)
    expect(isWhole('clear')).toBe(true)
  })
})

describe('@bitloom/super-seeding', () => {
  it('seeds to who is alone', async () => {
    const at = await seed('super', '--plugin', '@bitloom/super-seeding')
    expect((await download('from-super', at)).code).toBe(0)
    expect(isWhole('from-super')).toBe(true)
  })
})
