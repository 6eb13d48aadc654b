import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '../src/bytes/errors.js'
import { latin1 } from '../src/bytes/text.js'
import { encodeHandshake, HandshakeReader, hasReservedBit, reservedBits, reservedBytes } from '../src/wire/handshake.js'

const infoHash = Uint8Array.from({ length: 20 }, (_, index) => index)
const peerId = Uint8Array.from({ length: 20 }, (_, index) => 100 + index)
const reserved = reservedBytes([reservedBits.fast, reservedBits.extensions])

describe('a handshake', () => {
  it('has 68 bytes as BEP 3 has it', () => {
    const bytes = encodeHandshake({ infoHash, peerId, reserved })
    expect(bytes.length).toBe(68)
    expect(latin1(bytes.subarray(0, 20))).toBe('\x13BitTorrent protocol')
    expect([...bytes.subarray(20, 28)]).toEqual([0, 0, 0, 0, 0, 0x10, 0, 0x04])
    expect(bytes.subarray(28, 48)).toEqual(infoHash)
    expect(bytes.subarray(48)).toEqual(peerId)
  })

  it.each([
    ['dht', [0, 0, 0, 0, 0, 0, 0, 0x01]],
    ['fast', [0, 0, 0, 0, 0, 0, 0, 0x04]],
    ['v2', [0, 0, 0, 0, 0, 0, 0, 0x10]],
    ['extensions', [0, 0, 0, 0, 0, 0x10, 0, 0]],
  ] as const)('keeps the bit "%s" where its BEP has it', (name, bytes) => {
    expect([...reservedBytes([reservedBits[name]])]).toEqual(bytes)
    expect(hasReservedBit(Uint8Array.from(bytes), reservedBits[name])).toBe(true)
    expect(hasReservedBit(new Uint8Array(8), reservedBits[name])).toBe(false)
  })

  it('is read at any split, with what follows it', () => {
    const bytes = Uint8Array.of(...encodeHandshake({ infoHash, peerId, reserved }), 1, 2, 3)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }), (sizes) => {
        const reader = new HandshakeReader()
        let at = 0
        for (let turn = 0; ; turn++) {
          const size = sizes[turn % sizes.length] ?? 1
          const theirs = reader.push(bytes.subarray(at, at + size))
          at += size
          if (theirs === undefined) continue
          expect(theirs).toEqual({ infoHash, peerId, reserved, rest: bytes.subarray(68, at) })
          return
        }
      }),
    )
  })

  it('copies what it gives, so that the chunk may be used again', () => {
    const bytes = encodeHandshake({ infoHash, peerId, reserved })
    const theirs = new HandshakeReader().push(bytes)
    bytes.fill(0)
    expect(theirs?.infoHash).toEqual(infoHash)
  })

  it.each([
    ['an encrypted one', 'fe', 1],
    ['an HTTP request', '474554', 1],
    ['another protocol', '1342697454', 5],
  ])('refuses %s at the first wrong byte', (_name, hex, wrongAt) => {
    const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
    bytes[wrongAt - 1] = (bytes[wrongAt - 1] ?? 0) ^ (wrongAt > 1 ? 0x20 : 0)
    const reader = new HandshakeReader()
    for (const byte of bytes.subarray(0, wrongAt - 1)) expect(reader.push(Uint8Array.of(byte))).toBeUndefined()
    expect(() => reader.push(bytes.subarray(wrongAt - 1))).toThrow(ProtocolError)
  })
})
