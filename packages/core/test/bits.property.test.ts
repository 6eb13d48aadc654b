import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bits } from '../src/bytes/bits.js'

const length = 45
const members = fc.uniqueArray(fc.nat(length - 1))

function bitsOf(numbers: readonly number[]): Bits {
  const bits = new Bits(length)
  for (const number of numbers) bits.add(number)
  return bits
}

describe('Bits', () => {
  it('finds the next number that two sets share', () => {
    fc.assert(
      fc.property(members, members, fc.integer({ min: -3, max: length + 20 }), (some, others, from) => {
        const shared = some.filter((number) => number >= from && others.includes(number))
        expect(bitsOf(some).nextShared(bitsOf(others), from)).toBe(shared.length === 0 ? -1 : Math.min(...shared))
      }),
    )
  })
})
