import bencode from 'bencode'
import { latin1Bytes, utf8Bytes } from './text.js'
import { BitloomError } from './errors.js'

/** What `encode` takes: as decoded, and text (as UTF-8) for convenience. Map keys are byte strings as Latin-1 text. */
export type Encodable = number | string | Uint8Array | readonly Encodable[] | ReadonlyMap<string, Encodable>

/** What `encodePlain` takes: integers, text, bytes, lists and plain objects with ASCII keys. */
export type PlainEncodable =
  number | string | Uint8Array | readonly PlainEncodable[] | { readonly [key: string]: PlainEncodable }

const maxDepth = 100

/**
 * Canonical bencode (BEP 3): keys sorted as raw bytes. For info dictionaries and everything with binary keys.
 * Gives a fresh array.
 * @throws BitloomError INVALID_ARGUMENT for a non-integer, an integer beyond 2^53 - 1, a key above U+00FF, depth over 100
 */
export function encode(value: Encodable): Uint8Array {
  const writer = new Writer()
  write(writer, value, 0)
  return writer.bytes()
}

/**
 * Bencode of a plain message, by the `bencode` package behind a check of everything it would write wrongly: bigint,
 * functions, booleans, undefined, fractions, keys that are not ASCII.
 * @throws BitloomError INVALID_ARGUMENT
 */
export function encodePlain(value: PlainEncodable): Uint8Array {
  checkPlain(value, 0)
  return bencode.encode(value)
}

class Writer {
  #bytes = new Uint8Array(256)
  #length = 0

  put(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** Text of ASCII characters. */
  ascii(text: string): void {
    this.#reserve(text.length)
    for (let index = 0; index < text.length; index++) this.#bytes[this.#length++] = text.charCodeAt(index)
  }

  string(bytes: Uint8Array): void {
    this.ascii(`${bytes.length}:`)
    this.put(bytes)
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#length + more, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

function write(writer: Writer, value: Encodable, depth: number): void {
  if (typeof value === 'number') writer.ascii(`i${checkInteger(value)}e`)
  else if (typeof value === 'string') writer.string(utf8Bytes(value))
  else if (value instanceof Uint8Array) writer.string(value)
  else if (depth >= maxDepth) throw refuse(`a value is nested deeper than ${maxDepth}`)
  else if (value instanceof Map) writeDict(writer, value, depth)
  else if (Array.isArray(value)) {
    writer.ascii('l')
    for (const item of value as readonly Encodable[]) write(writer, item, depth + 1)
    writer.ascii('e')
  } else throw refuse(`a value of type ${typeof value} cannot be bencoded`)
}

function writeDict(writer: Writer, dict: ReadonlyMap<string, Encodable>, depth: number): void {
  writer.ascii('d')
  // Code units of Latin-1 text are its bytes, so the default order is the order of raw bytes.
  for (const key of [...dict.keys()].sort()) {
    writer.string(keyBytes(key))
    write(writer, dict.get(key) as Encodable, depth + 1)
  }
  writer.ascii('e')
}

function keyBytes(key: string): Uint8Array {
  try {
    return latin1Bytes(key)
  } catch (error) {
    throw refuse(`the key "${key}" is not a byte string`, error)
  }
}

function checkInteger(value: number): number {
  if (!Number.isSafeInteger(value)) throw refuse(`${value} is not an integer that bencode can hold`)
  return value === 0 ? 0 : value
}

function checkPlain(value: unknown, depth: number): void {
  if (typeof value === 'string' || value instanceof Uint8Array) return
  if (typeof value === 'number') return void checkInteger(value)
  if (depth >= maxDepth) throw refuse(`a value is nested deeper than ${maxDepth}`)
  if (Array.isArray(value)) {
    for (const item of value as readonly unknown[]) checkPlain(item, depth + 1)
    return
  }
  if (typeof value !== 'object' || value === null || !isPlainObject(value)) {
    throw refuse(`a value of type ${value === null ? 'null' : typeof value} cannot be bencoded`)
  }
  for (const [key, item] of Object.entries(value)) {
    // The package sorts keys as UTF-16; within ASCII that is the order of bytes.
    // oxlint-disable-next-line no-control-regex
    if (!/^[\x00-\x7f]*$/.test(key)) throw refuse(`the key "${key}" is not ASCII`)
    checkPlain(item, depth + 1)
  }
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function refuse(message: string, cause?: unknown): BitloomError {
  return new BitloomError('INVALID_ARGUMENT', message, { cause })
}
