/**
 * A strict bencode reader for bytes from anywhere (BEP 3, "bencoding"). Containers live on a stack of its own, so depth
 * costs memory by the level and never the call stack. Nothing is allocated by a declared length.
 */
import type { BencodeValue, Dict } from './bencode.js'
import { BencodeError } from './errors.js'
import { latin1 } from './text.js'

/** Limits of one decoding; each default is what LIMITS promises for a torrent file. */
export interface DecodeOptions {
  /** Lists and dictionaries within each other. Default 100. */
  readonly maxDepth?: number
  /** Integers, strings (keys too), lists and dictionaries in all. Default 10,000,000. */
  readonly maxTokens?: number
  /** Default 64 MiB. */
  readonly maxBytes?: number
  /** What may follow the value: nothing, line ends, or anything. Default `refuse`. */
  readonly trailing?: 'refuse' | 'newline' | 'allow'
  /** Refuse keys that are unsorted or come twice, at any depth. Default false: the last of equal keys wins. */
  readonly canonicalKeys?: boolean
}

/** Where a value of the outermost dictionary lies in the input. */
export interface Span {
  readonly begin: number
  /** The byte after the last. */
  readonly end: number
  /** False if a dictionary within it (or itself) has unsorted or equal keys. */
  readonly canonicalKeys: boolean
}

/** A value with what its bytes were. */
export interface Decoded {
  readonly value: BencodeValue
  /** How many bytes the value took from the front of the input. */
  readonly lengthBytes: number
  /** By key of the outermost dictionary; empty if the value is none. Of equal keys the last. */
  readonly spans: ReadonlyMap<string, Span>
  /** False if any dictionary has unsorted or equal keys. */
  readonly canonicalKeys: boolean
}

/**
 * Reads one value. Strings are views into `bytes`: they live and change with it.
 * @throws BencodeError BENCODE_SYNTAX or BENCODE_LIMIT, with the offset
 */
export function decode(bytes: Uint8Array, options: DecodeOptions = {}): BencodeValue {
  return decodeDocument(bytes, options).value
}

/**
 * Reads one value from the front of `bytes` and tells how many bytes it took; whatever follows is left alone
 * (BEP 9: the data of an `ut_metadata` message follows its dictionary).
 * @throws BencodeError
 */
export function decodePrefix(
  bytes: Uint8Array,
  options: DecodeOptions = {},
): { readonly value: BencodeValue; readonly lengthBytes: number } {
  return decodeDocument(bytes, { ...options, trailing: 'allow' })
}

/**
 * Reads one value and the spans of the outermost dictionary's values, for hashes over raw bytes.
 * @throws BencodeError
 */
export function decodeDocument(bytes: Uint8Array, options: DecodeOptions = {}): Decoded {
  const maxBytes = options.maxBytes ?? 64 * 1024 * 1024
  if (bytes.length > maxBytes && options.trailing !== 'allow') {
    throw new BencodeError('BENCODE_LIMIT', `the bencoded text is longer than ${maxBytes} bytes`, maxBytes)
  }
  const scanner = new Scanner(bytes, Math.min(bytes.length, maxBytes), options)
  const value = scanner.run()
  if (options.trailing !== 'allow') checkTrailing(bytes, scanner.at, options.trailing ?? 'refuse')
  return {
    value,
    lengthBytes: scanner.at,
    spans: scanner.spans,
    canonicalKeys: scanner.irregularKeys === 0,
  }
}

function checkTrailing(bytes: Uint8Array, from: number, trailing: 'refuse' | 'newline'): void {
  let at = from
  if (trailing === 'newline') while (bytes[at] === 0x0a || bytes[at] === 0x0d) at++
  if (at < bytes.length) throw syntax('something follows the bencoded value', at)
}

/** One open container; reused for each container of the same depth. Exactly one of `list` and `dict` is set. */
interface Frame {
  list: BencodeValue[] | undefined
  dict: Map<string, BencodeValue> | undefined
  /** The key whose value comes next; undefined while a key is expected. */
  key: string | undefined
  lastKey: string | undefined
  valueBegin: number
  irregularBefore: number
}

const [charE, charD, charI, charL, colon, minus, zero, nine] = [0x65, 0x64, 0x69, 0x6c, 0x3a, 0x2d, 0x30, 0x39] as const

const longKeyBytes = 32
const keySlotMask = 63
/** The last short keys of all documents, each in the slot of its bytes: few different ones come very often. */
const keys: string[] = []

class Scanner {
  at = 0
  irregularKeys = 0
  readonly spans = new Map<string, Span>()
  readonly #bytes: Uint8Array
  readonly #end: number
  readonly #maxDepth: number
  readonly #canonicalKeys: boolean
  readonly #frames: Frame[] = []
  #depth = 0
  #tokensLeft: number

  constructor(bytes: Uint8Array, end: number, options: DecodeOptions) {
    this.#bytes = bytes
    this.#end = end
    this.#maxDepth = options.maxDepth ?? 100
    this.#tokensLeft = options.maxTokens ?? 10_000_000
    this.#canonicalKeys = options.canonicalKeys ?? false
  }

  run(): BencodeValue {
    for (;;) {
      const value = this.#step()
      if (value === undefined) continue
      if (this.#depth === 0) return value
      this.#attach(this.#frames[this.#depth - 1] as Frame, value)
    }
  }

  /** Takes one token; gives a value when one is complete. */
  #step(): BencodeValue | undefined {
    const byte = this.#peek()
    const frame = this.#depth === 0 ? undefined : this.#frames[this.#depth - 1]
    if (frame !== undefined && byte === charE) return this.#close(frame)
    if (--this.#tokensLeft < 0) throw new BencodeError('BENCODE_LIMIT', 'too many bencoded values', this.at)
    if (frame !== undefined) {
      if (frame.dict !== undefined && frame.key === undefined) return this.#key(frame)
      frame.valueBegin = this.at
      frame.irregularBefore = this.irregularKeys
    }
    if (byte === charI) return this.#integer()
    if (byte === charL || byte === charD) return this.#open(byte === charD)
    return this.#string()
  }

  #peek(): number {
    if (this.at >= this.#end) throw syntax('the bencoded text ends too early', this.at)
    return this.#bytes[this.at] as number
  }

  #open(isDict: boolean): undefined {
    if (this.#depth >= this.#maxDepth) {
      throw new BencodeError('BENCODE_LIMIT', `bencoded values are nested deeper than ${this.#maxDepth}`, this.at)
    }
    const list = isDict ? undefined : []
    const dict = isDict ? new Map<string, BencodeValue>() : undefined
    const frame = this.#frames[this.#depth]
    if (frame === undefined) {
      this.#frames.push({ list, dict, key: undefined, lastKey: undefined, valueBegin: 0, irregularBefore: 0 })
    } else {
      frame.list = list
      frame.dict = dict
      frame.key = undefined
      frame.lastKey = undefined
    }
    this.#depth++
    this.at++
    return undefined
  }

  #close(frame: Frame): BencodeValue {
    if (frame.key !== undefined) throw syntax('a dictionary ends after a key', this.at)
    this.at++
    this.#depth--
    return (frame.list ?? frame.dict) as readonly BencodeValue[] | Dict
  }

  #attach(frame: Frame, value: BencodeValue): void {
    if (frame.dict === undefined) {
      ;(frame.list as BencodeValue[]).push(value)
      return
    }
    const key = frame.key as string
    frame.dict.set(key, value)
    frame.lastKey = key
    frame.key = undefined
    if (this.#depth === 1) {
      const canonicalKeys = this.irregularKeys === frame.irregularBefore
      this.spans.set(key, { begin: frame.valueBegin, end: this.at, canonicalKeys })
    }
  }

  #key(frame: Frame): undefined {
    const begin = this.at
    const length = this.#stringLength()
    const key = this.#keyText(this.at, this.at + length)
    this.at += length
    if (frame.lastKey !== undefined && key <= frame.lastKey) {
      if (this.#canonicalKeys) throw syntax('dictionary keys are unsorted or come twice', begin)
      this.irregularKeys++
    }
    frame.key = key
    return undefined
  }

  #keyText(from: number, to: number): string {
    const bytes = this.#bytes
    const length = to - from
    if (length > longKeyBytes) return latin1(bytes.subarray(from, to))
    const slot =
      length === 0 ? 0 : (length * 31 + (bytes[from] as number) * 7 + (bytes[to - 1] as number)) & keySlotMask
    const known = keys[slot]
    if (known !== undefined && known.length === length && sameText(known, bytes, from)) return known
    const text = latin1(bytes.subarray(from, to))
    keys[slot] = text
    return text
  }

  #string(): Uint8Array {
    const length = this.#stringLength()
    const begin = this.at
    this.at += length
    return this.#bytes.subarray(begin, this.at)
  }

  /** Reads `<digits>:` and checks that as many bytes follow. */
  #stringLength(): number {
    const begin = this.at
    const length = this.#digits(begin)
    if (this.#peek() !== colon) throw syntax('the length of a string is not followed by a colon', this.at)
    this.at++
    if (length > this.#end - this.at) throw syntax('a string is longer than what is left', begin)
    return length
  }

  #integer(): number {
    const begin = this.at++
    const negative = this.#peek() === minus
    if (negative) this.at++
    const value = this.#digits(begin)
    if (negative && value === 0) throw syntax('an integer is minus zero', begin)
    if (this.#peek() !== charE) throw syntax('an integer does not end with "e"', this.at)
    this.at++
    return negative ? -value : value
  }

  /** One or more digits without a leading zero, at most 2^53 - 1. */
  #digits(begin: number): number {
    const first = this.at
    let value = 0
    for (; this.at < this.#end; this.at++) {
      const byte = this.#bytes[this.at] as number
      if (byte < zero || byte > nine) break
      value = value * 10 + (byte - zero)
      if (value > Number.MAX_SAFE_INTEGER) throw syntax('an integer is larger than 2^53 - 1', begin)
    }
    if (this.at === first) throw syntax('a bencoded value was expected here', first)
    if (this.#bytes[first] === zero && this.at - first > 1) throw syntax('an integer has a leading zero', begin)
    return value
  }
}

function sameText(text: string, bytes: Uint8Array, from: number): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) !== bytes[from + index]) return false
  return true
}

function syntax(what: string, offset: number): BencodeError {
  return new BencodeError('BENCODE_SYNTAX', `${what}, at byte ${offset}`, offset)
}
