import { type BencodeValue, BencodeError, decode, decodePrefix, encode, equalBytes, latin1Bytes } from '@bitloom/core'
import { mutatedBytes } from '../mutations.js'
import { ensure, target, unless } from '../target.js'

const samples = [
  'd1:ad1:bl1:c2:ddee2:xxi-42e3:zzz0:e',
  'li0ei-1ei9007199254740991ei-9007199254740991elelee',
  'd4:infod6:lengthi5e4:name1:a12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaaee',
  'lllllllllleeeeeeeeee',
  '10:0123456789',
  'd9:__proto__i1e11:constructori2ee',
].map(latin1Bytes)
const tokens = [
  'i',
  'l',
  'd',
  'e',
  ':',
  '-',
  '0',
  '1:',
  'i0e',
  '0:',
  'de',
  'le',
  '99999999999999999999',
  '\n',
  '1:a1:a',
]
const isOwn = (error: unknown): boolean => error instanceof BencodeError

export const bencode = target('bencode', mutatedBytes(samples, tokens), (bytes) => {
  const value = unless(isOwn, () => decode(bytes))
  const prefix = unless(isOwn, () => decodePrefix(bytes))
  if (value === undefined) return
  ensure(prefix?.lengthBytes === bytes.length, 'what is whole is a prefix of itself')
  const coded = encode(value)
  ensure(sameValue(decode(coded, { canonicalKeys: true }), value), 'what is encoded decodes to the same')
  const canonical = unless(isOwn, () => decode(bytes, { canonicalKeys: true }))
  if (canonical !== undefined) ensure(equalBytes(coded, bytes), 'canonical bytes come back')
})

function sameValue(left: BencodeValue, right: BencodeValue): boolean {
  if (left instanceof Uint8Array) return right instanceof Uint8Array && equalBytes(left, right)
  if (left instanceof Map) {
    if (!(right instanceof Map) || left.size !== right.size) return false
    return [...(left as ReadonlyMap<string, BencodeValue>)].every(([key, item]) => {
      const other = (right as ReadonlyMap<string, BencodeValue>).get(key)
      return other !== undefined && sameValue(item, other)
    })
  }
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false
    return (left as readonly BencodeValue[]).every((item, at) => sameValue(item, (right as BencodeValue[])[at] ?? 0))
  }
  return left === right
}
