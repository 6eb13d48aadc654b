import { describe, expect, it } from 'vitest'
import { createOutput } from '../src/output.js'
import { barLine } from '../src/progress/bar-line.js'
import { blockLines } from '../src/progress/block.js'
import { createProgress, type ProgressKind } from '../src/progress/progress.js'
import { etaSeconds, type ProgressRow, percentOf } from '../src/progress/row.js'

const row = (doneBytes: number, more: Partial<ProgressRow> = {}): ProgressRow => ({
  key: 't1',
  name: 'film.mkv',
  state: 'downloading',
  doneBytes,
  totalBytes: 1000,
  downRate: 2048,
  upRate: 0,
  peers: 1,
  etaSeconds: 75,
  ...more,
})

async function draw(
  kind: ProgressKind,
  options: { isTTY?: boolean; rows?: number; json?: boolean; quiet?: boolean } = {},
) {
  const written: string[] = []
  const { isTTY = false, rows = 24 } = options
  const stderr = { isTTY, rows, columns: 60, write: (text: string) => written.push(text) }
  const output = createOutput({
    json: options.json ?? false,
    quiet: options.quiet ?? false,
    color: 'never',
    env: {},
    stdout: stderr,
    stderr,
    wallMs: () => 0,
  })
  return { progress: await createProgress(kind, output), written }
}

describe('plain progress', () => {
  it('prints at the start, at every 10 %, at 30 s, and at the end, without control codes', async () => {
    const { progress, written } = await draw('auto')
    for (let done = 0; done <= 1000; done += 5) progress.update([row(done)], done)
    progress.update([row(1000)], 32_000)
    progress.finish([row(1000, { state: 'seeding' })])
    expect(written.map((line) => /(\w+) (\d+)%/.exec(line)?.slice(1).join(' '))).toEqual([
      ...[0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100].map((percent) => `downloading ${percent}`),
      'downloading 100',
      'seeding 100',
    ])
    expect(written[0]).toBe('film.mkv: downloading 0% (0 B of 1000 B), down 2.00 KiB/s, up 0 B/s, 1 peer, ETA 1m15s\n')
    expect(written.join('')).not.toContain('\u001b')
  })

  it('prints a change of state at once, and nothing twice at the end', async () => {
    const { progress, written } = await draw('plain')
    progress.update([row(0, { state: 'checking' })], 0)
    progress.update([row(0)], 1)
    progress.update([row(0)], 2)
    progress.finish([row(0)])
    expect(written).toHaveLength(2)
  })

  it.each([
    ['done', 1],
    ['failed', 1],
    ['downloading', 4],
  ])('says of a torrent that is %s nothing more when there is nothing more', async (state, lines) => {
    const { progress, written } = await draw('plain')
    for (let nowMs = 0; nowMs < 100_000; nowMs += 1_000) progress.update([row(500, { state })], nowMs)
    expect(written).toHaveLength(lines)
  })
})

describe('which progress', () => {
  it('a terminal without a size gets plain lines', async () => {
    const { progress, written } = await draw('auto', { isTTY: true, rows: 0 })
    progress.update([row(1000, { state: 'done' })], 0)
    expect(written).toEqual(['film.mkv: done 100% (1000 B of 1000 B)\n'])
  })

  it.each([
    ['none', {}, 0],
    ['plain', { quiet: true }, 0],
    ['auto', { json: true }, 0],
    ['plain', { json: true }, 1],
    ['auto', {}, 1],
  ] as const)('%s with %j writes %d times', async (kind, options, times) => {
    const { progress, written } = await draw(kind, options)
    progress.update([row(0)], 0)
    expect(written).toHaveLength(times)
  })
})

describe('bar progress', () => {
  it('redraws at most 4 times a second, and again at once after a line went out in between', async () => {
    const { progress, written } = await draw('auto', { isTTY: true })
    for (let nowMs = 0; nowMs <= 1000; nowMs += 10) progress.update([row(nowMs)], nowMs)
    const drawn = written.filter((text) => text.includes('film.mkv')).length
    expect(drawn).toBe(5)
    progress.clear()
    progress.update([row(1000)], 1001)
    expect(written.filter((text) => text.includes('film.mkv'))).toHaveLength(drawn + 1)
  })

  it.each([20, 30, 40, 60, 79, 120, 200])('fits %d columns and always shows the percent', (width) => {
    const line = barLine(row(421, { name: 'a name that is far too long for any narrow terminal' }), width, false)
    expect(line.length).toBeLessThanOrEqual(width)
    expect(line).toContain('42%')
  })

  it('shows everything where there is room', () => {
    expect(barLine(row(500), 120, false)).toBe(
      'film.mkv                 █████████░░░░░░░░░░  50%       500 B/1000 B  ↓ 2.00 KiB/s  ↑      0 B/s   1 peer   ETA 1m15s ',
    )
    expect(barLine(row(500, { state: 'checking' }), 100, false)).toMatch(
      /^film\.mkv +█+░+  50% +500 B\/1000 B  checking$/,
    )
  })
})

describe('a block of several torrents', () => {
  const rows = Array.from({ length: 9 }, (_, index) =>
    row(100 * index, {
      name: `t${index}`,
      key: `${index}`,
      state: index < 5 ? 'done' : 'downloading',
      etaSeconds: index * 10,
    }),
  )

  it('has a line for each and one for all, whose time is that of the last', () => {
    const lines = blockLines(rows, 100, 40, false)
    expect(lines.map((line) => line.slice(0, 5).trim())).toEqual([...rows.map(({ name }) => name), 'all 9'])
    expect(lines.at(-1)).toBe('all 9  ↓ 8.00 KiB/s  ↑      0 B/s  4 peers  ETA 1m20s')
    expect(blockLines(rows.slice(0, 1), 100, 40, false)).toHaveLength(1)
  })

  it('counts states where nothing moves', () => {
    expect(blockLines(rows.slice(0, 5), 100, 40, false).at(-1)).toBe('all 5: 5 done')
  })

  it('says no time where that of one cannot be told', () => {
    const stuck = [...rows, row(0, { key: 'x', etaSeconds: undefined })]
    expect(blockLines(stuck, 100, 40, false).at(-1)).toMatch(/ETA -$/)
  })

  it.each([6, 8, 10])('fits %d lines: those that move stay, in order, the others are counted', (height) => {
    const lines = blockLines(rows, 100, height, false)
    expect(lines.length).toBeLessThan(height)
    const shown = lines.slice(0, -2).map((line) => line.slice(0, 2))
    expect(shown).toEqual(shown.toSorted())
    expect(shown).toEqual(expect.arrayContaining(['t5', 't6'].slice(0, lines.length - 2)))
    expect(lines.at(-2)).toMatch(
      new RegExp(`^… and ${9 - shown.length} more: .*5 done|^… and ${9 - shown.length} more: `),
    )
  })

  it.each([20, 40, 80, 200])('never is wider than %d columns', (width) => {
    for (const line of blockLines(rows, width, 6, false)) expect(line.length).toBeLessThanOrEqual(width)
  })
})

describe('figures of progress', () => {
  it('rounds the percent down, so that 100 means whole', () => {
    expect(percentOf(row(999))).toBe(99)
    expect(percentOf(row(1000))).toBe(100)
    expect(percentOf(row(0, { totalBytes: 0 }))).toBe(100)
  })

  it('tells the time left only when something moves', () => {
    expect(etaSeconds(100, 10)).toBe(10)
    expect(etaSeconds(0, 0)).toBe(0)
    expect(etaSeconds(100, 0)).toBeUndefined()
  })
})
