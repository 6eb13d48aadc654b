import type { Dict, Random } from '@bitloom/core'
import { between, oneOf, seededRandom } from '../kit/random.js'

const text = (value: string): Uint8Array => Uint8Array.from(value, (letter) => letter.charCodeAt(0))

/** What has broken readers of bencode and of messages before. */
const classics: readonly Uint8Array[] = [
  '',
  'd',
  'de',
  'i1e',
  'le',
  'd1:ai1e',
  'i-0e',
  'i99999999999999999999999e',
  '-3:e',
  'l-3:e',
  'd-3:i1ee',
  '10:abc',
  '99999999999:a',
  'd1:bi1e1:ai2ee',
  'd9:__proto__d1:ai1eee',
  'd8:msg_typei0e5:piecei-1ee',
  'd8:msg_typei0e5:piecei9007199254740993ee',
  'd8:msg_typei1e5:piecei0e10:total_sizei-5ee',
  'd8:msg_type1:05:piecelee',
  'd5:addedi5ee',
  'd5:added5:abcde7:added.f9:abcdefghie',
  'd5:added0:7:added.f0:6:added60:7:droppedlee',
  'd13:metadata_sizei-1ee',
  'l'.repeat(20_000),
  `${'d1:a'.repeat(5_000)}`,
].map(text)

/** Payloads that no sound peer sends: the classics, random bytes, and sound ones cut, stretched and changed. */
export function garbage(random: Random, sound: readonly Uint8Array[]): Uint8Array[] {
  const seeds = [...classics.filter(({ length }) => length < 200), ...sound]
  const noise = Array.from({ length: 40 }, () => random.bytes(between(random, 1, 100)))
  const changed = Array.from({ length: 200 }, () => mutate(random, oneOf(random, seeds)))
  return [...classics, random.bytes(17_000), new Uint8Array(65_536), ...noise, ...changed]
}

function mutate(random: Random, bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice()
  const at = random.below(changed.length + 1)
  const kind = random.below(4)
  if (kind === 0) return changed.subarray(0, at)
  if (kind === 1) return Uint8Array.from([...changed, ...random.bytes(between(random, 1, 20))])
  if (kind === 2) return Uint8Array.from([...changed.subarray(0, at), ...random.bytes(2), ...changed.subarray(at)])
  if (at < changed.length) changed[at] = random.below(256)
  return changed
}

/** Dictionaries whose values are of any kind, under the keys that extensions read. */
export function handshakes(): Dict[] {
  const random = seededRandom('handshakes')
  const keys = ['metadata_size', 'm', 'v', 'p', 'reqq', 'upload_only', 'ipv4', 'ipv6', 'yourip', 'x']
  const values = [
    0,
    -1,
    Number.MAX_SAFE_INTEGER,
    new Uint8Array(0),
    new Uint8Array(70_000),
    [],
    [1, [new Uint8Array(1)]],
    new Map([['a', 1]]),
  ]
  const drawn = Array.from({ length: 60 }, (): Dict => {
    const entries = keys
      .slice(0, between(random, 0, keys.length))
      .map((key) => [key, values[random.below(values.length)] ?? 0] as const)
    return new Map(entries)
  })
  return [...values.map((value): Dict => new Map([['metadata_size', value]])), ...drawn]
}
