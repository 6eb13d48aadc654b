import type { PeerGroup } from '@bitloom/simulator'
import { type Curve, completionCurve, sampleCurve } from './curves.js'
import { type MetricName, metricNames, metrics } from './metrics.js'
import { type Selection, scopesOf, seedsOf, strategiesOf, swarmOf } from './plan.js'
import type { RunRecord, ScopeRecord } from './record.js'
import type { Scenario, Strategy } from './scenario.js'
import { type Estimate, estimate, estimateDifference, isClear } from './statistics.js'

/** A figure of one strategy, and how it differs from the baseline on the same seeds. */
export interface Comparison {
  readonly value: Estimate
  /** This strategy less the baseline, pair by pair of seeds; absent for the baseline itself. */
  readonly difference?: Estimate
  /** The difference in percent of the baseline's mean; absent where that is 0. */
  readonly differencePercent?: Estimate
  /** The interval of the difference leaves zero out, to the good or the bad side; `none` = it cannot be told apart. */
  readonly verdict?: 'better' | 'worse' | 'differs' | 'none'
}

export type Comparisons = Readonly<Partial<Record<MetricName, Comparison>>>

/** All about one strategy. */
export interface StrategyReport {
  readonly name: string
  readonly summary?: string
  readonly source?: string
  readonly measured: ScopeReport
  /** Each group that downloads. */
  readonly groups: Readonly<Record<string, ScopeReport>>
  /** Copies of the rarest piece over the time of the swarm. */
  readonly rarest: Curve
  /** Mean copies of a piece over the time of the swarm. */
  readonly copies: Curve
}

/** Some of the peers. */
export interface ScopeReport {
  readonly figures: Comparisons
  /** The share of them (0 … 1) that is whole so long after joining. */
  readonly whole: Curve
}

/** What is known of a figure beside its values. */
export interface MetricReport {
  readonly name: MetricName
  readonly title: string
  readonly unit: string
  readonly better: 'lower' | 'higher' | 'neither'
  readonly meaning: string
  readonly source?: string
}

/** A group of peers as the report describes it: plain data. */
export type GroupReport = Omit<PeerGroup, 'plugins'>

/** The whole outcome of a scenario: plain data, the same for the same scenario and seeds. `bitloom simulate --json` prints it. */
export interface LabReport {
  readonly format: 1
  readonly scenario: {
    readonly name: string
    readonly summary: string
    readonly quick: boolean
    readonly torrent: { readonly lengthBytes: number; readonly pieceBytes: number }
    readonly groups: readonly GroupReport[]
    readonly measured: readonly string[]
    /** Absent where the baseline was not run. */
    readonly baseline?: string
    readonly seeds: readonly string[]
    /** Figures of interest, in order. */
    readonly headlines: readonly MetricName[]
  }
  /** Those that at least one run has. */
  readonly metrics: readonly MetricReport[]
  readonly strategies: readonly StrategyReport[]
  readonly runs: readonly Omit<RunRecord, 'samples'>[]
}

/** Puts the records of all runs together. The order of the records does not matter. */
export function reportOf(scenario: Scenario, selection: Selection, records: readonly RunRecord[]): LabReport {
  const seeds = seedsOf(scenario, selection)
  const strategies = strategiesOf(scenario, selection)
  const ordered = strategies.map((strategy) =>
    seeds.flatMap((seed) => records.filter((run) => run.strategy === strategy.name && run.seed === seed)),
  )
  const all = ordered.flat()
  const present = metricNames.filter((name) => all.some((run) => run.measured.figures[name] !== undefined))
  const baseline = scenario.baseline ?? scenario.strategies[0]?.name
  const base = ordered[strategies.findIndex(({ name }) => name === baseline)]
  const ends: Ends = {
    whole: Math.max(
      0,
      ...all.flatMap(({ measured, groups }) =>
        [measured, ...Object.values(groups)].flatMap((scope) => scope.completionSeconds.slice(-1)),
      ),
    ),
    swarm: Math.max(0, ...all.map(({ seconds }) => seconds)),
    copies: swarmOf(scenario, selection.quick ?? false).groups.reduce((sum, { count }) => sum + count, 0),
  }
  return {
    format: 1,
    scenario: {
      ...factsOf(scenario, selection),
      ...(base === undefined ? {} : { baseline: baseline ?? '' }),
      seeds,
      headlines: headlinesOf(scenario, present),
    },
    metrics: present.map(describeMetric),
    strategies: strategies.map((strategy, index) => strategyReport(strategy, ordered[index] ?? [], base, ends)),
    runs: all.map(({ samples: _samples, ...run }) => run),
  }
}

function factsOf(scenario: Scenario, { quick = false }: Selection) {
  const { torrent, groups } = swarmOf(scenario, quick)
  return {
    name: scenario.name,
    summary: scenario.summary,
    quick,
    torrent,
    groups: groups.map(({ plugins: _plugins, ...group }) => group),
    measured: scopesOf(scenario).measured,
  }
}

const usualHeadlines: readonly MetricName[] = [
  'completion-median',
  'completion-p95',
  'first-piece',
  'stalls',
  'fairness-speed',
  'share-ratio',
  'seeder-copies',
]

function headlinesOf({ metrics: wanted = usualHeadlines }: Scenario, present: readonly MetricName[]): MetricName[] {
  return wanted.filter((name) => present.includes(name))
}

function describeMetric(name: MetricName): MetricReport {
  const { of: _of, digits: _digits, ...card } = { ofSwarm: undefined, source: undefined, ...metrics[name] }
  const { title, unit, better, meaning, source } = card
  return { name, title, unit, better, meaning, ...(source === undefined ? {} : { source }) }
}

/** Where the curves of all strategies end. */
interface Ends {
  /** Seconds until the last peer was whole. */
  readonly whole: number
  /** Seconds of the longest run. */
  readonly swarm: number
  /** Peers, of whom each can have a copy. */
  readonly copies: number
}

function strategyReport(
  { name, summary, source }: Strategy,
  runs: readonly RunRecord[],
  base: readonly RunRecord[] | undefined,
  ends: Ends,
): StrategyReport {
  const others = base === runs ? undefined : base
  const groups = [...new Set(runs.flatMap((run) => Object.keys(run.groups)))]
  const scope = (of: (run: RunRecord) => ScopeRecord | undefined): ScopeReport => ({
    figures: comparisonsOf(runs, others, of),
    whole: completionCurve(runs.map(of), ends.whole),
  })
  return {
    name,
    ...(summary === undefined ? {} : { summary }),
    ...(source === undefined ? {} : { source }),
    measured: scope((run) => run.measured),
    groups: Object.fromEntries(groups.map((group) => [group, scope((run) => run.groups[group])])),
    rarest: sampleCurve(runs, ends.swarm, 'rarest', ends.copies),
    copies: sampleCurve(runs, ends.swarm, 'copies', ends.copies),
  }
}

function comparisonsOf(
  runs: readonly RunRecord[],
  base: readonly RunRecord[] | undefined,
  scopeOf: (run: RunRecord) => ScopeRecord | undefined,
): Comparisons {
  const found: Partial<Record<MetricName, Comparison>> = {}
  for (const name of metricNames) {
    const valuesOf = (some: readonly RunRecord[]): (number | undefined)[] =>
      some.map((run) => scopeOf(run)?.figures[name])
    const compared = comparisonOf(valuesOf(runs), base === undefined ? undefined : valuesOf(base), metrics[name].better)
    if (compared !== undefined) found[name] = compared
  }
  return found
}

function comparisonOf(
  values: readonly (number | undefined)[],
  base: readonly (number | undefined)[] | undefined,
  better: 'lower' | 'higher' | 'neither',
): Comparison | undefined {
  const value = estimate(values.filter((each) => each !== undefined))
  if (value === undefined) return undefined
  const difference = base === undefined ? undefined : estimateDifference(values, base)
  if (difference === undefined) return { value }
  const baseMean = value.n === difference.n ? value.mean - difference.mean : pairedBaseMean(values, base ?? [])
  return {
    value,
    difference,
    ...(baseMean === 0 ? {} : { differencePercent: scaled(difference, 100 / Math.abs(baseMean)) }),
    verdict: verdictOf(difference, better),
  }
}

/** The baseline's mean over the seeds in which both have a value. */
function pairedBaseMean(values: readonly (number | undefined)[], base: readonly (number | undefined)[]): number {
  return (
    estimate(base.filter((other, index) => other !== undefined && values[index] !== undefined).map(Number))?.mean ?? 0
  )
}

function scaled({ n, mean, low, high }: Estimate, factor: number): Estimate {
  return {
    n,
    mean: mean * factor,
    ...(low === undefined ? {} : { low: low * factor }),
    ...(high === undefined ? {} : { high: high * factor }),
  }
}

function verdictOf(
  difference: Estimate,
  better: 'lower' | 'higher' | 'neither',
): 'better' | 'worse' | 'differs' | 'none' {
  if (!isClear(difference)) return 'none'
  if (better === 'neither') return 'differs'
  return difference.mean < 0 === (better === 'lower') ? 'better' : 'worse'
}
