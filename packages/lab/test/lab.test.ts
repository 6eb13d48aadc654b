import { PiecePicker, definePlugin, pluginContract } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { loadScenario, locateScenario, shippedScenarios } from '../src/load-scenario.js'
import { runScenario } from '../src/lab.js'
import { tryStrategies } from '../src/run.js'
import type { Scenario } from '../src/scenario.js'

const kib = 1024

/** From the last piece to the first. */
const backwards: PiecePicker = {
  name: 'backwards',
  create: (torrent) => ({
    pick(_peer, picks) {
      for (let piece = torrent.pieceCount - 1; piece >= 0 && picks.left > 0; piece--) picks.take(piece, 'next')
    },
  }),
}
const card = { name: 'backwards', contract: pluginContract, summary: 'From the end' }
const mine = definePlugin(card, () => ({ bind: (bindings) => bindings.value(PiecePicker, backwards) }))

const small: Scenario = {
  name: 'small',
  summary: 'Three peers and a seeder',
  swarm: {
    torrent: { lengthBytes: 512 * kib, pieceBytes: 64 * kib },
    groups: [
      { name: 'seeder', count: 1, has: 'all', upBytesPerSecond: 128 * kib, downBytesPerSecond: 128 * kib },
      {
        name: 'viewers',
        count: 3,
        upBytesPerSecond: 64 * kib,
        downBytesPerSecond: 256 * kib,
        arrive: { overMs: 2000 },
        playback: { bytesPerSecond: 32 * kib },
      },
    ],
  },
  strategies: [
    { name: 'rarest-first', picker: 'rarest-first' },
    { name: 'mine', picker: 'backwards', plugins: () => [mine()] },
  ],
  seeds: 2,
}

describe('a scenario that is run', () => {
  it('gives figures of the real engine, the same each time, and a picker of one’s own plays', async () => {
    const seen: string[] = []
    const report = await runScenario(small, { onRun: ({ done, total }) => seen.push(`${done} of ${total}`) })
    expect(seen).toEqual(['1 of 4', '2 of 4', '3 of 4', '4 of 4'])
    const [rarest, own] = report.strategies
    expect(rarest?.measured.figures.finished?.value.mean).toBe(100)
    expect(own?.measured.figures.finished?.value.mean).toBe(100)
    // A viewer who gets the end first waits for all of it. With two seeds no verdict is certain, so the means are compared.
    const [usual, late] = [rarest, own].map((one) => one?.measured.figures.startup?.value.mean ?? NaN)
    expect(late).toBeGreaterThan(usual ?? NaN)
    expect(report.runs.flatMap(({ faults }) => faults)).toEqual([])
    expect(rarest?.rarest.length).toBeGreaterThan(10)
    expect(await runScenario(small)).toEqual(report)
  })

  it('replays one seed of many', async () => {
    const strategies = ['rarest-first']
    const all = await runScenario(small, { strategies })
    const one = await runScenario(small, { strategies, seed: '2' })
    expect(one.runs[0]).toEqual(all.runs.find(({ seed }) => seed === '2'))
    expect(one.runs[0]?.traceHash).not.toBe(all.runs[0]?.traceHash)
  })

  it('is smaller when it is to be quick', async () => {
    const quick = { seeds: 1, counts: { viewers: 1 }, torrent: { lengthBytes: 64 * kib, pieceBytes: 64 * kib } }
    const report = await runScenario({ ...small, quick }, { quick: true })
    expect(report.runs.map(({ seed, measured }) => [seed, measured.peers])).toEqual([
      ['1', 1],
      ['1', 1],
    ])
    expect(report.scenario).toMatchObject({ quick: true, torrent: quick.torrent })
  })
})

describe('before a run it is said', () => {
  const with1 = (changes: object): Scenario => ({ ...small, strategies: [{ name: 'one', ...changes }] })

  it.each([
    [
      'that there is no such picker',
      with1({ picker: 'nobody' }),
      'INVALID_ARGUMENT',
      /no picker nobody; there are rarest-first/,
    ],
    [
      'that there is no such choker',
      with1({ choker: 'nobody' }),
      'INVALID_ARGUMENT',
      /no choker nobody; there are tit-for-tat/,
    ],
    [
      'that a plugin cannot start',
      with1({ plugins: () => [{ name: 'broken', contract: 1, apply: () => Promise.reject(new Error('no luck')) }] }),
      'PLUGIN_FAILED',
      /broken.*no luck/s,
    ],
    [
      'that a plugin is of another contract',
      with1({ plugins: () => [{ name: 'future', contract: 99 }] }),
      'PLUGIN_CONTRACT',
      /future/,
    ],
  ])('%s', async (_, scenario, code, message) => {
    await expect(runScenario(scenario)).rejects.toThrow(message)
    await expect(runScenario(scenario)).rejects.toMatchObject({ code })
  })

  it('that there is no such strategy', async () => {
    await expect(runScenario(small, { strategies: ['nobody'] })).rejects.toThrow(
      'small has no strategy nobody; it has rarest-first, mine',
    )
  })
})

it('errors of an engine are in the record of the run', async () => {
  const clumsy = {
    name: 'clumsy',
    create: () => ({
      pick() {
        throw new Error('I trip')
      },
    }),
  }
  const plugin = {
    name: 'clumsy',
    contract: pluginContract,
    bind: (b: { value(port: unknown, value: unknown): void }) => b.value(PiecePicker, clumsy),
  }
  const strategies = [{ name: 'clumsy', picker: 'clumsy', plugins: () => [plugin as never] }]
  const { runs } = await runScenario({ ...small, strategies, seeds: 1, swarm: { ...small.swarm, untilMs: 60_000 } })
  expect(runs[0]?.faults.join('\n')).toMatch(/I trip/)
})

const shipped = [
  'bad-peer',
  'churn',
  'flash-crowd',
  'free-riders',
  'free-riders-2006',
  'rarest-first-2006',
  'slow-seeder',
  'streaming',
]

describe('the scenarios that come with the lab', () => {
  it('are these', async () => {
    expect(await shippedScenarios()).toEqual(shipped)
  })

  it.each(shipped)('%s is named as its file, can be run quickly, and each of its strategies starts', async (name) => {
    const found = await loadScenario(await locateScenario(name, '/'))
    expect(found.name).toBe(name)
    expect(found.quick).toBeDefined()
    const strategies = found.strategies.map((strategy) => strategy.name)
    expect(strategies.length).toBeGreaterThan(1)
    await expect(tryStrategies(found, strategies, true)).resolves.toBeUndefined()
  })
})
