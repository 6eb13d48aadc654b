import type { StageResult } from './run-stages.js'

/** What each stage costs as a multiple of its reference, by the stage's name. */
export type Ratios = Readonly<Record<string, number>>

/** How far above its committed ratio a stage may be: on a machine with other work ratios vary by a half. */
export const tolerance = 2

/** How a stage stands to what was committed. */
export type Verdict = 'ok' | 'slower' | 'faster' | 'new'

export function verdictOf({ name, ratio }: Pick<StageResult, 'name' | 'ratio'>, committed: Ratios): Verdict {
  const expected = committed[name]
  if (expected === undefined) return 'new'
  if (ratio > expected * tolerance) return 'slower'
  return ratio * tolerance < expected ? 'faster' : 'ok'
}

/** The ratios to commit, sorted by name, with three digits that count. */
export function ratiosOf(results: readonly StageResult[]): Ratios {
  const entries = results.map(({ name, ratio }) => [name, Number(ratio.toPrecision(3))] as const)
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Sentences on what a check should fail for: stages that are slower, that nobody committed, or that are gone. */
export function faultsOf(results: readonly StageResult[], committed: Ratios): string[] {
  const measured = new Set(results.map(({ name }) => name))
  const gone = Object.keys(committed).filter((name) => !measured.has(name))
  return [
    ...results.flatMap((result) => {
      const expected = committed[result.name]
      if (expected === undefined) return [`${result.name}: no ratio is committed`]
      if (verdictOf(result, committed) !== 'slower') return []
      const times = (result.ratio / expected).toFixed(1)
      return [`${result.name}: ${times} times of what it was, as a multiple of the reference "${result.reference}"`]
    }),
    ...gone.map((name) => `${name}: a ratio is committed, but there is no such stage`),
  ]
}

/** The rows of a table, its head first. */
export function stageTable(results: readonly StageResult[], committed: Ratios): string[][] {
  const head = ['stage', 'cost', 'GB/CPU s', 'GB/s', 'reference', 'ratio', 'committed', '']
  const rows = results.map((result) => {
    const { name, cost, unit, per, gigabytesPerCpuSecond, gigabytesPerSecond, reference, ratio } = result
    const expected = committed[name]
    return [
      name,
      `${digits(cost)} ${unit} a ${per}`,
      gigabytesPerCpuSecond === undefined ? '' : digits(gigabytesPerCpuSecond),
      gigabytesPerSecond === undefined ? '' : digits(gigabytesPerSecond),
      reference,
      digits(ratio),
      expected === undefined ? '' : digits(expected),
      verdictOf(result, committed),
    ]
  })
  return [head, ...rows]
}

/** Three digits that count, without exponents. */
function digits(value: number): string {
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)))
  return value.toFixed(Math.min(places, 8))
}
