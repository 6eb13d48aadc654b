import type { BencodeValue, Dict } from '../bytes/bencode.js'
import { decode } from '../bytes/decode.js'
import { encode, type Encodable } from '../bytes/encode.js'
import { BitloomError, isBitloomError } from '../bytes/errors.js'
import { latin1, utf8, utf8Bytes } from '../bytes/text.js'
import { stripControl } from './peer-id.js'

/** The extension handshake that we send (BEP 10, "handshake message"). Addresses are 4 or 16 bytes. */
export interface ExtendedHello {
  /** Our message ids by extension name; 0 = switched off. */
  readonly messages: ReadonlyMap<string, number>
  /** Name and version of the client. */
  readonly client?: string | undefined
  /** The port we listen at. */
  readonly port?: number | undefined
  /** The address the peer has, as we see it. */
  readonly yourIp?: Uint8Array | undefined
  readonly ipv4?: Uint8Array | undefined
  readonly ipv6?: Uint8Array | undefined
  /** Requests that we queue without dropping any. */
  readonly requestQueue?: number | undefined
  /** BEP 21: nothing more is wanted. */
  readonly uploadOnly?: boolean | undefined
  /** BEP 9: size of the info dictionary in bytes. */
  readonly metadataSize?: number | undefined
  /** Further keys, as extensions want them. They do not replace those above. */
  readonly extra?: ReadonlyMap<string, unknown> | undefined
}

/** An extension handshake that was read. What is absent or of a wrong type is `undefined`; bytes are copies. */
export interface ExtendedHandshake extends Omit<ExtendedHello, 'extra'> {
  /** The whole dictionary, a copy of the payload behind it. */
  readonly raw: Dict
}

/** An extension handshake of more names than this is cut. */
const mostMessages = 256
const longestClientName = 128

/**
 * The payload of the extended message 0, a fresh array.
 * @throws BitloomError INVALID_ARGUMENT for an extra value that bencode cannot hold
 */
export function encodeExtendedHandshake(hello: ExtendedHello): Uint8Array {
  const dict = new Map<string, Encodable>()
  for (const [key, value] of hello.extra ?? []) dict.set(key, checkEncodable(key, value))
  dict.set('m', new Map([...hello.messages].map(([name, id]) => [latin1(utf8Bytes(name)), id])))
  const fields: readonly (readonly [string, Encodable | undefined])[] = [
    ['v', hello.client],
    ['p', hello.port],
    ['yourip', hello.yourIp],
    ['ipv4', hello.ipv4],
    ['ipv6', hello.ipv6],
    ['reqq', hello.requestQueue],
    ['upload_only', hello.uploadOnly === undefined ? undefined : Number(hello.uploadOnly)],
    ['metadata_size', hello.metadataSize],
  ]
  for (const [key, value] of fields) if (value !== undefined) dict.set(key, value)
  return encode(dict)
}

/** Reads the payload of the extended message 0; `undefined` if it is not a bencoded dictionary. Never throws. */
export function decodeExtendedHandshake(payload: Uint8Array): ExtendedHandshake | undefined {
  const raw = readDict(payload.slice())
  if (raw === undefined) return undefined
  const number = (key: string, most: number): number | undefined => numberUpTo(raw.get(key), most)
  const client = raw.get('v')
  const uploadOnly = raw.get('upload_only')
  return {
    raw,
    messages: readMessages(raw.get('m')),
    client: client instanceof Uint8Array ? readName(client) : undefined,
    port: number('p', 65_535),
    yourIp: address(raw.get('yourip'), 4, 16),
    ipv4: address(raw.get('ipv4'), 4),
    ipv6: address(raw.get('ipv6'), 16),
    requestQueue: number('reqq', Number.MAX_SAFE_INTEGER),
    uploadOnly: typeof uploadOnly === 'number' ? uploadOnly !== 0 : undefined,
    metadataSize: number('metadata_size', Number.MAX_SAFE_INTEGER),
  }
}

function readDict(payload: Uint8Array): Dict | undefined {
  try {
    const value = decode(payload, { maxTokens: 100_000, trailing: 'allow' })
    return value instanceof Map ? value : undefined
  } catch (error) {
    if (isBitloomError(error)) return undefined
    throw error
  }
}

function readMessages(value: BencodeValue | undefined): ReadonlyMap<string, number> {
  const messages = new Map<string, number>()
  if (!(value instanceof Map)) return messages
  for (const [name, id] of value as Dict) {
    if (messages.size >= mostMessages) break
    if (typeof id === 'number' && id >= 0 && id <= 255) messages.set(name, id)
  }
  return messages
}

function numberUpTo(value: BencodeValue | undefined, most: number): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= most ? value : undefined
}

function address(value: BencodeValue | undefined, ...lengths: number[]): Uint8Array | undefined {
  return value instanceof Uint8Array && lengths.includes(value.length) ? value.slice() : undefined
}

function readName(bytes: Uint8Array): string | undefined {
  const name = stripControl(utf8(bytes.subarray(0, longestClientName)))
  return name === '' ? undefined : name
}

function checkEncodable(key: string, value: unknown): Encodable {
  if (!isEncodable(value, 0)) {
    throw new BitloomError('INVALID_ARGUMENT', `the extension handshake cannot hold the value of "${key}"`)
  }
  return value
}

function isEncodable(value: unknown, depth: number): value is Encodable {
  if (depth > 20) return false
  if (typeof value === 'number') return Number.isSafeInteger(value)
  if (typeof value === 'string' || value instanceof Uint8Array) return true
  if (Array.isArray(value)) return value.every((item) => isEncodable(item, depth + 1))
  if (!(value instanceof Map)) return false
  return [...value].every(([key, item]) => typeof key === 'string' && isEncodable(item, depth + 1))
}
