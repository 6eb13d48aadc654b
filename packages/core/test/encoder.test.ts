import { describe, expect, it } from 'vitest'
import { blockHeader, blockHeaderBytes, WireEncoder } from '../src/wire/encoder.js'
import { bytesOf } from './wire-log.js'

describe('an encoder', () => {
  it('has nothing to send at first, and nothing after it was taken', () => {
    const encoder = new WireEncoder()
    expect(encoder.takeOutput()).toBeUndefined()
    encoder.choke(false)
    expect(encoder.pendingBytes).toBe(5)
    expect(encoder.takeOutput()).toEqual(bytesOf('00000001 01'))
    expect(encoder.pendingBytes).toBe(0)
    expect(encoder.takeOutput()).toBeUndefined()
  })

  it('leaves what was taken alone', () => {
    const encoder = new WireEncoder()
    encoder.have(1)
    const first = encoder.takeOutput()
    encoder.have(2)
    expect(first).toEqual(bytesOf('00000005 04 00000001'))
  })

  it('sends many messages in one piece, in order', () => {
    const encoder = new WireEncoder()
    for (let block = 0; block < 500; block++) encoder.request(7, block * 16_384, 16_384)
    const bytes = encoder.takeOutput() ?? new Uint8Array(0)
    expect(bytes.length).toBe(500 * 17)
    expect(bytes.subarray(499 * 17)).toEqual(bytesOf('0000000d 06 00000007 007cc000 00004000'))
  })

  it('writes keep-alives', () => {
    const encoder = new WireEncoder()
    encoder.keepAlive()
    encoder.haveAll()
    expect(encoder.takeOutput()).toEqual(bytesOf('00000000 00000001 0e'))
  })

  it('leaves a gap for a block, which is filled in place', () => {
    const encoder = new WireEncoder()
    encoder.haveNone()
    encoder.blockStart(2, 16_384, 3).set([0xaa, 0xbb, 0xcc])
    encoder.blockEnd(2, 16_384, 3)
    expect(encoder.takeOutput()).toEqual(bytesOf('00000001 0f 0000000c 07 00000002 00004000 aabbcc'))
  })

  it('keeps what is encoded while it grows, and leaves what was taken alone then too', () => {
    const encoder = new WireEncoder()
    for (let piece = 0; piece < 20; piece++) encoder.have(piece)
    encoder.extended(1, new Uint8Array(5000).fill(3))
    const large = encoder.takeOutput() ?? new Uint8Array(0)
    encoder.have(99)
    expect(large.length).toBe(20 * 9 + 5006)
    expect(large.subarray(19 * 9, 20 * 9)).toEqual(bytesOf('00000005 04 00000013'))
    expect(large.at(-1)).toBe(3)
    expect(encoder.takeOutput()).toEqual(bytesOf('00000005 04 00000063'))
  })

  it('writes block headers into a slab of somebody else', () => {
    const slab = new Uint8Array(blockHeaderBytes + 2)
    blockHeader(slab, 1, 0x01020304, 0x8000_0000, 16_384)
    expect(slab).toEqual(bytesOf('00 00004009 07 01020304 80000000 00'))
  })
})
