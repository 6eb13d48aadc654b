import { describe, expect, it } from 'vitest'
import type { TransferResult } from '../rig/transfer.js'
import { pairsOf, pairsOfVariants, roundsOf } from '../src/side.js'
import { figuresOf, sideTable } from '../src/side-table.js'

const mebibyte = 2 ** 20

function result(seconds: number, leecherCpuSeconds: number): TransferResult {
  const side = { cpuSeconds: leecherCpuSeconds, peakRssBytes: 50 * mebibyte, peakAnonBytes: 10 * mebibyte }
  return {
    seconds,
    lengthBytes: 512 * mebibyte,
    seeder: { ...side, cpuSeconds: 0.25 },
    leecher: { ...side, loopDelayP99Ms: 7 },
    foreignShare: seconds / 100,
  }
}

describe('figures of a pair', () => {
  it('are medians, per second and per gibibyte; of foreign load the worst', () => {
    const figures = figuresOf([result(2, 1), result(4, 2), result(1, 9)])
    expect(figures.mebibytesPerSecond).toBe(256)
    expect(figures.leecher).toEqual({
      cpuSecondsPerGibibyte: 4,
      peakRssMebibytes: 50,
      peakAnonMebibytes: 10,
      loopDelayP99Ms: 7,
    })
    expect(figures.seeder.cpuSecondsPerGibibyte).toBe(0.5)
    expect(figures.seeder.loopDelayP99Ms).toBeUndefined()
    expect(figures.foreignShare).toBe(0.04)
  })

  it('stand in a table, a failed pair too', () => {
    const [head, good, bad] = sideTable([
      { case: 'one', seeder: 'a', leecher: 'b', results: [result(2, 1)] },
      { case: 'one', seeder: 'b', leecher: 'a', results: [], error: 'it ended with 1' },
    ])
    expect(head?.slice(0, 5)).toEqual(['case', 'from', 'to', 'runs', 'MiB/s'])
    expect(good).toEqual(['one', 'a', 'b', '1', '256', '0 %', '0.50 → 2.00', '50 → 50', '10 → 10', '– → 7', '2 %'])
    expect(bad).toEqual(['one', 'b', 'a', 'failed'])
    const unended = { case: 'one', seeder: 'b', leecher: 'a', limitSeconds: 158.4 }
    const [, never, once] = sideTable([
      { ...unended, results: [] },
      { ...unended, results: [result(2, 1)] },
    ])
    expect(never).toEqual(['one', 'b', 'a', 'did not end within 158 s'])
    expect(once?.slice(3, 5)).toEqual(['1, then one did not end within 158 s', '256'])
  })
})

describe('the usual pairs', () => {
  it('are each client on both sides of the partner, and ours with itself', () => {
    const pairs = pairsOf(['bitloom', 'aria2', 'libtorrent'], 'libtorrent')
    expect(pairs.map(({ seeder, leecher }) => `${seeder}:${leecher}`)).toEqual([
      'libtorrent:bitloom',
      'bitloom:libtorrent',
      'libtorrent:aria2',
      'aria2:libtorrent',
      'libtorrent:libtorrent',
      'bitloom:bitloom',
    ])
  })
})

it('other versions of Node run with the partner and with themselves', () => {
  const pairs = pairsOfVariants(['bitloom (v24.0.0)'], 'libtorrent')
  expect(pairs.map(({ seeder, leecher }) => `${seeder}:${leecher}`)).toEqual([
    'libtorrent:bitloom (v24.0.0)',
    'bitloom (v24.0.0):libtorrent',
    'bitloom (v24.0.0):bitloom (v24.0.0)',
  ])
})

it('rounds have something of every case soon', () => {
  const shape = { lengthBytes: 1, files: 1, pieceLengthBytes: 1 }
  const cases = ['one', 'files', 'peers-8'].map((name) => ({ name, shape, peers: 1, pairs: [] }))
  const order = (runs: number) => roundsOf(cases, runs).map(({ case: { name }, run }) => `${name} ${run}`)
  expect(order(1)).toEqual(['one 1', 'files 1', 'peers-8 1'])
  expect(order(3)).toEqual([
    ...['one 1', 'files 1', 'peers-8 1', 'one 2', 'one 3'],
    ...['files 2', 'peers-8 2', 'files 3', 'peers-8 3'],
  ])
  expect(roundsOf([], 5)).toEqual([])
})
