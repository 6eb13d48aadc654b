import { describe, expect, it } from 'vitest'
import { completionCurve, sampleCurve } from '../src/curves.js'
import { run } from './hand-made.js'

const at = (curve: readonly { atSeconds: number; mean: number }[], seconds: number) =>
  curve.find(({ atSeconds }) => Math.abs(atSeconds - seconds) < 1e-9)

describe('the completion curve', () => {
  it('is the share of all peers that is whole, those that never were included', () => {
    const { measured } = run('a', '1', [3, 6, 9])
    const curve = completionCurve([{ ...measured, peers: 4 }], 12)
    expect([0, 3, 5.9, 6, 12].map((seconds) => at(curve, seconds)?.mean)).toEqual([0, 0.25, 0.25, 0.5, 0.75])
  })

  it('is a mean over seeds, with a band that stays between 0 and 1', () => {
    const curve = completionCurve([run('a', '1', [1, 1]).measured, run('a', '2', [9, 9]).measured], 10)
    expect(at(curve, 5)).toMatchObject({ mean: 0.5, low: 0, high: 1 })
    expect(at(curve, 10)).toMatchObject({ mean: 1, low: 1, high: 1 })
  })

  it('of no peers is empty', () => expect(completionCurve([undefined], 10)).toEqual([]))
})

describe('a curve of samples', () => {
  it('is the last sample until the next, and keeps it when the run has ended', () => {
    const curve = sampleCurve([run('a', '1', [10])], 20, 'rarest', 9)
    expect([0, 9.5, 10, 20].map((seconds) => at(curve, seconds)?.mean)).toEqual([1, 1, 3, 3])
  })

  it('has a band that ends where no more copies can be', () => {
    const other = { ...run('a', '2', [10]), samples: [{ atSeconds: 0, rarest: 4, copies: 4 }] }
    expect(sampleCurve([run('a', '1', [10]), other], 10, 'rarest', 5)[0]).toMatchObject({ mean: 2.5, low: 0, high: 5 })
  })

  it('begins with the first sample', () => {
    const late = { ...run('a', '1', [10]), samples: [{ atSeconds: 5, rarest: 2, copies: 2 }] }
    expect(sampleCurve([late], 10, 'copies', 9)[0]).toMatchObject({ atSeconds: 5, mean: 2 })
  })
})
