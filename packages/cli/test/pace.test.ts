import { describe, expect, it } from 'vitest'
import { Pace } from '../src/progress/pace.js'

/** The pace after seconds of so many bytes each, looked at four times a second. */
function after(seconds: readonly number[], pace = new Pace()): Pace {
  let [bytes, nowMs] = [0, 0]
  pace.add(bytes, nowMs)
  for (const perSecond of seconds) {
    for (let quarter = 0; quarter < 4; quarter++) pace.add((bytes += perSecond / 4), (nowMs += 250))
  }
  return pace
}

const times = (count: number, perSecond: number): number[] => Array.from({ length: count }, () => perSecond)

describe('the pace', () => {
  it('of an even flow is its rate from the start on', () => {
    expect(after(times(1, 1_000)).rate).toBeCloseTo(1_000)
    expect(after(times(60, 1_000)).rate).toBeCloseTo(1_000)
    expect(after(times(5, 1_000)).secondsFor(50_000)).toBeCloseTo(50)
  })

  it('is smooth where bytes come in bursts: the time left moves by less than a quarter', () => {
    const bursts = Array.from({ length: 120 }, (_, second) => (second % 4 === 0 ? 4_000 : 0))
    const pace = new Pace()
    let [bytes, nowMs] = [0, 0]
    pace.add(bytes, nowMs)
    const foretold: number[] = []
    for (const perSecond of bursts) {
      pace.add((bytes += perSecond), (nowMs += 1_000))
      if (nowMs > 60_000) foretold.push(pace.secondsFor(100_000) ?? Number.NaN)
    }
    expect(Math.min(...foretold)).toBeGreaterThan(100 * 0.75)
    expect(Math.max(...foretold)).toBeLessThan(100 * 1.25)
  })

  it('follows a change within seconds, and foretells by it within a minute or two', () => {
    const slower = after([...times(60, 10_000), ...times(10, 1_000)])
    expect(slower.rate).toBeLessThan(1_500)
    expect(after([...times(60, 10_000), ...times(120, 1_000)]).secondsFor(10_000)).toBeGreaterThan(8)
  })

  it.each<[string, readonly number[]]>([
    ['nothing has come yet', times(60, 0)],
    ['it has just begun', [...times(60, 0), 1_000]],
    ['nothing comes any more', [...times(60, 1_000), ...times(15, 0)]],
  ])('foretells nothing when %s', (_, seconds) => {
    expect(after(seconds).secondsFor(1_000)).toBeUndefined()
  })

  it('does not count the time before the first byte', () => {
    expect(after([...times(300, 0), ...times(3, 1_000)]).secondsFor(10_000)).toBeCloseTo(10, 0)
  })

  it('with nothing left is over', () => {
    expect(new Pace().secondsFor(0)).toBe(0)
  })
})
