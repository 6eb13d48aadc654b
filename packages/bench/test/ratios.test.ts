import { describe, expect, it } from 'vitest'
import { faultsOf, ratiosOf, stageTable, tolerance, verdictOf } from '../src/stages/ratios.js'
import type { StageResult } from '../src/stages/run-stages.js'

function result(name: string, ratio: number): StageResult {
  return { name, cost: 12.345, unit: 'µs', per: 'block', reference: 'loop', ratio }
}

describe('a stage against its committed ratio', () => {
  it.each([
    [1, 'ok'],
    [tolerance, 'ok'],
    [tolerance * 1.01, 'slower'],
    [0.99 / tolerance, 'faster'],
  ])('of %d times of it is %s', (ratio, verdict) => {
    expect(verdictOf({ name: 'a', ratio }, { a: 1 })).toBe(verdict)
  })

  it('that nobody committed is new', () => {
    expect(verdictOf({ name: 'a', ratio: 1 }, {})).toBe('new')
  })
})

describe('a check', () => {
  it('passes when all are as they were, or better', () => {
    expect(faultsOf([result('a', 1), result('b', 0.1)], { a: 1, b: 1 })).toEqual([])
  })

  it('names what became slower, what is new and what is gone', () => {
    expect(faultsOf([result('a', 5), result('b', 1)], { a: 1, c: 1 })).toEqual([
      'a: 5.0 times of what it was, as a multiple of the reference "loop"',
      'b: no ratio is committed',
      'c: a ratio is committed, but there is no such stage',
    ])
  })
})

it('ratios are committed by name, with three digits', () => {
  const ratios = ratiosOf([result('b', 1234.5), result('a', 0.00012345)])
  expect(JSON.stringify(ratios)).toBe('{"a":0.000123,"b":1230}')
})

it('the table has a row for each stage', () => {
  expect(stageTable([{ ...result('a', 2.5), gigabytesPerCpuSecond: 1.2345 }], { a: 1 })).toEqual([
    ['stage', 'cost', 'GB/CPU s', 'GB/s', 'reference', 'ratio', 'committed', ''],
    ['a', '12.3 µs a block', '1.23', '', 'loop', '2.50', '1.00', 'slower'],
  ])
})
