import bencode from 'bencode'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BencodeValue } from '../src/bytes/bencode.js'
import { decode, decodePrefix } from '../src/bytes/decode.js'
import { encode, encodePlain, type Encodable, type PlainEncodable } from '../src/bytes/encode.js'
import { BencodeError } from '../src/bytes/errors.js'
import { latin1Bytes, utf8Bytes } from '../src/bytes/text.js'
import { outcomeOf } from './torrent-fixture.js'

const key = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 6 })
const bytes = fc.uint8Array({ maxLength: 20 })
const { value } = fc.letrec<{ value: BencodeValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.maxSafeInteger().map((number) => number + 0),
    bytes,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
  ),
}))
const plainKey = fc.string({ unit: fc.constantFrom(...'abcXYZ09_- '), minLength: 1, maxLength: 5 })
const { plain } = fc.letrec<{ plain: PlainEncodable }>((tie) => ({
  plain: fc.oneof(
    { maxDepth: 4 },
    fc.maxSafeInteger(),
    bytes,
    fc.string({ maxLength: 8 }),
    fc.array(tie('plain'), { maxLength: 4 }),
    fc.dictionary(plainKey, tie('plain'), { maxKeys: 4 }),
  ),
}))

/** The value with text as bytes and objects as maps, as `decode` gives it. */
function asDecoded(value: PlainEncodable): BencodeValue {
  if (typeof value === 'string') return utf8Bytes(value)
  if (typeof value === 'number') return value + 0
  if (value instanceof Uint8Array) return value
  if (Array.isArray(value)) return (value as readonly PlainEncodable[]).map(asDecoded)
  return new Map(Object.entries(value).map(([name, item]) => [name, asDecoded(item)]))
}

function asEncodable(value: PlainEncodable): Encodable {
  return asDecoded(value)
}

describe('bencode', () => {
  it('comes back as it was', () => {
    const property = fc.property(value, (value) => {
      expect(decode(encode(value), { canonicalKeys: true })).toEqual(value)
    })
    fc.assert(property)
  })

  it('is the same by our encoder and by the package', () => {
    const property = fc.property(plain, (value) => {
      expect(encodePlain(value)).toEqual(encode(asEncodable(value)))
    })
    fc.assert(property)
  })

  it('decodes as the package does, where that is sound', () => {
    const property = fc.property(plain, (value) => {
      const coded = encode(asEncodable(value))
      const theirs: unknown = bencode.decode(coded)
      expect(decode(coded)).toEqual(asDecoded(theirs as PlainEncodable))
    })
    fc.assert(property)
  })

  it('decodes any prefix to its own error only', () => {
    const property = fc.property(value, fc.nat(), (value, cut) => {
      const coded = encode(value)
      const short = coded.subarray(0, cut % coded.length)
      expect(() => decode(short)).toThrow(BencodeError)
    })
    fc.assert(property)
  })

  it('finds its end whatever follows', () => {
    const property = fc.property(value, bytes, (value, rest) => {
      const coded = encode(value)
      expect(decodePrefix(new Uint8Array([...coded, ...rest])).lengthBytes).toBe(coded.length)
    })
    fc.assert(property)
  })

  it('throws its own error for any text', () => {
    const unit = fc.constantFrom('i', 'l', 'd', 'e', ':', '-', '0', '1', '9', 'a', '1:', 'le', '99999999999999999')
    const property = fc.property(fc.string({ unit, maxLength: 30 }), (text) => {
      const error = outcomeOf(() => decode(encode(decode(latin1Bytes(text)))))
      if (error !== undefined && !(error instanceof BencodeError)) throw error
      expect(error?.offset ?? 0).toBeLessThanOrEqual(text.length)
    })
    fc.assert(property, { numRuns: 5_000 })
  })
})
