import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { type TransferResult, Unended } from '../rig/transfer.js'
import { runSide, type SidePlan, type SideRow } from '../src/side.js'

const mebibyte = 2 ** 20
const side = { cpuSeconds: 1, peakRssBytes: mebibyte, peakAnonBytes: mebibyte }
const result: TransferResult = { seconds: 1, lengthBytes: mebibyte, seeder: side, leecher: side, foreignShare: 0 }
const shape = { lengthBytes: mebibyte, files: 1, pieceLengthBytes: mebibyte }
const pairs = ['aria2', 'webtorrent'].map((leecher) => ({ seeder: 'libtorrent', leecher }))
const workshop = { folder: mkdtempSync(join(tmpdir(), 'bitloom-bench-side-')), warm: async () => {} }
afterAll(() => rmSync(workshop.folder, { recursive: true }))

/** Runs both pairs three times; a leecher that hangs is stopped when its time is up. Answers who began, and all rows. */
async function run(plan: Partial<SidePlan>, hangs = 'webtorrent') {
  const begun: string[] = []
  const lines: string[] = []
  let rows: readonly SideRow[] = []
  await runSide({
    cases: [{ name: 'one', shape, peers: 1, pairs }],
    runs: 3,
    workshop,
    earlier: [],
    deadlineMs: Infinity,
    progress: (line) => void lines.push(line),
    changed: (all) => (rows = all),
    transfer: async ({ leecher }, _, limitMs) => {
      begun.push(leecher.name)
      if (leecher.name === hangs) throw new Unended(limitMs)
      return result
    },
    ...plan,
  })
  return { begun, rows, lastLine: lines.at(-1) }
}

it('a pair that does not end in time is told so and not tried again, also by a run that goes on', async () => {
  const first = await run({})
  expect(first.begun).toEqual(['aria2', 'webtorrent', 'aria2', 'aria2'])
  const [good, never] = first.rows
  expect(good?.results).toHaveLength(3)
  expect(never).toEqual({ case: 'one', ...pairs[1], results: [], limitSeconds: 30.125 })
  expect((await run({ earlier: first.rows })).begun).toEqual([])
})

it('who is stopped because the time of all is up has had no chance', async () => {
  const { begun, rows, lastLine } = await run({ runs: 1, deadlineMs: performance.now() + 25_000 })
  expect(begun).toEqual(['aria2', 'webtorrent'])
  expect(rows.map(({ leecher }) => leecher)).toEqual(['aria2'])
  expect(lastLine).toContain('1 transfers did not run')
})
