import { expect, it } from 'vitest'
import { runScenario } from '../src/lab.js'
import { loadScenario, locateScenario } from '../src/load-scenario.js'
import type { MetricName } from '../src/metrics.js'
import type { LabReport } from '../src/report.js'

// Small forms of published experiments: docs/STRATEGIES.md has the whole ones, and what they say.

const minutes = 60_000

async function play(name: string, strategies?: readonly string[]): Promise<LabReport> {
  const scenario = await loadScenario(await locateScenario(name, '/'))
  return runScenario(scenario, { quick: true, ...(strategies === undefined ? {} : { strategies }) })
}

/** The mean of a figure over the seeds, of the measured peers or of a group. */
function mean(report: LabReport, strategy: string, figure: MetricName, group?: string): number | undefined {
  const found = report.strategies.find(({ name }) => name === strategy)
  const scope = group === undefined ? found?.measured : found?.groups[group]
  return scope?.figures[figure]?.value.mean
}

it(
  'rarest-first gets every piece out of a seeder that leaves early, random and in order do not (Bharambe et al. 2006)',
  async () => {
    const report = await play('rarest-first-2006', ['rarest-first', 'random', 'sequential'])
    expect(report.runs.flatMap(({ faults }) => faults)).toEqual([])
    expect(mean(report, 'rarest-first', 'finished')).toBe(100)
    expect(mean(report, 'random', 'finished')).toBe(0)
    expect(mean(report, 'sequential', 'finished')).toBe(0)
    const used = (strategy: string): number => mean(report, strategy, 'peer-upload-use') ?? NaN
    expect(used('rarest-first')).toBeGreaterThan(2 * used('random'))
    expect(used('random')).toBeGreaterThan(1.2 * used('sequential'))
  },
  10 * minutes,
)

it(
  'tit-for-tat serves those who give better than free riders with faster lines (Legout et al. 2006)',
  async () => {
    const report = await play('free-riders-2006')
    expect(report.runs.flatMap(({ faults }) => faults)).toEqual([])
    for (const strategy of ['seeder in turn', 'seeder fastest first']) {
      const [givers = NaN, riders = NaN] = [undefined, 'riders'].map((group) => mean(report, strategy, 'speed', group))
      expect(givers).toBeGreaterThan(riders)
      expect(mean(report, strategy, 'finished')).toBe(100)
    }
    const riders = (strategy: string): number => mean(report, strategy, 'speed', 'riders') ?? NaN
    expect(riders('seeder in turn')).toBeLessThan(riders('seeder fastest first'))
  },
  10 * minutes,
)
