import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Bench, openBench } from './binary.js'
import { writeTorrent } from './torrents.js'

// What the built binary remembers between two runs.
let bench: Bench
let seederAt: string
const loopback = ['--listen', '127.0.0.1:0', '--no-trackers', '--json']
const pieceCount = 123

beforeAll(async () => {
  bench = openBench()
  await writeTorrent(bench.folder, 'data', { 'a.bin': 3_000_000, 'b.bin': 1_000_000 })
  const seeder = bench.start(['seed', 'data.torrent', ...loopback, '--limit-up', '2M', '--state-dir', 'seeder-state'])
  const { addresses } = await seeder.event('listening')
  const [address] = addresses as { host: string; port: number }[]
  seederAt = `${address?.host}:${address?.port}`
  await seeder.event('seeding')
})
afterAll(() => bench.close())

const start = (to: string, ...more: string[]) =>
  bench.start(['data.torrent', '-o', to, '--peer', seederAt, '--state-dir', `${to}-state`, ...loopback, ...more])

/** Other bytes of the same size. */
function spoil(path: string): void {
  writeFileSync(path, readFileSync(path).fill(0))
}

/** A download of which some came, then ended by the signal. */
async function stopped(to: string, signal: NodeJS.Signals, ...more: string[]): Promise<void> {
  const running = start(to, '--limit-down', '1M', ...more)
  let text = ''
  await new Promise<void>((resolve) => {
    running.child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const verified = [...text.matchAll(/"verifiedBytes":(\d+)/g)].map(([, bytes]) => Number(bytes))
      if (Math.max(0, ...verified) > 500_000) resolve()
    })
  })
  running.child.kill(signal)
  expect((await running.ended).code).toBe(signal === 'SIGINT' ? 7 : null)
}

describe('the same download again', () => {
  it.each(['SIGINT', 'SIGKILL'] as const)('goes on where %s ended it, its lock too', async (signal) => {
    await stopped(signal, signal)
    const again = start(signal)
    const { havePieces } = await again.event('checked')
    expect(havePieces).toBeGreaterThan(10)
    expect(havePieces).toBeLessThan(pieceCount)
    const { code, json } = await again.ended
    expect(code).toBe(0)
    const { receivedBytes } = json().find(({ event }) => event === 'complete') ?? {}
    expect(receivedBytes).toBeLessThanOrEqual(4_000_000 - (Number(havePieces) - 1) * 32_768)
    for (const name of ['a.bin', 'b.bin']) {
      const [wanted, found] = [bench.path('data', name), bench.path(signal, 'data', name)]
      expect(readFileSync(wanted).equals(readFileSync(found))).toBe(true)
    }
  })

  it('finds files with the suffix of incomplete ones, and takes it from them when they are whole', async () => {
    await stopped('suffix', 'SIGKILL', '--incomplete-suffix', '.part', '--incomplete-directory', 'aside')
    expect(readdirSync(bench.path('aside', 'data'))).toContain('a.bin.part')
    const again = start('suffix', '--incomplete-directory', 'aside')
    expect((await again.event('checked'))['havePieces']).toBeGreaterThan(10)
    expect((await again.ended).code).toBe(0)
    expect(readdirSync(bench.path('suffix', 'data')).toSorted()).toEqual(['a.bin', 'b.bin'])
    expect(existsSync(bench.path('aside', 'data'))).toBe(false)
  })

  it('believes size and time, looks at a sample, or at all of it, as it is told', async () => {
    const times = () => utimesSync(bench.path('modes', 'data', 'b.bin'), 1_000_000_000, 1_000_000_000)
    expect((await start('modes').ended).code).toBe(0)
    times()
    // It looks different: it is hashed, and remembered as it looks now.
    expect((await start('modes').ended).code).toBe(0)
    spoil(bench.path('modes', 'data', 'b.bin'))
    times()
    const havePieces = async (...options: string[]): Promise<unknown> => {
      const running = start('modes', ...options)
      const checked = await running.event('checked')
      running.child.kill('SIGKILL')
      await running.ended
      return checked['havePieces']
    }
    expect(await havePieces()).toBe(pieceCount)
    expect(await havePieces('--check', 'full')).toBeLessThan(pieceCount)
    expect(await havePieces('--check', 'nonsense').catch((error: Error) => error.message)).toMatch(/ended with 28/)
  })

  it('keeps no records without resume-fs', async () => {
    const { code, stderr } = await start('none', '--no-plugin', 'resume-fs').ended
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(() => statSync(bench.path('none-state', 'torrents'))).toThrow(/ENOENT/)
    expect(statSync(bench.path('modes-state', 'torrents')).mode & 0o777).toBe(0o700)
  })
})

it('seeding what was downloaded begins at once, and finds what others changed', async () => {
  const seed = (...more: string[]) =>
    bench.start(['seed', 'data.torrent', 'SIGINT', '--state-dir', 'SIGINT-state', ...loopback, ...more])
  const first = seed()
  expect(await first.event('checked')).toMatchObject({ havePieces: pieceCount })
  first.child.kill('SIGINT')
  await first.ended
  writeFileSync(bench.path('SIGINT', 'data', 'b.bin'), new Uint8Array(1_000_000))
  const second = seed()
  const { havePieces } = await second.event('checked')
  expect(havePieces).toBeGreaterThanOrEqual(91)
  expect(havePieces).toBeLessThan(pieceCount)
  second.child.kill('SIGINT')
  expect((await second.ended).stderr).toMatch(/do not match/)
})
