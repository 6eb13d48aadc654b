import { describe, expect, it } from 'vitest'
import { runScenario } from '../src/lab.js'
import { loadScenario, locateScenario } from '../src/load-scenario.js'
import type { MetricName } from '../src/metrics.js'
import type { LabReport } from '../src/report.js'

// Each scenario that comes with the lab, in its quick form and to its end. The published ones are in published.sim.test.ts.

const patience = { timeout: 600_000 }

async function play(name: string, seeds: number): Promise<LabReport> {
  return runScenario(await loadScenario(await locateScenario(name, '/')), { quick: true, seeds })
}

/** A figure of the measured peers for each strategy: its mean over the seeds, `NaN` where there is none. */
function figure(report: LabReport, name: MetricName): Record<string, number> {
  return Object.fromEntries(
    report.strategies.map((strategy) => [strategy.name, strategy.measured.figures[name]?.value.mean ?? NaN]),
  )
}

function expectAllWhole(report: LabReport): void {
  expect(report.runs.flatMap(({ faults }) => faults)).toEqual([])
  const finished = figure(report, 'finished')
  expect(finished).toEqual(Object.fromEntries(Object.keys(finished).map((name) => [name, 100])))
}

describe('everybody becomes whole, with every strategy', patience, () => {
  it.each(['flash-crowd', 'slow-seeder'])('%s: in order the seeder gives most of it itself', async (name) => {
    const report = await play(name, 1)
    expectAllWhole(report)
    const copies = figure(report, 'seeder-copies')
    expect(copies['rarest-first']).toBeLessThan(0.6 * (copies['sequential'] ?? NaN))
    expect(copies['random']).toBeLessThan(0.6 * (copies['sequential'] ?? NaN))
  })

  it('churn: those who stay', async () => {
    const report = await play('churn', 1)
    expectAllWhole(report)
    expect(report.strategies.map(({ groups }) => groups['quitters']?.figures.finished?.value.mean)).toEqual([0, 0, 0])
  })

  it('bad-peer: what the two bad ones send is thrown away', async () => {
    const report = await play('bad-peer', 1)
    expectAllWhole(report)
    const { 'without them': least = NaN, ...others } = figure(report, 'waste')
    for (const waste of Object.values(others)) expect(waste).toBeGreaterThan(least)
  })

  it('free-riders: who give nothing, whatever the choker', async () => {
    const report = await play('free-riders', 1)
    expectAllWhole(report)
    const given = report.strategies.map(({ groups }) => groups['riders']?.figures['share-ratio']?.value.mean)
    expect(given).toEqual(report.strategies.map(() => 0))
  })
})

/** Viewers who come together, and a seeder that cannot feed them all: who fetches in order has nothing to give. */
async function watchTogether(): Promise<LabReport> {
  const { quick: _quick, ...streaming } = await loadScenario(await locateScenario('streaming', '/'))
  const { swarm } = streaming
  const groups = swarm.groups.map((group) =>
    group.name === 'seeder'
      ? { ...group, upBytesPerSecond: 192 * 1024 }
      : { ...group, count: 8, arrive: { overMs: 10_000 } },
  )
  const torrent = { lengthBytes: 6 * 1024 ** 2, pieceBytes: 65_536 }
  return runScenario({ ...streaming, swarm: { ...swarm, torrent, groups } }, { seeds: 2 })
}

describe('streaming, against rarest-first and in order', patience, () => {
  it('starts long before rarest-first, and does not stall', async () => {
    const report = await play('streaming', 1)
    expectAllWhole(report)
    const [startup, stalled] = [figure(report, 'startup'), figure(report, 'stalled')]
    expect(startup['streaming']).toBeLessThan(0.5 * (startup['rarest-first'] ?? NaN))
    expect(stalled['streaming']).toBeLessThan(stalled['rarest-first'] ?? NaN)
  })

  it('starts before rarest-first, as in order does, and stalls far less than that where the seeder is short', async () => {
    const report = await watchTogether()
    expectAllWhole(report)
    const [startup, stalled, copies] = (['startup', 'stalled', 'seeder-copies'] as const).map((name) =>
      figure(report, name),
    )
    for (const early of ['streaming', 'sequential'])
      expect(startup?.[early]).toBeLessThan(0.6 * (startup?.['rarest-first'] ?? NaN))
    expect(stalled?.['rarest-first']).toBeLessThan(0.5 * (stalled?.['streaming'] ?? NaN))
    expect(stalled?.['streaming']).toBeLessThan(0.5 * (stalled?.['sequential'] ?? NaN))
    expect(copies?.['streaming']).toBeLessThan(0.7 * (copies?.['sequential'] ?? NaN))
  })
})
