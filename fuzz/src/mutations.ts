import { type BencodeValue, type Dict, encode, latin1Bytes } from '@bitloom/core'
import * as fc from 'fast-check'

const change = fc.record({
  kind: fc.nat(6),
  at: fc.nat(),
  length: fc.nat(40),
  byte: fc.nat(255),
  token: fc.nat(),
})
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

/** Sound samples with up to four changes, and now and then any bytes. `tokens` are what readers of this format look at. */
export function mutatedBytes(samples: readonly Uint8Array[], tokens: readonly string[]): fc.Arbitrary<Uint8Array> {
  const words = tokens.map(latin1Bytes)
  const changed = fc
    .tuple(fc.nat(samples.length - 1), fc.array(change, { maxLength: 4 }))
    .map(([sample, changes]) =>
      changes.reduce((bytes, one) => changedBytes(bytes, one, words), samples[sample] ?? new Uint8Array()),
    )
  return fc.oneof({ weight: 9, arbitrary: changed }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) })
}

/** As `mutatedBytes`, for text. */
export function mutatedText(samples: readonly string[], tokens: readonly string[]): fc.Arbitrary<string> {
  const latin1 = mutatedBytes(samples.map(latin1Bytes), tokens).map((bytes) => Buffer.from(bytes).toString('latin1'))
  return fc.oneof({ weight: 9, arbitrary: latin1 }, { weight: 1, arbitrary: fc.string({ unit: 'binary' }) })
}

function changedBytes(bytes: Uint8Array, { kind, at, length, byte, token }: Change, words: readonly Uint8Array[]) {
  const from = at % (bytes.length + 1)
  const word = words[token % words.length] ?? new Uint8Array()
  switch (kind) {
    case 0:
      return spliced(bytes, from, Math.min(1, bytes.length - from), Uint8Array.of(byte))
    case 1:
      return spliced(bytes, from, length, new Uint8Array())
    case 2:
      return spliced(bytes, from, 0, word)
    case 3:
      return spliced(bytes, from, word.length, word)
    case 4:
      return spliced(bytes, from, 0, bytes.slice(token % (bytes.length + 1), (token % (bytes.length + 1)) + length))
    case 5:
      return bytes.slice(0, from)
    default:
      return spliced(bytes, from, 0, new Uint8Array(length).fill(byte))
  }
}

function spliced(bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  const rest = bytes.subarray(at + remove)
  const changed = new Uint8Array(at + insert.length + rest.length)
  changed.set(bytes.subarray(0, at))
  changed.set(insert, at)
  changed.set(rest, at + insert.length)
  return changed
}

const texts = ['', '.', '..', '/', '__proto__', 'constructor', 'a\0b', '\u202e', 'x'.repeat(300), '\xff\xfe', '%zz']
const numbers = [0, -1, 1, 2, 255, 65_535, 65_536, 2 ** 31, 2 ** 32, 2 ** 48, 2 ** 53 - 1, 1 - 2 ** 53]
const hostileValues: readonly BencodeValue[] = [
  ...numbers,
  ...texts.map((text) => new TextEncoder().encode(text)),
  ...[4, 6, 16, 18, 20, 32, 68].map((length) => new Uint8Array(length).fill(1)),
  [],
  [[]],
  [0, new Uint8Array()],
  new Map(),
  new Map([['', new Map([['', 0]])]]),
  new Map<string, BencodeValue>([['__proto__', 1]]),
]

const edit = fc.record({
  path: fc.array(fc.nat(40), { maxLength: 5 }),
  kind: fc.nat(4),
  value: fc.nat(),
  key: fc.nat(),
})
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never

/** Bencoded samples of which up to three values are others, gone, doubled or under another key: any field of any type. */
export function mutatedValues(samples: readonly BencodeValue[], keys: readonly string[]): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.nat(samples.length - 1), fc.array(edit, { minLength: 1, maxLength: 3 }))
    .map(([sample, edits]) =>
      encode(edits.reduce<BencodeValue>((value, one) => edited(value, one, keys, 0), samples[sample] ?? 0)),
    )
}

function edited(value: BencodeValue, how: Edit, keys: readonly string[], depth: number): BencodeValue {
  const hostile = hostileValues[how.value % hostileValues.length] ?? 0
  const step = how.path[depth]
  if (value instanceof Map) return editedDict(value as Dict, how, keys, depth, hostile)
  if (!Array.isArray(value) || step === undefined) return hostile
  const list = value as readonly BencodeValue[]
  const at = step % (list.length + 1)
  const item = list[at]
  if (item === undefined) return [...list, hostile]
  if (how.kind === 0) return list.toSpliced(at, 1)
  if (how.kind === 1) return list.toSpliced(at, 0, item)
  return list.with(at, edited(item, how, keys, depth + 1))
}

function editedDict(dict: Dict, how: Edit, keys: readonly string[], depth: number, hostile: BencodeValue) {
  const step = how.path[depth]
  const copy = new Map(dict)
  const own = [...dict.keys()]
  const key = step === undefined ? undefined : own[step % (own.length + 1)]
  if (step === undefined && how.kind === 0) return hostile
  if (key === undefined) return copy.set(keys[how.key % keys.length] ?? '', hostile)
  if (how.kind === 1 || how.kind === 2) {
    const moved = copy.get(key)
    copy.delete(key)
    return how.kind === 1 || moved === undefined ? copy : copy.set(keys[how.key % keys.length] ?? '', moved)
  }
  return copy.set(key, edited(copy.get(key) ?? 0, how, keys, depth + 1))
}
