import type { SideCost, TransferResult } from '../rig/transfer.js'
import type { SideRow } from './side.js'
import type { SideCeiling } from './ceilings.js'
import { median, spread } from './statistics.js'

const [mebibyte, gibibyte] = [2 ** 20, 2 ** 30]

/** Medians of one pair in one case. */
export interface SideFigures {
  readonly mebibytesPerSecond: number
  /** Of the rates, as `spread` defines it. */
  readonly spread: number
  readonly seeder: SideMedians
  readonly leecher: SideMedians
  /** The largest share of the machine that others had during a run. */
  readonly foreignShare: number
}

export interface SideMedians {
  readonly cpuSecondsPerGibibyte: number
  readonly peakRssMebibytes: number
  readonly peakAnonMebibytes: number
  readonly loopDelayP99Ms: number | undefined
}

/** The medians of at least one result. */
export function figuresOf(results: readonly TransferResult[]): SideFigures {
  const rates = results.map(({ lengthBytes, seconds }) => lengthBytes / mebibyte / seconds)
  const [{ lengthBytes } = { lengthBytes: Number.NaN }] = results
  return {
    mebibytesPerSecond: median(rates),
    spread: spread(rates),
    seeder: mediansOf(
      results.map(({ seeder }) => seeder),
      lengthBytes,
    ),
    leecher: mediansOf(
      results.map(({ leecher }) => leecher),
      lengthBytes,
    ),
    foreignShare: Math.max(...results.map(({ foreignShare }) => foreignShare)),
  }
}

function mediansOf(costs: readonly SideCost[], lengthBytes: number): SideMedians {
  const of = (pick: (cost: SideCost) => number): number => median(costs.map(pick))
  const delays = costs.flatMap(({ loopDelayP99Ms }) => loopDelayP99Ms ?? [])
  return {
    cpuSecondsPerGibibyte: of(({ cpuSeconds }) => cpuSeconds) / (lengthBytes / gibibyte),
    peakRssMebibytes: of(({ peakRssBytes }) => peakRssBytes) / mebibyte,
    peakAnonMebibytes: of(({ peakAnonBytes }) => peakAnonBytes) / mebibyte,
    loopDelayP99Ms: delays.length === 0 ? undefined : median(delays),
  }
}

/** The rows of a table, its head first: a row for each pair, the figures of both sides, and what the ceiling leaves. */
export function sideTable(rows: readonly SideRow[], ceiling?: SideCeiling): string[][] {
  const head = [
    'case',
    'from',
    'to',
    'runs',
    'MiB/s',
    '±',
    'CPU s/GiB',
    'RSS MiB',
    'anon MiB',
    'loop p99 ms',
    'foreign CPU',
  ]
  if (ceiling !== undefined) head.push('rate of ceiling', 'CPU of ceiling')
  return [head, ...rows.map((row) => [row.case, row.seeder, row.leecher, ...cells(row, ceiling)])]
}

function cells({ results, limitSeconds }: SideRow, ceiling: SideCeiling | undefined): string[] {
  const unended = limitSeconds === undefined ? undefined : `did not end within ${limitSeconds.toFixed(0)} s`
  if (results.length === 0) return [unended ?? 'failed']
  const { mebibytesPerSecond, spread, seeder, leecher, foreignShare } = figuresOf(results)
  /** Both sides of one figure, the seeder's first. */
  const both = (pick: (side: SideMedians) => string): string => `${pick(seeder)} → ${pick(leecher)}`
  /** The least CPU time that there can be, as a share of what was taken. */
  const cpuOf = ({ seederCpuSecondsPerGibibyte, leecherCpuSecondsPerGibibyte }: SideCeiling): string =>
    [
      seederCpuSecondsPerGibibyte / seeder.cpuSecondsPerGibibyte,
      leecherCpuSecondsPerGibibyte / leecher.cpuSecondsPerGibibyte,
    ]
      .map(percent)
      .join(' → ')
  return [
    unended === undefined ? String(results.length) : `${results.length}, then one ${unended}`,
    mebibytesPerSecond.toFixed(0),
    percent(spread),
    both(({ cpuSecondsPerGibibyte }) => cpuSecondsPerGibibyte.toFixed(2)),
    both(({ peakRssMebibytes }) => peakRssMebibytes.toFixed(0)),
    both(({ peakAnonMebibytes }) => peakAnonMebibytes.toFixed(0)),
    both(({ loopDelayP99Ms }) => loopDelayP99Ms?.toFixed(0) ?? '–'),
    percent(foreignShare),
    ...(ceiling === undefined ? [] : [percent(mebibytesPerSecond / ceiling.mebibytesPerSecond), cpuOf(ceiling)]),
  ]
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}
