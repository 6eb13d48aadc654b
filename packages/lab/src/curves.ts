import type { RunRecord, Sample, ScopeRecord } from './record.js'
import { estimate } from './statistics.js'

/** A figure over time, as a mean over seeds with the ends of its 95 % interval at each point. */
export interface CurvePoint {
  readonly atSeconds: number
  readonly mean: number
  readonly low: number
  readonly high: number
}
export type Curve = readonly CurvePoint[]

const points = 120

/** `points` times from 0 to `endSeconds`. */
function grid(endSeconds: number): number[] {
  return Array.from({ length: points + 1 }, (_, index) => (endSeconds * index) / points)
}

/** The share of some peers (0 … 1) that is whole so long after joining. */
export function completionCurve(scopes: readonly (ScopeRecord | undefined)[], endSeconds: number): Curve {
  const curve = curveOf(endSeconds, scopes, (scope, at) =>
    scope === undefined || scope.peers === 0 ? undefined : countUpTo(scope.completionSeconds, at) / scope.peers,
  )
  return cutAt(curve, 1)
}

/** A field of the samples over the time of the swarm, at most `most`. A run that has ended keeps its last value. */
export function sampleCurve(
  runs: readonly RunRecord[],
  endSeconds: number,
  field: Exclude<keyof Sample, 'atSeconds'>,
  most: number,
): Curve {
  const curve = curveOf(endSeconds, runs, ({ samples }, at) => {
    const later = samples.findIndex((sample) => sample.atSeconds > at)
    const sample = later < 0 ? samples.at(-1) : samples[later - 1]
    return sample?.[field]
  })
  return cutAt(curve, most)
}

const cutAt = (curve: Curve, most: number): Curve =>
  curve.map((point) => ({ ...point, high: Math.max(point.mean, Math.min(most, point.high)) }))

/** Intervals are cut at 0, below which none of these figures can be; a single seed has none, and both ends are the mean. */
function curveOf<T>(
  endSeconds: number,
  runs: readonly T[],
  valueAt: (run: T, atSeconds: number) => number | undefined,
): Curve {
  return grid(endSeconds).flatMap((atSeconds) => {
    const values = runs.map((run) => valueAt(run, atSeconds)).filter((value) => value !== undefined)
    const found = estimate(values)
    if (found === undefined) return []
    const { mean, low = mean, high = mean } = found
    return [{ atSeconds, mean, low: Math.max(0, low), high }]
  })
}

/** How many of ascending values do not exceed a limit. */
function countUpTo(ascending: readonly number[], limit: number): number {
  const first = ascending.findIndex((value) => value > limit)
  return first < 0 ? ascending.length : first
}
