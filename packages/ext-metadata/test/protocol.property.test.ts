import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeMessage, encodeMessage, type MetadataMessage } from '../src/protocol.js'

const piece = fc.nat({ max: 1_000_000 })
const message: fc.Arbitrary<MetadataMessage> = fc.oneof(
  fc.record({ type: fc.constantFrom('request' as const, 'reject' as const), piece }),
  fc.record({
    type: fc.constant('data' as const),
    piece,
    totalBytes: fc.option(fc.nat(), { nil: undefined }),
    bytes: fc.uint8Array({ maxLength: 300 }),
  }),
)

it('what is written is read again', () => {
  fc.assert(
    fc.property(message, (before) => {
      expect(decodeMessage(encodeMessage(before))).toEqual(before)
    }),
  )
})

it('any bytes are read without a fault', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      decodeMessage(bytes)
    }),
  )
  const nearly = fc.tuple(message, fc.nat(), fc.nat({ max: 255 }))
  fc.assert(
    fc.property(nearly, ([right, at, byte]) => {
      const bytes = encodeMessage(right)
      bytes[at % bytes.length] = byte
      decodeMessage(bytes)
    }),
  )
})
