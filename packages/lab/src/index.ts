/**
 * The strategy lab of Bitloom: runs a scenario (a swarm, and strategies to try in it) for several seeds in the simulator
 * and says how they compare. `bitloom simulate` is made of this.
 *
 * @example
 * ```ts
 * import { formatTable, runScenario, scenario } from '@bitloom/lab'
 *
 * const report = await runScenario(
 *   scenario({
 *     name: 'two-pickers',
 *     summary: 'Ten peers and a seeder',
 *     swarm: {
 *       torrent: { lengthBytes: 4 * 1024 ** 2, pieceBytes: 65_536 },
 *       groups: [
 *         { name: 'seeder', count: 1, has: 'all', upBytesPerSecond: 500_000, downBytesPerSecond: 500_000 },
 *         { name: 'peers', count: 10, upBytesPerSecond: 100_000, downBytesPerSecond: 500_000 },
 *       ],
 *     },
 *     strategies: [{ name: 'rarest-first', picker: 'rarest-first' }, { name: 'sequential', picker: 'sequential' }],
 *   }),
 *   { seeds: 3 },
 * )
 * console.log(formatTable(report))
 * ```
 */
export { type LabOptions, type LabProgress, runScenario } from './lab.js'
export { type PoolOptions, runScenarioFile } from './pool.js'
export { loadScenario, locateScenario, shippedScenarios } from './load-scenario.js'
export { type GroupChanges, type Quick, type Scenario, type Strategy, scenario } from './scenario.js'
export { checkScenario } from './scenario-schema.js'
export type { Swarm } from './facts.js'
export type { Job, Selection } from './plan.js'
export type { Curve, CurvePoint } from './curves.js'
export { type Measured, type Metric, type MetricName, metricNames, metrics } from './metrics.js'
export type { Figures, RunRecord, Sample, ScopeRecord } from './record.js'
export type {
  Comparison,
  Comparisons,
  GroupReport,
  LabReport,
  MetricReport,
  ScopeReport,
  StrategyReport,
} from './report.js'
export { type Estimate, estimate, estimateDifference, jain, quantile, studentT } from './statistics.js'
export { type TableOptions, formatTable } from './table.js'
export { formatHtml } from './format-html.js'
export type { HtmlOptions } from './html/page.js'
