import { type BencodeValue, decode, encode, ipScope } from '@bitloom/core'
import * as fc from 'fast-check'
import { decodeMessage, encodeMessage } from '../../../packages/ext-metadata/src/protocol.js'
import { decodePex, encodePex } from '../../../packages/ext-pex/src/protocol.js'
import { mutatedBytes, mutatedValues } from '../mutations.js'
import { ensure, target } from '../target.js'

const peers = ['10.0.0.1', '2001:db8::1'].map((host) => ({ kind: 'ip', host, port: 6_881 }) as const)
const message = encodePex({ added: peers.map((endpoint) => ({ endpoint, flags: 2 })), dropped: peers })
const lists = ['added', 'added.f', 'added6', 'added6.f', 'dropped', 'dropped6']
const pexInput = fc.oneof(mutatedBytes([message], ['0:', '5:added', 'i1e']), mutatedValues([decode(message)], lists))

export const pex = target('pex', pexInput, (payload) => {
  const read = decodePex(payload)
  if (read === undefined) return
  ensure(read.added.length <= 400 && read.dropped.length <= 400, 'so many peers')
  for (const { endpoint, flags } of read.added) {
    ensure(endpoint.kind === 'ip' && ipScope(endpoint.host) !== undefined, 'a host is an address')
    ensure(flags >= 0 && flags <= 255, 'flags are a byte')
  }
  const again = decodePex(encodePex(read))
  ensure(JSON.stringify(again?.added) === JSON.stringify(read.added), 'what is written is read again')
})

const data = encodeMessage({ type: 'data', piece: 1, totalBytes: 20_000, bytes: new Uint8Array(30).fill(5) })
const request = encodeMessage({ type: 'request', piece: 0 })
const heads: readonly BencodeValue[] = [
  decode(request),
  decode(
    encode(
      new Map([
        ['msg_type', 2],
        ['piece', 7],
      ]),
    ),
  ),
]
const metadataInput = fc.oneof(
  mutatedBytes([data, request], ['i-1e', 'i9007199254740991e', '8:msg_type', '5:piece', 'ee']),
  mutatedValues(heads, ['msg_type', 'piece', 'total_size']),
)

export const metadataMessage = target('metadata-message', metadataInput, (payload) => {
  const read = decodeMessage(payload)
  if (read === undefined) return
  ensure(Number.isSafeInteger(read.piece) && read.piece >= 0, 'a piece is a whole number')
  if (read.type === 'data') ensure(read.bytes.length < payload.length, 'the data follows the head')
  ensure(JSON.stringify(decodeMessage(encodeMessage(read))) === JSON.stringify(read), 'what is written is read again')
})
