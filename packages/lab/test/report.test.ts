import { describe, expect, it } from 'vitest'
import { reportOf } from '../src/report.js'
import { formatTable } from '../src/table.js'
import { run, scenario } from './hand-made.js'

const slow = [run('slow', '1', [10, 20, 30]), run('slow', '2', [12, 22, 32]), run('slow', '3', [11, 21, 31])]
const fast = [run('fast', '1', [5, 10, 15]), run('fast', '2', [6, 11, 16]), run('fast', '3', [5, 11, 15])]
const records = [...slow, ...fast]

describe('a report', () => {
  it('compares each strategy with the baseline, seed by seed', () => {
    const { strategies } = reportOf(scenario, {}, records)
    const [first, second] = strategies
    expect(first?.measured.figures['completion-median']).toEqual({ value: expect.objectContaining({ n: 3, mean: 21 }) })
    const compared = second?.measured.figures['completion-median']
    // 10 − 20, 11 − 22, 11 − 21
    expect(compared?.difference?.mean).toBeCloseTo(-31 / 3)
    expect(compared?.differencePercent?.mean).toBeCloseTo((-100 * 31) / 63)
    expect(compared?.verdict).toBe('better')
  })

  it('does not depend on the order in which runs ended', () => {
    expect(reportOf(scenario, {}, records.toReversed())).toEqual(reportOf(scenario, {}, records))
  })

  it('puts the baseline first', () => {
    const { strategies, scenario: facts } = reportOf({ ...scenario, baseline: 'fast' }, {}, records)
    expect(strategies.map(({ name }) => name)).toEqual(['fast', 'slow'])
    expect(facts.baseline).toBe('fast')
    expect(strategies[1]?.measured.figures['completion-median']?.verdict).toBe('worse')
  })

  it('of one strategy that is not the baseline compares with nothing', () => {
    const report = reportOf(scenario, { strategies: ['fast'] }, fast)
    expect(report.scenario).not.toHaveProperty('baseline')
    expect(report.strategies[0]?.measured.figures['completion-median']).not.toHaveProperty('difference')
  })

  it('of one seed has differences and no intervals, so no verdict but that it cannot tell', () => {
    const report = reportOf(scenario, { seed: '2' }, records)
    const compared = report.strategies[1]?.measured.figures['completion-median']
    expect(compared?.difference).toEqual({ n: 1, mean: -11 })
    expect(compared?.verdict).toBe('none')
  })

  it('leaves seeds out of a difference in which a side has no value', () => {
    const { figures: _figures, ...rest } = run('fast', '3', []).measured
    const gap = { ...run('fast', '3', []), measured: { ...rest, figures: {} } }
    const report = reportOf(scenario, {}, [...slow, ...fast.slice(0, 2), gap])
    const compared = report.strategies[1]?.measured.figures['completion-median']
    expect(compared?.value.n).toBe(2)
    expect(compared?.difference).toMatchObject({ n: 2, mean: -10.5 })
    expect(compared?.differencePercent?.mean).toBe(-50)
  })

  it('is plain data: JSON keeps it whole', () => {
    const report = reportOf(scenario, {}, records)
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  it('tells only of figures that a run has', () => {
    expect(reportOf(scenario, {}, records).metrics.map(({ name }) => name)).toEqual(['completion-median'])
  })
})

describe('the table', () => {
  it('has a row for each strategy, and below it what changed', () => {
    const lines = formatTable(reportOf(scenario, {}, records)).split('\n')
    expect(lines.slice(-6)).toEqual([
      '              Median',
      '          completion',
      'strategy           s',
      'slow      21.0 ± 2.5',
      'fast      10.7 ± 1.4',
      '             −49 % ✓',
    ])
  })

  it('paints verdicts only', () => {
    const painted: string[] = []
    formatTable(reportOf(scenario, {}, records), { paint: (verdict, text) => `${painted.push(verdict)}${text}` })
    expect(painted).toEqual(['better'])
  })

  it('is cut into several where the terminal is narrow', () => {
    const wide = reportOf({ ...scenario, metrics: ['completion-median', 'stalls'] }, {}, [
      ...records.map((each) => ({
        ...each,
        measured: { ...each.measured, figures: { ...each.measured.figures, stalls: 1 } },
      })),
    ])
    const narrow = formatTable(wide, { width: 24 }).split('\n')
    expect(narrow.filter((line) => line.startsWith('strategy'))).toHaveLength(2)
    expect(Math.max(...narrow.slice(-8).map((line) => line.length))).toBeLessThanOrEqual(24)
  })
})
