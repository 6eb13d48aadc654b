import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '../src/bytes/errors.js'
import { MessageDecoder } from '../src/wire/decoder.js'
import { WireEncoder } from '../src/wire/encoder.js'
import type { Wire } from '../src/wire/wire.js'
import { wireLog } from './wire-log.js'

const uint32 = fc.integer({ min: 0, max: 0xffffffff })
const blockRange = [uint32, uint32, uint32] as const
const payload = (maxLength: number) => fc.uint8Array({ maxLength })

/** One message, as what is said to a wire. */
const message: fc.Arbitrary<(wire: Wire) => void> = fc.oneof(
  fc.boolean().map((on) => (wire: Wire) => wire.choke(on)),
  fc.boolean().map((on) => (wire: Wire) => wire.interested(on)),
  uint32.map((piece) => (wire: Wire) => wire.have(piece)),
  payload(300).map((bits) => (wire: Wire) => wire.bitfield(bits)),
  fc.constant((wire: Wire) => wire.haveAll()),
  fc.constant((wire: Wire) => wire.haveNone()),
  fc.tuple(...blockRange).map((range) => (wire: Wire) => wire.request(...range)),
  fc.tuple(...blockRange).map((range) => (wire: Wire) => wire.cancel(...range)),
  fc.tuple(...blockRange).map((range) => (wire: Wire) => wire.reject(...range)),
  uint32.map((piece) => (wire: Wire) => wire.suggest(piece)),
  uint32.map((piece) => (wire: Wire) => wire.allowFast(piece)),
  fc.tuple(fc.nat(255), payload(300)).map(
    ([id, bytes]) =>
      (wire: Wire) =>
        wire.extended(id, bytes),
  ),
  fc.uint8Array({ minLength: 2, maxLength: 2 }).map((port) => (wire: Wire) => wire.other(9, port)),
  fc.tuple(uint32, uint32, payload(600)).map(([piece, begin, bytes]) => (wire: Wire) => {
    wire.blockStart(piece, begin, bytes.length)?.set(bytes)
    wire.blockEnd(piece, begin, bytes.length)
  }),
)

function encoded(messages: readonly ((wire: Wire) => void)[]): Uint8Array {
  const encoder = new WireEncoder()
  for (const say of messages) say(encoder)
  return encoder.takeOutput() ?? new Uint8Array(0)
}

function said(messages: readonly ((wire: Wire) => void)[]): string[] {
  const { wire, lines } = wireLog()
  for (const say of messages) say(wire)
  return lines
}

/** Pushes through one reused buffer, as a socket does: what a sink kept of it would be overwritten. */
function pushAll(decoder: MessageDecoder, bytes: Uint8Array, sizes: readonly number[]): void {
  const shared = new Uint8Array(64)
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const part = bytes.subarray(at, at + (sizes[turn % sizes.length] ?? 1))
    shared.fill(0xee)
    shared.set(part)
    decoder.push(shared, part.length)
    at += part.length
  }
}

describe('the wire codec', () => {
  it('reads back what it wrote, at any split', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(fc.array(message, { maxLength: 12 }), sizes, (messages, chunkSizes) => {
        const { wire, lines } = wireLog()
        const decoder = new MessageDecoder(wire)
        pushAll(decoder, encoded(messages), chunkSizes)
        expect(lines).toEqual(said(messages))
        expect(decoder.heldBytes).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  it('reads back what it wrote, at every split in two', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), (messages) => {
        const bytes = encoded(messages)
        const expected = said(messages)
        for (let split = 0; split <= bytes.length; split++) {
          const { wire, lines } = wireLog()
          const decoder = new MessageDecoder(wire)
          decoder.push(bytes.subarray(0, split), split)
          decoder.push(bytes.subarray(split), bytes.length - split)
          expect(lines).toEqual(expected)
        }
      }),
      { numRuns: 15 },
    )
  })
})

/** Bytes that look like messages often enough to get past the prefix. */
const hostile = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .tuple(fc.nat(3000), fc.nat(30), payload(200))
        .map(([size, id, rest]) => Uint8Array.of(0, 0, size >> 8, size & 255, id, ...rest)),
    ),
    { maxLength: 20 },
  )
  .map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])))

describe('a decoder of hostile bytes', () => {
  it('throws ProtocolError only, and holds no more than it received or than the limits', () => {
    const limits = { maxMessageBytes: 1000, maxBitfieldBytes: 500, maxBlockBytes: 800 }
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 64 }), (bytes, chunk) => {
        const decoder = new MessageDecoder(wireLog().wire, limits)
        try {
          for (let at = 0; at < bytes.length; at += chunk) {
            const part = bytes.subarray(at, at + chunk)
            decoder.push(part, part.length)
            expect(decoder.heldBytes).toBeLessThanOrEqual(Math.min(at + part.length, 1000))
          }
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error
        }
      }),
      { numRuns: 500 },
    )
  })
})
