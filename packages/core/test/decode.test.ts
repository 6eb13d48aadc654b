import { describe, expect, it } from 'vitest'
import { decode, decodeDocument, decodePrefix } from '../src/bytes/decode.js'
import { BencodeError } from '../src/bytes/errors.js'
import { latin1Bytes, utf8Bytes } from '../src/bytes/text.js'
import { thrown, timed } from './torrent-fixture.js'

const bytes = latin1Bytes

describe('decode', () => {
  it('reads every kind of value', () => {
    expect(decode(bytes('d1:ai-3e1:bl0:1:xe1:cdee'))).toEqual(
      new Map<string, unknown>([
        ['a', -3],
        ['b', [bytes(''), bytes('x')]],
        ['c', new Map()],
      ]),
    )
    expect(decode(bytes('i9007199254740991e'))).toBe(Number.MAX_SAFE_INTEGER)
    expect(decode(bytes('i-9007199254740991e'))).toBe(-Number.MAX_SAFE_INTEGER)
  })

  it('gives strings as views into the input', () => {
    const input = bytes('3:abc')
    const value = decode(input) as Uint8Array
    expect(value.buffer).toBe(input.buffer)
    expect(value.byteOffset).toBe(2)
  })

  it('keeps keys as bytes, also long and binary ones, `__proto__` and `constructor`', () => {
    const binary = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('')
    const long = 'k'.repeat(10_000)
    const keys = [binary, '__proto__', 'constructor', long]
    const value = decode(bytes(`d${keys.map((key) => `${key.length}:${key}i1e`).join('')}e`))
    expect([...(value as ReadonlyMap<string, unknown>).keys()]).toEqual(keys)
  })

  it('tells keys apart that look alike, within a document and from one to the next', () => {
    for (const key of ['abc', 'adc', 'abc', 'ab\u00ff', 'abbc', 'adbc', '', 'c']) {
      const value = decode(bytes(`d${key.length}:${key}i1ee`)) as ReadonlyMap<string, unknown>
      expect([...value.keys()]).toEqual([key])
    }
    const value = decode(bytes('d3:abci1e3:adci2ee')) as ReadonlyMap<string, unknown>
    expect([...value.keys()]).toEqual(['abc', 'adc'])
  })

  it.each([
    ['', 0],
    ['i-0e', 0],
    ['i03e', 0],
    ['i-03e', 0],
    ['ie', 1],
    ['i-e', 2],
    ['i1', 2],
    ['i1.5e', 2],
    ['i+1e', 1],
    ['i9007199254740992e', 0],
    ['i99999999999999999999999999999e', 0],
    ['-1:', 0],
    ['-3:abc', 0],
    ['01:a', 0],
    ['10:abc', 0],
    ['3:ab', 0],
    ['3', 1],
    ['3abc', 1],
    ['99999999999999999999:', 0],
    ['l', 1],
    ['li1e', 4],
    ['l-3:e', 1],
    ['d', 1],
    ['d1:a', 4],
    ['d1:ae', 4],
    ['di1ei2ee', 1],
    ['d-3:i1ee', 1],
    ['dlei1ee', 1],
    ['e', 0],
    ['x', 0],
    ['i1ei2e', 3],
    ['i1e\n', 3],
  ])('refuses %j at byte %i', (text, offset) => {
    const error = thrown(() => decode(bytes(text))) as BencodeError
    expect(error).toBeInstanceOf(BencodeError)
    expect([error.code, error.offset]).toEqual(['BENCODE_SYNTAX', offset])
  })

  it('lets line ends follow when told to, and nothing else', () => {
    expect(decode(bytes('i1e\r\n\n'), { trailing: 'newline' })).toBe(1)
    expect(() => decode(bytes('i1e\nx'), { trailing: 'newline' })).toThrow(BencodeError)
    expect(() => decode(bytes('i1e '), { trailing: 'newline' })).toThrow(BencodeError)
    expect(decode(bytes('i1exyz'), { trailing: 'allow' })).toBe(1)
  })

  it('tolerates unsorted and equal keys, the last one wins, and tells', () => {
    const { value, canonicalKeys, spans } = decodeDocument(bytes('d1:bi1e1:ai2e1:bi3e1:cd1:xi1e1:xi2eee'))
    expect(value).toEqual(
      new Map<string, unknown>([
        ['a', 2],
        ['b', 3],
        ['c', new Map([['x', 2]])],
      ]),
    )
    expect(canonicalKeys).toBe(false)
    expect(spans.get('a')?.canonicalKeys).toBe(true)
    expect(spans.get('c')?.canonicalKeys).toBe(false)
    expect(decodeDocument(bytes('d1:ai1e1:bi2ee')).canonicalKeys).toBe(true)
    expect(() => decode(bytes('d1:ad1:bi1e1:bi1eee'), { canonicalKeys: true })).toThrow(BencodeError)
    expect(() => decode(bytes('d1:bi1e1:ai1ee'), { canonicalKeys: true })).toThrow(BencodeError)
  })

  it('gives the spans of the outermost values', () => {
    const text = 'd4:infod1:ai1ee5:otherl1:xee'
    const { spans } = decodeDocument(bytes(text))
    const parts = [...spans].map(([key, { begin, end }]) => [key, text.slice(begin, end)])
    expect(parts).toEqual([
      ['info', 'd1:ai1ee'],
      ['other', 'l1:xe'],
    ])
  })

  it('tells where a value ends when data follows', () => {
    const input = utf8Bytes('d8:msg_typei1e5:piecei0eepayload')
    expect(decodePrefix(input).lengthBytes).toBe(input.length - 'payload'.length)
    expect(() => decodePrefix(bytes('d1:a'))).toThrow(BencodeError)
  })
})

describe('limits of decode', () => {
  const code = (work: () => unknown) => (thrown(work) as BencodeError).code

  it('reads 100 levels and refuses 101', () => {
    expect(() => decode(bytes('l'.repeat(100) + 'e'.repeat(100)))).not.toThrow()
    expect(code(() => decode(bytes('l'.repeat(101) + 'e'.repeat(101))))).toBe('BENCODE_LIMIT')
    expect(code(() => decode(bytes('d1:a'.repeat(101))))).toBe('BENCODE_LIMIT')
    expect(code(() => decode(bytes('llee'), { maxDepth: 1 }))).toBe('BENCODE_LIMIT')
  })

  it('refuses 1,000,000 opened lists within 100 ms', () => {
    const input = bytes('l'.repeat(1_000_000))
    const { result, ms } = timed(() => code(() => decode(input)))
    expect(result).toBe('BENCODE_LIMIT')
    expect(ms).toBeLessThan(500)
  })

  it('counts depth without recursion', () => {
    const depth = 500_000
    expect(() => decode(bytes('l'.repeat(depth) + 'e'.repeat(depth)), { maxDepth: depth })).not.toThrow()
  })

  it('refuses more tokens and bytes than allowed', () => {
    expect(code(() => decode(bytes('li1ei1ei1ee'), { maxTokens: 3 }))).toBe('BENCODE_LIMIT')
    expect(decode(bytes('li1ei1ei1ee'), { maxTokens: 4 })).toEqual([1, 1, 1])
    expect(code(() => decode(bytes('3:abc'), { maxBytes: 4 }))).toBe('BENCODE_LIMIT')
    expect(code(() => decode(new Uint8Array(64 * 1024 * 1024 + 1)))).toBe('BENCODE_LIMIT')
  })

  it('refuses more than 10,000,000 tokens by default', () => {
    const input = bytes('l' + 'i1e'.repeat(10_000_001))
    expect(code(() => decode(input))).toBe('BENCODE_LIMIT')
  })

  it('reads 200,000 keys in a second', () => {
    const keys = Array.from({ length: 200_000 }, (_, index) => `key ${index}`)
    const input = bytes(`d${keys.map((key) => `${key.length}:${key}i1e`).join('')}e`)
    const { result, ms } = timed(() => decode(input) as ReadonlyMap<string, unknown>)
    expect(result.size).toBe(200_000)
    expect(ms).toBeLessThan(5_000)
  })
})
