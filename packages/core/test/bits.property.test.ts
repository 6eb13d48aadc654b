import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bits } from '../src/bytes/bits.js'

const numbersBelow = (length: number): number[] => Array.from({ length }, (_, number) => number)

/** Numbers below a length, often all of them or all but one. */
const drawn = fc.nat(40).chain((length) =>
  fc.record({
    length: fc.constant(length),
    some: fc.oneof(fc.subarray(numbersBelow(length)), fc.constant(numbersBelow(length))),
    others: fc.oneof(fc.subarray(numbersBelow(length)), fc.constant(numbersBelow(length))),
    changes: fc.array(fc.record({ adds: fc.boolean(), number: fc.integer({ min: -9, max: length + 9 }) })),
    from: fc.integer({ min: -9, max: length + 20 }),
  }),
)

function bitsOf(numbers: readonly number[], length: number): Bits {
  const bits = new Bits(length)
  for (const number of numbers) bits.add(number)
  return bits
}

/** As BEP 3 has it, digit by digit. */
function wireOf(has: (number: number) => boolean, length: number): number[] {
  return numbersBelow(Math.ceil(length / 8)).map((byte) =>
    numbersBelow(8).reduce((sum, bit) => sum * 2 + Number(byte * 8 + bit < length && has(byte * 8 + bit)), 0),
  )
}

const least = (numbers: readonly number[]): number => (numbers.length === 0 ? -1 : Math.min(...numbers))

describe('Bits', () => {
  it('is a set of numbers, also when it has all of them', () => {
    fc.assert(
      fc.property(drawn, ({ length, some, changes, from }) => {
        const expected = new Set(some)
        const bits = bitsOf(some, length)
        for (const { adds, number } of changes) {
          const isInside = number >= 0 && number < length
          const isNews = isInside && expected.has(number) !== adds
          expect(adds ? bits.add(number) : bits.delete(number)).toBe(isNews)
          if (!adds) expected.delete(number)
          else if (isInside) expected.add(number)
        }
        for (const same of [bits, bits.clone(), Bits.from(bits.toBytes(), length)]) {
          expect(same.count).toBe(expected.size)
          for (let number = -9; number < length + 9; number++) expect(same.has(number)).toBe(expected.has(number))
          expect(same.nextSet(from)).toBe(least([...expected].filter((number) => number >= from)))
          const missing = numbersBelow(length).filter((number) => number >= from && !expected.has(number))
          expect(same.nextClear(from)).toBe(least(missing))
          expect([...same.toBytes()]).toEqual(wireOf((number) => expected.has(number), length))
        }
        expect([...Bits.full(length).toBytes()]).toEqual(wireOf(() => true, length))
      }),
    )
  })

  it('finds the next number that two sets share', () => {
    fc.assert(
      fc.property(drawn, ({ length, some, others, from }) => {
        const shared = some.filter((number) => number >= from && others.includes(number))
        expect(bitsOf(some, length).nextShared(bitsOf(others, length), from)).toBe(least(shared))
        expect(bitsOf(some, length).nextShared(Bits.full(length + 1), from)).toBe(-1)
      }),
    )
  })
})
