import { describe, expect, it } from 'vitest'
import { median, spread } from '../src/statistics.js'

describe('median', () => {
  it.each([
    [[3], 3],
    [[5, 1, 3], 3],
    [[4, 1, 3, 2], 2.5],
    [[10, 9, 100], 10],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected)
  })

  it('of nothing is no number, and leaves its values as they are', () => {
    expect(median([])).toBeNaN()
    const values = [3, 1, 2]
    median(values)
    expect(values).toEqual([3, 1, 2])
  })
})

describe('spread', () => {
  it('is half the way between the ends, as a share of the median', () => {
    expect(spread([90, 100, 110])).toBeCloseTo(0.1)
    expect(spread([100])).toBe(0)
    expect(spread([])).toBeNaN()
  })
})
