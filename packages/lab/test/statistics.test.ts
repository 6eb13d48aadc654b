import { describe, expect, it } from 'vitest'
import {
  estimate,
  estimateDifference,
  isClear,
  jain,
  quantile,
  standardDeviation,
  studentT,
} from '../src/statistics.js'

describe('the quantiles of Student’s t', () => {
  // Tables of NIST/SEMATECH, "e-Handbook of statistical methods", 1.3.6.7.2, with more digits.
  it.each([
    [0.975, 1, 12.706204736],
    [0.975, 2, 4.30265273],
    [0.975, 4, 2.776445105],
    [0.975, 9, 2.262157163],
    [0.975, 30, 2.042272456],
    [0.975, 1000, 1.962339081],
    [0.95, 9, 1.833112933],
    [0.995, 5, 4.032142984],
    [0.5, 7, 0],
  ])('%d with %d degrees of freedom is %d', (p, degrees, expected) => {
    expect(studentT(p, degrees)).toBeCloseTo(expected, 8)
  })
})

describe('an estimate', () => {
  it('is the mean with the t interval of its standard error', () => {
    const { n, mean, low = 0, high = 0 } = estimate([1, 2, 3, 4, 5]) ?? { n: 0, mean: 0 }
    expect({ n, mean }).toEqual({ n: 5, mean: 3 })
    // 2.776445 · 1.581139 / √5
    expect(high - mean).toBeCloseTo(1.963243, 6)
    expect(mean - low).toBeCloseTo(1.963243, 6)
  })

  it('of one value has no interval, of none does not exist', () => {
    expect(estimate([7])).toEqual({ n: 1, mean: 7 })
    expect(estimate([])).toBeUndefined()
  })

  it('of values that are all the same is sure', () => {
    expect(estimate([4, 4, 4])).toEqual({ n: 3, mean: 4, low: 4, high: 4 })
  })

  it('of a difference is paired: what both seeds share does not blur it', () => {
    const seeds = [10, 20, 30, 40]
    const paired = estimateDifference(
      seeds.map((value, index) => value + 1 + index / 100),
      seeds,
    )
    expect(paired?.mean).toBeCloseTo(1.015)
    expect(isClear(paired)).toBe(true)
  })

  it('of a difference leaves out pairs that lack a side', () => {
    expect(estimateDifference([5, undefined, 9], [1, 2, undefined])).toEqual({ n: 1, mean: 4 })
    expect(estimateDifference([undefined], [1])).toBeUndefined()
  })

  it('is clear only where its interval leaves zero out', () => {
    expect(isClear({ n: 3, mean: 1, low: -0.1, high: 2.1 })).toBe(false)
    expect(isClear({ n: 3, mean: -1, low: -2, high: -0.1 })).toBe(true)
    expect(isClear({ n: 1, mean: 5 })).toBe(false)
    expect(isClear(undefined)).toBe(false)
  })
})

describe('quantiles', () => {
  it.each([
    [[3, 1, 2], 0.5, 2],
    [[1, 2, 3, 4], 0.5, 2],
    [[1, 2, 3, 4], 0.51, 3],
    [[1, 2, 3, 4], 1, 4],
    [[1, 2, 3, 4], 0, 1],
    [Array.from({ length: 20 }, (_, index) => index + 1), 0.95, 19],
    [[1, 2, Infinity], 0.5, 2],
    [[1, Infinity, Infinity], 0.5, undefined],
    [[], 0.5, undefined],
  ])('of %j at %d: %s', (values, p, expected) => expect(quantile(values, p)).toBe(expected))

  it('do not reorder what they are given', () => {
    const values = [3, 1, 2]
    quantile(values, 0.5)
    expect(values).toEqual([3, 1, 2])
  })
})

describe('Jain’s index', () => {
  it.each([
    ['all have the same', [5, 5, 5, 5], 1],
    ['one of four has all', [1, 0, 0, 0], 0.25],
    ['half have all', [2, 2, 0, 0], 0.5],
    ['one has twice as much', [1, 2], 0.9],
    ['nobody has anything', [0, 0], undefined],
    ['there is nobody', [], undefined],
  ])('when %s', (_, values, expected) => expect(jain(values)).toBe(expected))

  it('does not depend on the unit', () => expect(jain([10, 20, 70])).toBeCloseTo(jain([1, 2, 7]) ?? 0))
})

it('the standard deviation is that of a sample', () => {
  expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(2.13809, 5)
})
