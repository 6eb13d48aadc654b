import { describe, expect, it } from 'vitest'
import { ProtocolError } from '../src/bytes/errors.js'
import { type DecoderLimits, MessageDecoder } from '../src/wire/decoder.js'
import { bytesOf, wireLog } from './wire-log.js'

function decode(hex: string, limits: DecoderLimits = {}): { lines: string[]; error: unknown; decoder: MessageDecoder } {
  const { wire, lines } = wireLog()
  const decoder = new MessageDecoder(wire, { ...limits, onKeepAlive: () => lines.push('keep-alive') })
  const bytes = bytesOf(hex)
  try {
    decoder.push(bytes, bytes.length)
  } catch (error) {
    return { lines, error, decoder }
  }
  return { lines, error: undefined, decoder }
}

const hash = '07'.repeat(48)

const messages: readonly (readonly [string, string])[] = [
  ['00000000', 'keep-alive'],
  ['00000001 00', 'choke'],
  ['00000001 01', 'unchoke'],
  ['00000001 02', 'interested'],
  ['00000001 03', 'not interested'],
  ['00000005 04 80000001', 'have 2147483649'],
  ['00000003 05 f080', 'bitfield f080'],
  ['0000000d 06 00000001 00004000 00004000', 'request 1 16384 16384'],
  ['0000000d 08 00000001 00004000 00004000', 'cancel 1 16384 16384'],
  ['00000003 09 1ae1', 'other 9 1ae1'],
  ['00000005 0d 00000007', 'suggest 7'],
  ['00000001 0e', 'have all'],
  ['00000001 0f', 'have none'],
  ['0000000d 10 00000001 00000000 00004000', 'reject 1 0 16384'],
  ['00000005 11 00000009', 'allow fast 9'],
  ['00000002 14 00', 'extended 0 '],
  ['00000004 14 03 6465', 'extended 3 6465'],
  [`00000031 15 ${hash}`, `other 21 ${hash}`],
  [`00000051 16 ${hash}${'08'.repeat(32)}`, `other 22 ${hash}${'08'.repeat(32)}`],
  [`00000031 17 ${hash}`, `other 23 ${hash}`],
]

describe('a decoder', () => {
  it.each(messages)('reads %s', (hex, line) => {
    expect(decode(hex).lines).toEqual([line])
  })

  it('reads a block into what the sink gave for it', () => {
    const { lines } = decode('0000000c 07 00000002 00004000 aabbcc 00000001 01')
    expect(lines).toEqual(['block 2 16384 3', 'block end 2 16384 3 aabbcc', 'unchoke'])
  })

  it('skips a block that has no target, without its end', () => {
    const { wire, lines } = wireLog(() => undefined)
    const decoder = new MessageDecoder(wire)
    const bytes = bytesOf('0000000c 07 00000002 00004000 aabbcc 00000001 01')
    decoder.push(bytes, bytes.length)
    expect(lines).toEqual(['block 2 16384 3', 'unchoke'])
  })

  it('skips the rest of a block that lost its target, and writes no more into it', () => {
    const target = new Uint8Array(4)
    const { wire, lines } = wireLog(() => target)
    const decoder = new MessageDecoder(wire)
    decoder.push(bytesOf('0000000d 07 00000002 00000000 aa'), 14)
    decoder.skipPayload()
    decoder.push(bytesOf('bbccdd 00000001 01'), 8)
    expect(lines).toEqual(['block 2 0 4', 'unchoke'])
    expect([...target]).toEqual([0xaa, 0, 0, 0])
  })

  it('takes only the first bytes of the buffer', () => {
    const { wire, lines } = wireLog()
    new MessageDecoder(wire).push(bytesOf('00000001 01 00000001 00'), 5)
    expect(lines).toEqual(['unchoke'])
  })

  it('skips messages of unknown ids', () => {
    expect(decode('00000004 0a aabbcc 00000001 c8 00000001 01').lines).toEqual(['unchoke'])
  })

  it('hands claimed ids over and holds them to their length', () => {
    const claimedIds = { 200: 2 }
    expect(decode('00000003 c8 aabb', { claimedIds }).lines).toEqual(['other 200 aabb'])
    expect(decode('00000004 c8', { claimedIds }).error).toBeInstanceOf(ProtocolError)
  })

  it('holds a bitfield to the piece count once it is known', () => {
    const { wire, lines } = wireLog()
    const decoder = new MessageDecoder(wire)
    decoder.push(bytesOf('00000004 05 ffffff'), 8)
    decoder.setPieceCount(9)
    decoder.push(bytesOf('00000003 05 ff80'), 7)
    expect(lines).toEqual(['bitfield ffffff', 'bitfield ff80'])
    expect(() => decoder.push(bytesOf('00000004 05'), 5)).toThrow('message 5 of 4 bytes instead of 3')
  })
})

/** LIMITS, "message length": each refused by prefix and id alone, before anything of it is kept. */
const refused: readonly (readonly [string, string, DecoderLimits?])[] = [
  ['a choke with a payload', '00000002 00'],
  ['a have of 4 bytes', '00000004 04'],
  ['a have of 6 bytes', '00000006 04'],
  ['a request of 12 bytes', '0000000c 06'],
  ['a cancel of 14 bytes', '0000000e 08'],
  ['a block message without a begin', '00000008 07'],
  ['a block of 16,385 bytes', '0000400a 07'],
  ['a bitfield a byte too long', '00000004 05', { pieceCount: 16 }],
  ['a bitfield a byte too short', '00000002 05', { pieceCount: 16 }],
  ['a bitfield over 32 KiB before the metadata', '00008002 05'],
  ['a port message of 4 bytes', '00000004 09'],
  ['a suggest of 4 bytes', '00000004 0d'],
  ['a have all with a payload', '00000002 0e'],
  ['a reject of 12 bytes', '0000000c 10'],
  ['an extended message without an id', '00000001 14'],
  ['an extended message over 1 MiB', '00100001 14'],
  ['a hash request of 48 bytes', '00000030 15'],
  ['a hashes message with half a hash', '00000041 16'],
  ['an unknown message over 1 MiB', '00100001 63'],
  ['4 GB, at the fourth byte', 'ffffffff'],
]

describe('a decoder refuses', () => {
  it.each(refused.map(([name, hex, limits = {}]) => ({ name, hex, limits })))('$name', ({ hex, limits }) => {
    const { lines, error } = decode(`00000001 01 ${hex}`, limits)
    expect(error).toBeInstanceOf(ProtocolError)
    expect(lines).toEqual(['unchoke'])
  })

  it.each([
    ['a block of 16,384 bytes', '00004009 07'],
    ['an extended message of 1 MiB', '00100000 14'],
    ['a bitfield of 32 KiB before the metadata', '00008001 05'],
  ])('but not %s', (_name, hex) => {
    const { error, decoder } = decode(hex)
    expect(error).toBeUndefined()
    expect(decoder.heldBytes).toBeLessThan(64)
  })
})

/** LIMITS, "message length": memory follows what was received, not what was declared. */
describe('two hundred decoders', () => {
  it('that are each promised 4 GB keep nothing', () => {
    for (let peer = 0; peer < 200; peer++) {
      const { error, decoder } = decode('ffffffff')
      expect(error).toBeInstanceOf(ProtocolError)
      expect(decoder.heldBytes).toBeLessThan(5)
    }
  })

  it('that are each promised the most there is, and got a little, grow by what they got', () => {
    const buffersBefore = process.memoryUsage().arrayBuffers
    const decoders = Array.from({ length: 200 }, () => {
      const decoder = new MessageDecoder(wireLog().wire)
      decoder.push(bytesOf('00100000 14 00'), 6)
      decoder.push(new Uint8Array(1000), 1000)
      return decoder
    })
    const grownBytes = process.memoryUsage().arrayBuffers - buffersBefore
    expect(decoders.every((decoder) => decoder.heldBytes === 1001)).toBe(true)
    expect(grownBytes).toBeLessThan(4 * 1_048_576)
  })
})
