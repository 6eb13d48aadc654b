import { formatIp, parseIp } from '@bitloom/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AddressWords, parseAddress } from '../src/address.js'
import { parseListLine } from '../src/list-format.js'

function textOf(words: AddressWords): string {
  const view = new DataView(new ArrayBuffer(words.length * 4))
  for (const [index, word] of words.entries()) view.setUint32(index * 4, word)
  return formatIp(new Uint8Array(view.buffer))
}

function read(line: string): string {
  const range = parseListLine(line)
  return typeof range === 'string' ? range : `${textOf(range.start)} ${textOf(range.end)}`
}

describe('a line of a list', () => {
  it.each([
    ['1.2.3.4', '1.2.3.4 1.2.3.4'],
    [' 1.2.3.4 ', '1.2.3.4 1.2.3.4'],
    ['1.2.3.4-1.2.4.0', '1.2.3.4 1.2.4.0'],
    ['10.0.0.0/8', '10.0.0.0 10.255.255.255'],
    ['10.1.2.3/8', '10.0.0.0 10.255.255.255'],
    ['1.2.3.4/32', '1.2.3.4 1.2.3.4'],
    ['0.0.0.0/0', '0.0.0.0 255.255.255.255'],
    ['1.10.16.0/20 ; SBL256894', '1.10.16.0 1.10.31.255'],
    ['1.10.16.0/20 # why', '1.10.16.0 1.10.31.255'],
    ['2001:db8::/32', '2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['2001:db8::/33', '2001:db8:: 2001:db8:7fff:ffff:ffff:ffff:ffff:ffff'],
    ['2001:db8::/128', '2001:db8:: 2001:db8::'],
    ['::/0', ':: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['2001:db8::1 - 2001:db8::ff', '2001:db8::1 2001:db8::ff'],
    ['::ffff:1.2.3.4', '1.2.3.4 1.2.3.4'],
    ['Some organisation:1.2.3.4-1.2.3.5', '1.2.3.4 1.2.3.5'],
    ['Name: with - signs #1:001.002.003.004-001.002.003.255', '1.2.3.4 1.2.3.255'],
    [':1.2.3.4-1.2.3.5', '1.2.3.4 1.2.3.5'],
    ['Six:2001:db8::1-2001:db8::ff', '2001:db8::1 2001:db8::ff'],
    ['1.2.3.4 - 1.2.3.5 , 100 , name', '1.2.3.4 1.2.3.5'],
    ['000.000.000.000 - 000.255.255.255 , 000 , Bogon', '0.0.0.0 0.255.255.255'],
    ['1.2.3.4 - 1.2.3.5 , 127', '1.2.3.4 1.2.3.5'],
    ['1.2.3.4 - 1.2.3.5 , 128 , let through', 'none'],
    ['2001:db8:: - 2001:db8::f , 0 , six', '2001:db8:: 2001:db8::f'],
    ['', 'none'],
    ['   ', 'none'],
    ['# a comment:1.2.3.4-1.2.3.5', 'none'],
    ['// a comment', 'none'],
    ['; a comment', 'none'],
    ['1.2.3', 'bad'],
    ['1.2.3.256', 'bad'],
    ['1.2.3.4.5', 'bad'],
    ['1.2.3.0004', 'bad'],
    ['1.2.3.4/33', 'bad'],
    ['2001:db8::/129', 'bad'],
    ['1.2.3.5-1.2.3.4', 'bad'],
    ['2001:db8::2-2001:db8::1', 'bad'],
    ['1.2.3.4-2001:db8::1', 'bad'],
    ['name:1.2.3.5-1.2.3.4', 'bad'],
    ['1.2.3.5 - 1.2.3.4 , 100 , name', 'bad'],
    ['name 1.2.3.4-1.2.3.5', 'bad'],
    ['name:1.2.3.4', 'bad'],
    ['2001:db8:::1', 'bad'],
    ['some.host.example', 'bad'],
    ['-', 'bad'],
    ['\u0000\u0001\u0002', 'bad'],
  ])('%j is %s', (line, expected) => expect(read(line)).toBe(expected))

  it('of any text is a range, none or bad, at once', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abf:.-/ ,;#') }), (line) => void read(line)))
    const startMs = performance.now()
    for (const line of [
      '1'.repeat(4_096),
      ': -'.repeat(1_365),
      '1.1.1.1-'.repeat(512),
      ' '.repeat(4_096),
      ':'.repeat(4_096),
    ])
      for (let round = 0; round < 50; round++) read(line)
    expect(performance.now() - startMs).toBeLessThan(2_000)
  })
})

describe('an address', () => {
  const group = fc.oneof(fc.constant(0), fc.constant(1), fc.nat(0xffff))
  const bytes = fc
    .array(group, { minLength: 8, maxLength: 8 })
    .map((groups) => Uint8Array.from(groups.flatMap((value) => [value >> 8, value & 0xff])))

  it('is read as core reads it, in any spelling', () => {
    const spellings = bytes.chain((address) => {
      const groups = Array.from({ length: 8 }, (_, at) => ((address[2 * at] ?? 0) << 8) | (address[2 * at + 1] ?? 0))
      const long = groups.map((value) => value.toString(16).padStart(4, '0').toUpperCase()).join(':')
      return fc.constantFrom(formatIp(address), long)
    })
    const broken = fc.string({ unit: fc.constantFrom(...'01af:'), maxLength: 24 })
    fc.assert(
      fc.property(fc.oneof(spellings, broken), (text) => {
        const expected = parseIp(text)
        const words = parseAddress(text)
        expect(words && textOf(words)).toBe(expected && formatIp(expected))
      }),
      { numRuns: 2_000 },
    )
  })
})
