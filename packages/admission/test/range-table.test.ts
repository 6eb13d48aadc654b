import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseListLine } from '../src/list-format.js'
import { RangeTable } from '../src/range-table.js'

function tableOf(...lines: string[]): RangeTable {
  return RangeTable.of(lines.map(parseListLine).filter((range) => typeof range === 'object'))
}

describe('a table of ranges', () => {
  it.each([
    [['1.0.0.0/8'], 1],
    [['1.2.3.4', '1.2.3.5'], 1],
    [['1.2.3.4', '1.2.3.6'], 2],
    [['1.2.3.0/24', '1.2.3.9'], 1],
    [['1.2.3.9', '1.2.3.0/24'], 1],
    [['0.0.0.0/1', '128.0.0.0/1'], 1],
    [['1.2.3.4', '::1.2.3.5'], 2],
    [['2001:db8::/64', '2001:db8:0:1::/64'], 1],
    [['2001:db8::/64', '2001:db8:0:2::/64'], 2],
    [['2001:db8::ffff:ffff', '2001:db8::1:0:0'], 1],
    [[], 0],
  ])('%j is %i', (lines, count) => expect(tableOf(...lines).count).toBe(count))

  it.each([
    ['1.2.3.4', true],
    ['1.2.2.255', false],
    ['1.2.4.0', false],
    ['255.255.255.255', true],
    ['0.0.0.0', false],
    ['::ffff:1.2.3.4', true],
    ['2001:db8::1', true],
    ['2001:DB8:0::0:1', true],
    ['2001:db9::', false],
    ['not an address', false],
    ['', false],
    ['1.2.3.4:80', false],
  ])('%s: %s', (host, isIn) => {
    expect(tableOf('1.2.3.0/24', '255.255.255.255', '2001:db8::/32').has(host)).toBe(isIn)
  })

  it.each([
    ['IPv4', (value: number) => `10.0.${value >> 8}.${value & 0xff}`],
    ['IPv6', (value: number) => `2001:db8::${(value >> 6).toString(16)}:0:${((value & 63) * 1_040).toString(16)}`],
  ])('has what one of its ranges has: %s', (_family, text) => {
    const value = fc.nat(400)
    const range = fc.tuple(value, fc.nat(20))
    fc.assert(
      fc.property(fc.array(range, { maxLength: 60 }), value, (ranges, asked) => {
        const table = tableOf(...ranges.map(([start, more]) => `${text(start)}-${text(start + more)}`))
        expect(table.has(text(asked))).toBe(ranges.some(([start, more]) => start <= asked && asked <= start + more))
      }),
      { numRuns: 500 },
    )
  })
})
