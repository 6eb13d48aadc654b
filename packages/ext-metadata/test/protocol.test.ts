import { describe, expect, it } from 'vitest'
import { decodeMessage, encodeMessage, pieceCountOf, pieceLengthOf } from '../src/protocol.js'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('messages', () => {
  it('are written as BEP 9 shows them', () => {
    expect(textOf(encodeMessage({ type: 'request', piece: 0 }))).toBe('d8:msg_typei0e5:piecei0ee')
    expect(textOf(encodeMessage({ type: 'reject', piece: 0 }))).toBe('d8:msg_typei2e5:piecei0ee')
    const data = { type: 'data', piece: 0, totalBytes: 34_256, bytes: bytesOf('xxxx') } as const
    expect(textOf(encodeMessage(data))).toBe('d8:msg_typei1e5:piecei0e10:total_sizei34256eexxxx')
  })

  it.each([
    ['nothing', ''],
    ['no dictionary', 'i5e'],
    ['a dictionary that does not end', 'd8:msg_typei0e5:piecei0e'],
    ['no piece', 'd8:msg_typei0ee'],
    ['a negative piece', 'd8:msg_typei0e5:piecei-1ee'],
    ['a piece that is text', 'd8:msg_typei0e5:piece1:5e'],
    ['an unknown type', 'd8:msg_typei7e5:piecei0ee'],
    ['a header of a kilobyte and more', `d1:a2000:${'x'.repeat(2_000)}8:msg_typei0e5:piecei0ee`],
  ])('are none with %s', (_what, text) => {
    expect(decodeMessage(bytesOf(text))).toBeUndefined()
  })

  it('may leave the total size out, and have keys of later versions', () => {
    expect(decodeMessage(bytesOf('d8:msg_typei1e1:n3:new5:piecei4eeab'))).toEqual({
      type: 'data',
      piece: 4,
      totalBytes: undefined,
      bytes: bytesOf('ab'),
    })
  })
})

describe('pieces', () => {
  it.each([
    [1, 1, 1],
    [16_384, 1, 16_384],
    [16_385, 2, 1],
    [40_000, 3, 7_232],
  ])('of %i bytes are %i, the last of %i bytes', (size, count, last) => {
    expect(pieceCountOf(size)).toBe(count)
    expect(pieceLengthOf(size, count - 1)).toBe(last)
    expect(pieceLengthOf(size, count)).toBe(0)
  })
})
