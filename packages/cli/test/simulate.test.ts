import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Bench, openBench } from './binary.js'

// `simulate` through the built binary: threads, scenarios and pickers of one's own, exit codes, signals.
let bench: Bench
vi.setConfig({ testTimeout: 120_000 })
const core = pathToFileURL(new URL('../../core/dist/index.js', import.meta.url).pathname).href

const swarm = (peers: number): string => `{
  torrent: { lengthBytes: 262144, pieceBytes: 65536 },
  groups: [
    { name: 'seeder', count: 1, has: 'all', upBytesPerSecond: 131072, downBytesPerSecond: 131072 },
    { name: 'peers', count: ${peers}, upBytesPerSecond: 65536, downBytesPerSecond: 262144 },
  ],
}`

beforeAll(() => {
  bench = openBench()
  writeFileSync(
    bench.path('my-picker.mjs'),
    `import { PiecePicker, definePlugin, pluginContract } from '${core}'
     const backwards = { name: 'backwards', create: (torrent) => ({ pick(_peer, picks) {
       for (let piece = torrent.pieceCount - 1; piece >= 0 && picks.left > 0; piece--) picks.take(piece, 'next')
     } }) }
     console.log('a plugin that prints')
     const card = { name: 'backwards', contract: pluginContract, summary: 'From the end' }
     export default definePlugin(card, () => ({ bind: (bindings) => bindings.value(PiecePicker, backwards) }))`,
  )
  const scenario = (more: string): string => `import mine from './my-picker.mjs'
     export default { name: 'mine', summary: 'A picker of my own', swarm: ${swarm(2)}, seeds: 2,
       strategies: [{ name: 'rarest-first', picker: 'rarest-first' }, ${more}] }`
  writeFileSync(bench.path('mine.mjs'), scenario(`{ name: 'mine', picker: 'backwards', plugins: () => [mine()] }`))
  writeFileSync(bench.path('unknown.mjs'), scenario(`{ name: 'mine', picker: 'backwards' }`))
  writeFileSync(bench.path('wrong.mjs'), `export default { name: 'wrong', summary: '', swarm: {}, strategies: [] }`)
  writeFileSync(bench.path('nothing.mjs'), 'export const scenario = {}')
  writeFileSync(bench.path('throws.mjs'), 'throw new Error("it is broken")')
  writeFileSync(
    bench.path('future.mjs'),
    scenario(`{ name: 'future', plugins: () => [{ name: 'future', contract: 99 }] }`),
  )
  writeFileSync(bench.path('no-plugin.mjs'), scenario(`{ name: 'mine', plugins: () => nobody() }`))
  writeFileSync(
    bench.path('stray.mjs'),
    scenario(`{ name: 'stray', plugins: () => [{ name: 'stray', contract: 1, apply: ({ hooks }) => {
      hooks.pieceVerified.tap(() => queueMicrotask(() => { throw new Error('too late') })) } }] }`),
  )
  writeFileSync(
    bench.path('endless.mjs'),
    `const stuck = { name: 'stuck', contract: 1, apply: ({ hooks }) => hooks.pieceVerified.tap(() => { for (;;); }) }
     export default { name: 'endless', summary: '', swarm: ${swarm(1)}, seeds: 1,
       strategies: [{ name: 'one' }, { name: 'stuck', plugins: () => [stuck] }] }`,
  )
})
afterAll(() => bench.close())

interface Report {
  readonly strategies: readonly { readonly name: string; readonly measured: { readonly figures: object } }[]
  readonly runs: readonly { readonly strategy: string; readonly seed: string; readonly traceHash: string }[]
}
const reportIn = (stdout: string): Report => JSON.parse(stdout) as Report

describe('simulate', () => {
  it('compares a picker of one’s own with rarest-first, in a table', async () => {
    const { code, stdout, stderr } = await bench.run(['simulate', 'mine.mjs', '--progress', 'plain'])
    expect(code).toBe(0)
    expect(Buffer.from(stdout, 'latin1').toString()).toMatch(
      /^mine: A picker of my own\n.*\n2 seeds; mean.*\nrarest-first +[\d.]+ ± [\d.]+ .*\nmine +[\d.]+ ± /s,
    )
    expect(stderr).toMatch(/mine: simulating 25% \(1 of 4 runs\), ETA .*100% \(4 of 4 runs\)/s)
  })

  it('has one JSON document on stdout, the same for any number of threads, whatever plugins print in them', async () => {
    const [one, two] = await Promise.all(
      ['1', '2'].map((workers) => bench.run(['simulate', './mine.mjs', '--json', '--workers', workers])),
    )
    const [first = '', second] = [one, two].map((outcome) => outcome?.stdout)
    expect(first).toBe(second)
    const report = reportIn(first)
    expect(report.strategies.map(({ name }) => name)).toEqual(['rarest-first', 'mine'])
    expect(report.runs).toHaveLength(4)
    expect(one?.stderr).toContain('a plugin that prints')
  })

  it('replays one seed of one strategy', async () => {
    const all = reportIn((await bench.run(['simulate', 'mine.mjs', '--json'])).stdout)
    const one = reportIn(
      (await bench.run(['simulate', 'mine.mjs', '--json', '--seed', '2', '--strategy', 'mine'])).stdout,
    )
    expect(one.runs).toEqual(all.runs.filter(({ strategy, seed }) => strategy === 'mine' && seed === '2'))
  })

  it('writes what every peer of one run decided, for explain to read, and runs the same', async () => {
    const one = ['simulate', 'mine.mjs', '--json', '--seed', '2', '--strategy', 'mine']
    const [plain, traced] = [await bench.run(one), await bench.run([...one, '--trace', 'run.trace'])]
    expect(traced.stdout).toBe(plain.stdout)
    const explained = await bench.run(['explain', 'run.trace', '--piece', '3', '--json'])
    const told = explained.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const verified = told.filter(({ event }) => event === 'piece-verified').map(({ session }) => session)
    expect(verified.sort()).toEqual(['peers-1', 'peers-2'])
    expect(told).toContainEqual(expect.objectContaining({ event: 'pick', name: 'backwards', reason: 'next' }))
    expect((await bench.run(['explain', 'run.trace'])).stdout).toContain('next')
    expect(await bench.run(['simulate', 'mine.mjs', '--seed', '2', '--trace', 'run.trace'])).toMatchObject({
      code: 28,
      stderr: expect.stringContaining('give one --seed and one --strategy'),
    })
  })

  it('writes a page that needs nothing else', async () => {
    const { code, stderr } = await bench.run(['simulate', 'mine.mjs', '--seeds', '2', '--report', 'report.html'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('report.html') })
    const page = readFileSync(bench.path('report.html'), 'utf8')
    expect(page).toMatch(/^<!doctype html>[\s\S]*<svg[\s\S]*<\/html>\n$/)
    expect(page).not.toMatch(/https?:/)
    expect(page).toContain('bitloom simulate mine.mjs --seed 1')
  })

  it('runs a scenario that comes with it by its name, and lists them', async () => {
    const [quick, list] = await Promise.all([
      bench.run(['simulate', 'streaming', '--quick', '--seeds', '1', '--json']),
      bench.run(['simulate', '--list', '--json']),
    ])
    expect(reportIn(quick.stdout).strategies.map(({ name }) => name)).toContain('sequential')
    const { scenarios } = JSON.parse(list.stdout) as { scenarios: { name: string }[] }
    expect(scenarios.map(({ name }) => name)).toEqual(expect.arrayContaining(['flash-crowd', 'churn', 'free-riders']))
    expect((await bench.run(['simulate', '--list'])).stdout).toMatch(/^bad-peer +One peer/)
  })

  it('stops at a signal with 7, even when a plugin never returns', async () => {
    const running = bench.start(['simulate', 'endless.mjs', '--progress', 'plain'])
    let text = ''
    await new Promise<void>((resolve) => {
      running.child.stderr?.on('data', (chunk: Buffer) => {
        text += chunk.toString()
        if (text.includes('1 of 2 runs')) resolve()
      })
    })
    running.child.kill('SIGINT')
    expect(await running.ended).toMatchObject({
      code: 7,
      stderr: expect.stringMatching(/Stopped after 1 of 2 runs: there is no report\n$/),
    })
  })
})

describe('simulate ends with', () => {
  it.each([
    [28, 'without a scenario', [], /name a scenario, or --list/],
    [3, 'when there is none', ['nobody'], /no scenario nobody: give a file, or one of bad-peer/],
    [3, 'when the file is absent', ['./gone.mjs'], /no scenario \.\/gone\.mjs/],
    [28, 'when a key is wrong', ['wrong.mjs'], /wrong\.mjs is no scenario: swarm\.torrent: .*; strategies: must name/],
    [28, 'without a default export', ['nothing.mjs'], /nothing\.mjs has no default export/],
    [28, 'when a strategy is unknown', ['mine.mjs', '--strategy', 'x'], /mine has no strategy x; it has rarest-first/],
    [28, 'when a picker is unknown', ['unknown.mjs'], /there is no picker backwards; there are rarest-first/],
    [28, 'when both seeds and one seed are asked for', ['mine.mjs', '--seed', '1', '--seeds', '2'], /give one of them/],
    [28, 'when the number of seeds is none', ['mine.mjs', '--seeds', '0'], /no whole number/],
    [40, 'when the module throws', ['throws.mjs'], /throws\.mjs cannot be loaded: it is broken/],
    [40, 'when plugins cannot be made', ['no-plugin.mjs'], /strategy mine, group peers: .* nobody is not defined/],
    [
      1,
      'when nobody catches an error',
      ['stray.mjs', '--seed', '1'],
      /^error: Nobody .* the run of stray with seed 1: too late$/m,
    ],
    [41, 'when a plugin is of another contract', ['future.mjs'], /future/],
    [16, 'when the report cannot be written', ['mine.mjs', '--report', 'no/x.html'], /no\/x\.html cannot be written/],
  ])('%d %s', async (code, _, args, says) => {
    const plain = await bench.run(['simulate', ...args])
    expect(plain).toMatchObject({ code, stderr: expect.stringMatching(says) })
    expect(plain.stderr).not.toMatch(/\bat .*\.js:\d+/)
    expect(existsSync(bench.path('no'))).toBe(false)
  })
})
