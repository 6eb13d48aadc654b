import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { seededRandom } from '../../core/src/bytes/seeded-random.js'
import type { Attempt } from '../src/attempt.js'
import { type FetchEffects, MetadataFetch, newSource, type Source } from '../src/fetch.js'
import { pieceBytes, pieceLengthOf } from '../src/protocol.js'

type Character = 'honest' | 'lies' | 'lies at one' | 'silent' | 'rejects' | 'short' | 'another size' | 'slow' | 'leaves'

const truth = Uint8Array.from({ length: 5 * pieceBytes + 700 }, (_, at) => (at * 7 + (at >> 8)) & 255)
const limits = { timeoutMs: 10_000, maxBytes: 67_108_864 }

interface Asked {
  readonly source: Source
  readonly piece: number
}

/** A fetch from sources of the given characters; messages come in an order that `pick` chooses. */
function fetchFrom(characters: readonly Character[], pick: (below: number) => number) {
  const banned = new Set<Source>()
  const asked: Asked[] = []
  const left = new Set<Source>()
  let nowMs = 0
  let result: Uint8Array | undefined
  const checks: (() => void)[] = []
  const effects: FetchEffects = {
    ask: (source, piece) => asked.push({ source, piece }) > 0,
    check(attempt: Attempt<Source>, bytes) {
      checks.push(() => {
        const isRight = bytes.length === truth.length && bytes.every((byte, at) => byte === truth[at])
        if (isRight) result = bytes
        fetch.judged(attempt, isRight, nowMs)
      })
    },
    ban: (source) => void banned.add(source),
    disconnect: (source) => void left.add(source),
  }
  const fetch = new MetadataFetch(effects, limits)
  const sources = characters.map((character, index) => ({
    character,
    source: newSource({ kind: 'ip', host: `10.0.0.${index}`, port: 1 }),
  }))
  const characterOf = (source: Source): Character | undefined => sources.find((one) => one.source === source)?.character

  function answer({ source, piece }: Asked): void {
    if (left.has(source)) return
    const character = characterOf(source)
    const size = character === 'another size' ? truth.length + 20_000 : truth.length
    const bytes = new Uint8Array(pieceLengthOf(size, piece))
    bytes.set(truth.subarray(piece * pieceBytes, piece * pieceBytes + bytes.length))
    if (character === 'lies' || (character === 'lies at one' && piece === 2)) bytes[0] = (bytes[0] ?? 0) ^ 255
    if (character === 'rejects') fetch.rejected(source, piece, nowMs)
    else if (character === 'leaves') {
      left.add(source)
      fetch.left(source, nowMs)
    } else if (character !== 'silent') {
      const sent = character === 'short' ? bytes.subarray(1) : bytes
      fetch.data(source, { type: 'data', piece, totalBytes: size, bytes: sent }, nowMs)
    }
  }

  function step(): boolean {
    const check = checks.shift()
    if (check !== undefined) check()
    else if (asked.length > 0) {
      const [next] = asked.splice(pick(asked.length), 1)
      if (next === undefined) return true
      // A slow one answers when its time is over already.
      if (characterOf(next.source) === 'slow') {
        nowMs += limits.timeoutMs
        fetch.tick(nowMs)
      }
      answer(next)
    } else {
      const dueMs = fetch.nextDeadlineMs(nowMs)
      if (dueMs === Infinity) return false
      nowMs = Math.max(nowMs, dueMs)
      fetch.tick(nowMs)
    }
    return true
  }

  for (const { source, character } of sources) {
    fetch.offers(source, character === 'another size' ? truth.length + 20_000 : truth.length, nowMs)
  }
  for (let steps = 0; steps < 5_000 && step(); steps++) if (result !== undefined) break
  return { result, fetch, banned: [...banned].map(characterOf) }
}

const characters = fc.constantFrom<Character>(
  'lies',
  'lies at one',
  'silent',
  'rejects',
  'short',
  'another size',
  'slow',
  'leaves',
  'honest',
)

it('with one honest peer among any others the metadata comes, and no honest peer is banned', () => {
  fc.assert(
    fc.property(fc.array(characters, { maxLength: 7 }), fc.nat(), fc.nat(), (others, at, seed) => {
      const all = others.toSpliced(at % (others.length + 1), 0, 'honest')
      const random = seededRandom(seed)
      const { result, banned, fetch } = fetchFrom(all, (below) => random.below(below))
      expect(result?.length).toBe(truth.length)
      expect(fetch.heldBytes).toBe(0)
      const wrong = banned.filter((who) => who !== 'lies' && who !== 'lies at one' && who !== 'another size')
      expect(wrong).toEqual([])
    }),
    { numRuns: 300 },
  )
})

it('memory follows what came, and is bounded whatever is claimed', () => {
  const held: number[] = []
  const effects: FetchEffects = { ask: () => true, check: () => {}, ban: () => {}, disconnect: () => {} }
  const fetch = new MetadataFetch(effects, { timeoutMs: 10_000, maxBytes: 1_048_576 })
  const sources = Array.from({ length: 40 }, (_, index) => newSource({ kind: 'ip', host: `10.0.1.${index}`, port: 1 }))
  // Forty peers, each of which claims another size of nearly a megabyte.
  for (const [index, source] of sources.entries()) fetch.offers(source, 1_048_576 - index, 0)
  expect(fetch.heldBytes).toBe(0)
  for (let piece = 0; piece < 63; piece++) {
    for (const source of sources) {
      if (!source.asked.has(piece)) continue
      const bytes = new Uint8Array(pieceBytes)
      fetch.data(source, { type: 'data', piece, totalBytes: source.sizeBytes, bytes }, piece)
      held.push(fetch.heldBytes)
    }
  }
  expect(Math.max(...held)).toBeLessThanOrEqual(2 * 1_048_576)
  expect(Math.max(...held)).toBeGreaterThan(1_048_576)
})
