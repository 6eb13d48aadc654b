import { describe, expect, it } from 'vitest'
import { fromBase32 } from '../src/bytes/base32.js'
import { encode, encodePlain, type Encodable } from '../src/bytes/encode.js'
import { BitloomError } from '../src/bytes/errors.js'
import { fromHex, latin1, latin1Bytes, toHex, utf8, utf8Bytes, utf8Strict } from '../src/bytes/text.js'
import { thrown } from './torrent-fixture.js'

const nested = (depth: number): Encodable[] => {
  let list: Encodable[] = []
  for (let level = 1; level < depth; level++) list = [list]
  return list
}
const tooDeep = nested(101)

describe('encode', () => {
  it('sorts keys as raw bytes, also where UTF-16 would not', () => {
    // In UTF-16 the astral character comes first, in bytes last.
    const [astral, private_] = ['\u{1f600}', '\uffee'].map((key) => latin1(utf8Bytes(key))) as [string, string]
    const value = new Map<string, Encodable>([
      [astral, 1],
      ['b', 'é'],
      [private_, 2],
      ['a', [0, -5, new Uint8Array([255])]],
    ])
    expect(latin1(encode(value))).toBe(`d1:ali0ei-5e1:\xffe1:b2:\xc3\xa93:${private_}i2e4:${astral}i1ee`)
  })

  it('writes minus zero as zero', () => {
    expect(latin1(encode(-0))).toBe('i0e')
  })

  it.each<[string, unknown]>([
    ['a fraction', 1.5],
    ['an integer over 2^53 - 1', 2 ** 53],
    ['NaN', Number.NaN],
    ['undefined', [undefined]],
    ['null', [null]],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['a plain object', { a: 1 }],
    ['a key above U+00FF', new Map([['ā', 1]])],
    ['depth over 100', tooDeep],
  ])('refuses %s', (_, value) => {
    expect(thrown(() => encode(value as Encodable))).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('encodePlain', () => {
  it('writes plain messages with sorted keys', () => {
    const message = { m: { ut_pex: 1, ut_metadata: 2 }, v: 'Bitloom é', p: 6881, list: [new Uint8Array([1]), []] }
    const text = `d4:listl1:\x01lee1:md11:ut_metadatai2e6:ut_pexi1ee1:pi6881e1:v10:Bitloom \xc3\xa9e`
    expect(latin1(encodePlain(message))).toBe(text)
  })

  it.each<[string, unknown]>([
    ['a bigint', { a: 1n }],
    ['a function', { a: () => 1 }],
    ['undefined', { a: undefined }],
    ['null', { a: null }],
    ['a boolean', { a: true }],
    ['a symbol', { a: Symbol('a') }],
    ['a fraction', { a: 1.5 }],
    ['infinity', { a: Infinity }],
    ['an integer over 2^53 - 1', { a: 2 ** 53 }],
    ['a hole in a list', { a: Array.from({ length: 1 }) }],
    ['a date', { a: new Date(0) }],
    ['a map', new Map()],
    ['a key that is not ASCII', { é: 1 }],
    ['depth over 100', tooDeep],
  ])('refuses %s', (_, value) => {
    const error = thrown(() => encodePlain(value as never))
    expect(error).toBeInstanceOf(BitloomError)
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('text', () => {
  it('latin1 is one character per byte, both ways', () => {
    const all = Uint8Array.from({ length: 10_000 }, (_, index) => index & 0xff)
    expect(latin1Bytes(latin1(all))).toEqual(all)
    expect(latin1(new Uint8Array([0x80, 0x9f]))).toBe('\u0080\u009f')
    expect(() => latin1Bytes('ā')).toThrow(RangeError)
  })

  it('utf8 replaces what is none, utf8Strict does not give it', () => {
    const long = 'x'.repeat(100)
    for (const text of ['', 'ascii', 'é😀', '\ufeffbom', long]) {
      expect([utf8(utf8Bytes(text)), utf8Strict(utf8Bytes(text))]).toEqual([text, text])
    }
    expect(utf8(new Uint8Array([0x61, 0xff]))).toBe('a\ufffd')
    expect(utf8Strict(new Uint8Array([0x61, 0xff]))).toBeUndefined()
  })

  it('hex and base32', () => {
    expect(toHex(new Uint8Array([0, 15, 255]))).toBe('000fff')
    expect(fromHex('000FfF')).toEqual(new Uint8Array([0, 15, 255]))
    expect([fromHex('0'), fromHex('0g'), fromHex('+1')]).toEqual([undefined, undefined, undefined])
    expect(fromBase32('MZXW6YTB')).toEqual(utf8Bytes('fooba'))
    expect(fromBase32('MZXW6YT1')).toBeUndefined()
  })
})
