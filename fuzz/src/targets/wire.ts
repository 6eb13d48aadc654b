import {
  decodeExtendedHandshake,
  encodeExtendedHandshake,
  encodeHandshake,
  equalBytes,
  HandshakeReader,
  MessageDecoder,
  ProtocolError,
  reservedBytes,
  WireEncoder,
} from '@bitloom/core'
import * as fc from 'fast-check'
import { wireLog } from '../../../packages/core/test/wire-log.js'
import { mutatedBytes, mutatedValues } from '../mutations.js'
import { ensure, target, unless } from '../target.js'

const isOwn = (error: unknown): boolean => error instanceof ProtocolError
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 })

/** Every message once, in two streams. */
const streams = [0, 1].map((half) => {
  const wire = new WireEncoder()
  if (half === 0) {
    wire.choke(true)
    wire.choke(false)
    wire.interested(true)
    wire.have(3)
    wire.request(1, 16_384, 16_384)
    wire.cancel(1, 0, 5)
    wire.reject(9, 1, 1)
    wire.suggest(2)
    wire.allowFast(2)
  } else {
    wire.bitfield(Uint8Array.of(0xf0, 0x80))
    wire.haveAll()
    wire.keepAlive()
    wire.extended(0, Uint8Array.of(1, 2, 3))
    wire.other(9, Uint8Array.of(1, 2))
    wire.blockStart(1, 0, 7)?.fill(7)
    wire.blockEnd(1, 0, 7)
    wire.haveNone()
  }
  return (wire.takeOutput() ?? new Uint8Array()).slice()
})
const heads = [
  '\0\0\0\x01',
  '\0\0\0\x05',
  '\0\0\0\x0d',
  '\0\0\x40\x09\x07',
  '\xff\xff\xff\xff',
  '\0\0\0\0',
  '\0\x10\0\0\x14',
]
const limits = { pieceCount: 12, maxMessageBytes: 1_000, maxBlockBytes: 800 }

/** What a decoder told of the bytes in these parts, and whether it refused. */
function read(bytes: Uint8Array, parts: readonly number[]): string {
  const { wire, lines } = wireLog()
  const decoder = new MessageDecoder(wire, { ...limits, onKeepAlive: () => void lines.push('keep-alive') })
  const shared = new Uint8Array(Math.max(...parts))
  const done = unless(isOwn, () => {
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const part = bytes.subarray(at, at + (parts[turn % parts.length] ?? 1))
      // A socket's buffer is used again: what was kept of it would be overwritten.
      shared.fill(0xee)
      shared.set(part)
      decoder.push(shared, part.length)
      at += part.length
      ensure(decoder.heldBytes <= Math.min(at, limits.maxMessageBytes), 'no more is held than came, or is allowed')
    }
    return true
  })
  return `${lines.join('\n')}\n${done === true ? 'read' : 'refused'}`
}

const wireInput = fc.record({ bytes: mutatedBytes(streams, heads), sizes })
export const wire = target('wire', wireInput, ({ bytes, sizes }) => {
  if (bytes.length === 0) return
  const whole = read(bytes, [bytes.length])
  ensure(read(bytes, sizes) === whole, 'the split changes nothing')
  ensure(read(bytes, [1]) === whole, 'byte by byte nothing changes')
  // Every split in two, while that is cheap.
  for (let at = 1; bytes.length <= 24 && at < bytes.length; at++) {
    ensure(read(bytes, [at, bytes.length - at]) === whole, `a split at ${at} changes nothing`)
  }
})

const greeting = encodeHandshake({
  infoHash: new Uint8Array(20).fill(1),
  peerId: new Uint8Array(20).fill(2),
  reserved: reservedBytes([2, 20]),
})
const handshakeInput = fc.record({ bytes: mutatedBytes([greeting], ['\x13', 'BitTorrent protocol', '\0']), sizes })
export const handshake = target('handshake', handshakeInput, ({ bytes, sizes }) => {
  const whole = greet(bytes, [bytes.length + 1])
  ensure(greet(bytes, sizes) === whole, 'the split changes nothing')
})

function greet(bytes: Uint8Array, parts: readonly number[]): string {
  const reader = new HandshakeReader()
  const read = unless(isOwn, () => {
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const part = bytes.subarray(at, at + (parts[turn % parts.length] ?? 1))
      at += part.length
      const found = reader.push(part)
      if (found === undefined) continue
      const { infoHash, peerId, reserved, rest } = found
      ensure(at - rest.length === 68, 'the rest is what follows')
      return [infoHash, peerId, reserved].map((field) => Buffer.from(field).toString('hex')).join(' ')
    }
    return 'more'
  })
  return read ?? 'refused'
}

const hello = encodeExtendedHandshake({
  messages: new Map([
    ['ut_pex', 1],
    ['ut_metadata', 2],
  ]),
  client: 'Client 1',
  port: 6_881,
  yourIp: new Uint8Array(4),
  ipv4: new Uint8Array(4),
  ipv6: new Uint8Array(16),
  requestQueue: 500,
  uploadOnly: true,
  metadataSize: 1_000,
})
const fields = ['m', 'v', 'p', 'yourip', 'ipv4', 'ipv6', 'reqq', 'upload_only', 'metadata_size', 'ut_pex', '__proto__']
const helloInput = fc.oneof(
  mutatedBytes([hello], ['i-1e', '0:', 'de', 'le', '1:m', '1:v']),
  mutatedValues([decodeExtendedHandshake(hello)?.raw ?? 0], fields),
)
export const extendedHandshake = target('extended-handshake', helloInput, (payload) => {
  const before = payload.slice()
  const read = decodeExtendedHandshake(payload)
  ensure(equalBytes(payload, before), 'the payload is not changed')
  if (read === undefined) return
  const { messages, client, port, yourIp, requestQueue, metadataSize } = read
  ensure(messages.size <= 256, 'so many names')
  for (const id of messages.values()) ensure(Number.isInteger(id) && id >= 0 && id <= 255, 'an id is a byte')
  ensure(client === undefined || (client.length > 0 && client.length <= 128), 'a name is short')
  // oxlint-disable-next-line no-control-regex
  ensure(!/[\u0000-\u001f\u007f-\u009f]/.test(client ?? ''), 'a name has no control characters')
  ensure(port === undefined || (port >= 0 && port <= 65_535), 'a port is one')
  ensure(yourIp === undefined || yourIp.length === 4 || yourIp.length === 16, 'an address is one')
  for (const size of [requestQueue ?? 0, metadataSize ?? 0]) ensure(Number.isSafeInteger(size) && size >= 0, 'a size')
  ensure(decodeExtendedHandshake(encodeExtendedHandshake(read)) !== undefined, 'it can be written')
})
