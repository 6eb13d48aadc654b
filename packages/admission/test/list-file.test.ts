import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { LineSplitter, longestLineBytes } from '../src/line-splitter.js'
import { type ListLimits, readListFile } from '../src/list-file.js'
import { RangeTable } from '../src/range-table.js'

const folder = mkdtempSync(join(tmpdir(), 'bitloom-lists-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const limits: ListLimits = { maxListBytes: 67_108_864, maxRanges: 2_000_000, strict: false }
const never = new AbortController().signal

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

async function load(path: string, some: Partial<ListLimits> = {}) {
  const table = new RangeTable()
  const report = await readListFile(path, { ...limits, ...some }, table, never)
  table.finish()
  return { table, report }
}

/** A list as they come: names, and ranges that overlap here and there. */
function longList(count: number): string {
  let state = 12_345
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 4_294_967_296) * limit)
  }
  const text = (word: number): string => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join('.')
  const lines = Array.from({ length: count }, (_, index) => {
    const start = below(4_294_960_000)
    return `Organisation number ${index}:${text(start)}-${text(start + below(5_000))}`
  })
  return `# ${count} ranges\n${lines.join('\n')}\n`
}

describe('a list file', () => {
  const mixed =
    '# all formats\r\nA:1.1.1.0-1.1.1.9\r\n2.0.0.0/8\n\n3.3.3.3 - 3.3.3.4 , 100 , B\rnonsense\n2001:db8::/32'

  it.each([
    ['plain', mixed],
    ['gzip', gzipSync(mixed)],
    ['gzip of two members', Buffer.concat([gzipSync(mixed.slice(0, 40)), gzipSync(mixed.slice(40))])],
  ])('is read: %s', async (name, content) => {
    const { table, report } = await load(file(name, content))
    expect(report).toMatchObject({ lines: 7, ranges: 4, badLines: 1, firstBadLine: 6 })
    expect(['1.1.1.5', '2.3.4.5', '3.3.3.4', '2001:db8::7', '4.4.4.4'].map((host) => table.has(host))).toEqual([
      true,
      true,
      true,
      true,
      false,
    ])
  })

  it('of nothing is none', async () => {
    expect((await load(file('empty', ''))).report).toMatchObject({ lines: 0, ranges: 0, badLines: 0 })
  })

  it('that is strict names its file and line', async () => {
    const path = file('strict', '1.1.1.1\n# fine\noops\n')
    await expect(load(path, { strict: true })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `the list ${path} is refused: its line 3 is no range of addresses`,
    })
  })

  it.each([
    ['is missing', () => join(folder, 'none')],
    ['is a folder', () => folder],
    ['is a device', () => '/dev/zero'],
    ['is cut gzip', () => file('cut.gz', gzipSync(longList(100)).subarray(0, 500))],
    ['is broken gzip', () => file('broken.gz', Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12))],
  ])('that %s is a typed error that names it', async (_case, make) => {
    const path = make()
    await expect(load(path)).rejects.toMatchObject({ code: 'IO', message: expect.stringContaining(path) as string })
  })

  it('that is too large is refused, also as a bomb: what is read stays near the limit', async () => {
    const plain = file('large', '1.1.1.1\n'.repeat(1_000))
    await expect(load(plain, { maxListBytes: 7_999 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect((await load(plain, { maxListBytes: 8_000 })).report.ranges).toBe(1_000)
    const bomb = file('bomb.gz', gzipSync(Buffer.alloc(268_435_456, 10)))
    const beforeBytes = process.memoryUsage().rss
    await expect(load(bomb, { maxListBytes: 1_048_576 })).rejects.toThrow('more than 1048576 bytes')
    expect(process.memoryUsage().rss - beforeBytes).toBeLessThan(67_108_864)
  })

  it('of too many ranges is refused', async () => {
    await expect(load(file('many', longList(101)), { maxRanges: 100 })).rejects.toThrow('more than 100 ranges')
  })

  it('of one endless line is one bad line, and is not held', async () => {
    const path = file('line', Buffer.alloc(50_000_000, 'x'))
    const beforeBytes = process.memoryUsage().rss
    expect((await load(path)).report).toMatchObject({ lines: 1, badLines: 1 })
    expect(process.memoryUsage().rss - beforeBytes).toBeLessThan(40_000_000)
  })

  it('of random bytes is bad lines', async () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, at) => (at * at * 31 + (at >> 3)) & 0xff)
    const { report } = await load(file('random', bytes))
    expect(report.ranges).toBe(0)
    expect(report.badLines).toBeGreaterThan(100)
  })

  it('that is given up stops', async () => {
    const abort = new AbortController()
    abort.abort()
    const reading = readListFile(file('late', longList(1_000)), limits, new RangeTable(), abort.signal)
    await expect(reading).rejects.toMatchObject({ code: 'IO' })
  })

  it.each(['plain', 'gzip'])(
    'of 100,000 ranges loads within a second of processor time, and is looked up in microseconds: %s',
    async (kind) => {
      const text = longList(100_000)
      const path = file(`long.${kind}`, kind === 'gzip' ? gzipSync(text) : text)
      const loading = process.cpuUsage()
      const { table, report } = await load(path)
      const loadMs = cpuMs(loading)
      expect(report.ranges).toBe(100_000)
      const hosts = Array.from({ length: 10_000 }, (_, at) => `${at % 223}.${at % 251}.${at % 241}.${at % 239}`)
      for (const host of hosts) table.has(host)
      const looking = process.cpuUsage()
      for (let round = 0; round < 20; round++) for (const host of hosts) table.has(host)
      const lookUpUs = cpuMs(looking) / 200
      console.info(`${kind}: 100,000 ranges in ${loadMs.toFixed(0)} ms, a look-up in ${lookUpUs.toFixed(2)} µs`)
      expect(loadMs).toBeLessThan(3_000)
      expect(lookUpUs).toBeLessThan(5)
    },
  )
})

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1_000
}

describe('lines', () => {
  it('are the same however the bytes are cut', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', '\r', '\n', 'b'), maxLength: 40 })
    fc.assert(
      fc.property(texts, fc.array(fc.nat(40)), (text, cuts) => {
        const lines: string[] = []
        const splitter = new LineSplitter((line) => void lines.push(line))
        let from = 0
        for (const cut of [...cuts.toSorted((a, b) => a - b), text.length]) {
          splitter.push(Buffer.from(text.slice(from, Math.max(from, cut))))
          from = Math.max(from, cut)
        }
        splitter.end()
        const expected = text.split(/\r\n|\r|\n/)
        if (expected.at(-1) === '') expected.pop()
        expect(lines).toEqual(expected)
      }),
      { numRuns: 1_000 },
    )
  })

  it('are cut at their longest', () => {
    const lines: string[] = []
    const splitter = new LineSplitter((line) => void lines.push(line))
    for (let chunk = 0; chunk < 10; chunk++) splitter.push(Buffer.alloc(1_000, 'x'))
    splitter.push(Buffer.from('\nshort\n'))
    expect(lines.map((line) => line.length)).toEqual([longestLineBytes, 5])
  })
})
