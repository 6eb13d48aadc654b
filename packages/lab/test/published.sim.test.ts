import { expect, it } from 'vitest'
import { runScenario } from '../src/lab.js'
import { loadScenario, locateScenario } from '../src/load-scenario.js'
import type { MetricName } from '../src/metrics.js'
import type { LabReport } from '../src/report.js'
import type { Scenario } from '../src/scenario.js'

// Published experiments with two seeds each: docs/STRATEGIES.md has them with more, and what they say.

const minutes = 60_000

async function load(name: string): Promise<Scenario> {
  return loadScenario(await locateScenario(name, '/'))
}

/** The seeder stays, so that it shows when all pieces are out, however long that takes. */
function whereTheSeederStays({ swarm, ...rest }: Scenario): Scenario {
  const groups = swarm.groups.map((group) => (group.name === 'seeder' ? { ...group, leave: 'stay' as const } : group))
  return { ...rest, swarm: { ...swarm, groups } }
}

/** The mean of a figure over the seeds, of the measured peers or of a group. */
function mean(report: LabReport, strategy: string, figure: MetricName, group?: string): number | undefined {
  const found = report.strategies.find(({ name }) => name === strategy)
  const scope = group === undefined ? found?.measured : found?.groups[group]
  return scope?.figures[figure]?.value.mean
}

it(
  'rarest-first gets every piece out of a seeder long before random, and that before in order (Bharambe et al. 2006)',
  async () => {
    const scenario = await load('rarest-first-2006')
    const strategies = ['rarest-first', 'random', 'sequential']
    const report = await runScenario(whereTheSeederStays(scenario), { quick: true, strategies })
    expect(report.runs.flatMap(({ faults }) => faults)).toEqual([])
    const allOut = (strategy: string): number => mean(report, strategy, 'all-out') ?? NaN
    expect(allOut('rarest-first')).toBeLessThan(0.85 * allOut('random'))
    expect(allOut('random')).toBeLessThan(0.85 * allOut('sequential'))

    const early = await runScenario(scenario, { quick: true, strategies: strategies.slice(0, 2) })
    const finished = (strategy: string): number => mean(early, strategy, 'finished') ?? NaN
    expect(finished('rarest-first')).toBeGreaterThan(finished('random'))
    const used = (strategy: string): number => mean(early, strategy, 'peer-upload-use') ?? NaN
    expect(used('rarest-first')).toBeGreaterThan(1.2 * used('random'))
  },
  10 * minutes,
)

it(
  'tit-for-tat serves those who give better than free riders with faster lines (Legout et al. 2006)',
  async () => {
    const strategies = ['seeder in turn', 'seeder fastest first']
    const report = await runScenario(await load('free-riders-2006'), { seeds: 2, strategies })
    expect(report.runs.flatMap(({ faults }) => faults)).toEqual([])
    const speed = (strategy: string, group?: string): number => mean(report, strategy, 'speed', group) ?? NaN
    for (const strategy of strategies) {
      expect(speed(strategy)).toBeGreaterThan(1.1 * speed(strategy, 'riders'))
      expect(mean(report, strategy, 'finished')).toBe(100)
    }
  },
  10 * minutes,
)
