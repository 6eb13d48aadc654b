import { describe, expect, it } from 'vitest'
import { RateMeter } from '../src/peer/rate-meter.js'
import { TokenBucket } from '../src/peer/token-bucket.js'

const second = 1_000
const kib = 1_024

describe('RateMeter', () => {
  /** `bytesPerSecond` in small portions for a while; answers when it stopped. */
  function feed(meter: RateMeter, bytesPerSecond: number, fromMs: number, forMs: number): number {
    for (let at = 0; at < forMs; at += 50) meter.add(bytesPerSecond / 20, fromMs + at)
    return fromMs + forMs
  }

  it.each([4, 8, 30])('shows a steady rate after %i s', (seconds) => {
    const meter = new RateMeter()
    const nowMs = feed(meter, 100 * kib, 10_000, seconds * second)
    expect(meter.rate(nowMs)).toBeGreaterThan(80 * kib)
    expect(meter.rate(nowMs)).toBeLessThan(120 * kib)
  })

  it('follows a change within seconds, and smooths what comes in bursts', () => {
    const meter = new RateMeter()
    let nowMs = feed(meter, 100 * kib, 10_000, 30 * second)
    nowMs = feed(meter, 300 * kib, nowMs, 15 * second)
    expect(meter.rate(nowMs)).toBeGreaterThan(270 * kib)
    const bursts = new RateMeter()
    for (let at = 0; at < 30; at++) bursts.add(100 * kib, 10_000 + at * second)
    expect(bursts.rate(40_000)).toBeGreaterThan(70 * kib)
    expect(bursts.rate(40_000)).toBeLessThan(130 * kib)
  })

  it('falls to 0 while nothing comes', () => {
    const meter = new RateMeter()
    const nowMs = feed(meter, 100 * kib, 10_000, 30 * second)
    const rates = [1, 5, 10, 20].map((later) => meter.rate(nowMs + later * second))
    expect(rates).toEqual([...rates].sort((a, b) => b - a))
    expect(rates[2]).toBeLessThan(20 * kib)
    expect(meter.rate(nowMs + 600 * second)).toBe(0)
  })

  it('is 0 before anything came', () => {
    expect(new RateMeter().rate(5_000)).toBe(0)
  })
})

describe('TokenBucket', () => {
  it('without a limit, or with an infinite one, gives everything always', () => {
    for (const rate of [undefined, Infinity]) {
      const bucket = new TokenBucket(rate, 0)
      bucket.take(1e9, 0)
      expect([bucket.available(0), bucket.available(0), bucket.available(10), bucket.rate]).toEqual([
        Infinity,
        Infinity,
        Infinity,
        undefined,
      ])
      bucket.setRate(1_000, 10)
      bucket.setRate(rate, 10)
      expect(bucket.available(10)).toBe(Infinity)
    }
  })

  it('lets the mean rate through, whatever the portions', () => {
    const bucket = new TokenBucket(100_000, 0)
    let sent = 0
    for (let nowMs = 0; nowMs <= 60 * second; nowMs += 100) {
      while (bucket.available(nowMs) > 0) {
        bucket.take(16_384, nowMs)
        sent += 16_384
      }
    }
    expect(sent / 60).toBeGreaterThan(99_000)
    expect(sent / 60).toBeLessThan(102_000)
  })

  it('saves up a quarter of a second, one block at least', () => {
    const bucket = new TokenBucket(400_000, 0)
    expect(bucket.available(60 * second)).toBe(100_000)
    expect(new TokenBucket(1_000, 0).available(0)).toBe(16_384)
  })

  it('goes into debt, and pays it back before anything is available', () => {
    const bucket = new TokenBucket(100_000, 0)
    bucket.take(125_000, 0)
    expect(bucket.available(0)).toBe(-100_000)
    expect(bucket.available(500)).toBe(-50_000)
    expect(bucket.readyAtMs(500)).toBeCloseTo(1_000, 0)
    expect(bucket.available(bucket.readyAtMs(500))).toBeGreaterThan(0)
  })

  it('knows no bounds without a rate, and takes a new rate at once', () => {
    const bucket = new TokenBucket(undefined, 0)
    bucket.take(1e12, 0)
    expect(bucket.available(0)).toBe(Infinity)
    expect(bucket.readyAtMs(7)).toBe(7)
    bucket.setRate(400_000, second)
    expect(bucket.available(second)).toBeLessThanOrEqual(100_000)
    expect(bucket.available(2 * second)).toBe(100_000)
  })

  it('gives back what was taken for nothing, not more than it holds', () => {
    const bucket = new TokenBucket(400_000, 0)
    bucket.take(60_000, 0)
    bucket.refund(30_000)
    expect(bucket.available(0)).toBe(70_000)
    bucket.refund(1e9)
    expect(bucket.available(0)).toBe(100_000)
  })

  it('does not fill when time goes backwards', () => {
    const bucket = new TokenBucket(100_000, second)
    bucket.take(25_000, second)
    expect(bucket.available(0)).toBe(0)
  })
})
