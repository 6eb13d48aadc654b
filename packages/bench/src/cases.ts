import type { PayloadShape } from '../rig/payloads.js'
import type { Pair, SideCase } from './side.js'

const kibibyte = 1024
const mebibyte = 1024 * kibibyte
const averageFileBytes = 200 * kibibyte
const manyPieces = 100_000
/** So many times the length of `plainCase` start-up does not count. */
const longTimes = 4

/** The case in which every client is on both sides. */
export const plainCase = 'one'
/** Where CPU time and throughput are compared with the goals. */
export const longCase = 'long'
/** It takes minutes for what others do in seconds. */
const slowClient = 'transmission'

interface CaseFacts {
  readonly shape: PayloadShape
  readonly peers?: number
  /** Those that take part; absent: all. */
  readonly clients?: readonly string[]
}

/** The usual cases by name: `one` is so long, `long` four times that, the others are not longer than 1 GiB. */
function usualCases(mostBytes: number): Readonly<Record<string, CaseFacts>> {
  const lengthBytes = Math.min(mostBytes, 1024 * mebibyte)
  const one = (pieceLengthBytes: number): PayloadShape => ({ lengthBytes, files: 1, pieceLengthBytes })
  const leastPieceBytes = 16 * kibibyte
  const pieces = mostBytes < 1024 * mebibyte ? mostBytes / leastPieceBytes : manyPieces
  return {
    [plainCase]: { shape: { ...one(mebibyte), lengthBytes: mostBytes } },
    [longCase]: {
      shape: { ...one(mebibyte), lengthBytes: mostBytes * longTimes },
      clients: ['bitloom', 'libtorrent', 'aria2'],
    },
    files: {
      shape: { lengthBytes, files: Math.round(lengthBytes / averageFileBytes), pieceLengthBytes: 256 * kibibyte },
    },
    'peers-8': { shape: one(mebibyte), peers: 8 },
    'peers-50': { shape: one(mebibyte), peers: 50 },
    'pieces-16m': { shape: one(16 * mebibyte) },
    'pieces-256k': { shape: one(256 * kibibyte) },
    'pieces-4m': { shape: one(4 * mebibyte) },
    'pieces-many': {
      shape: { ...one(leastPieceBytes), lengthBytes: pieces * leastPieceBytes },
      clients: ['bitloom', 'libtorrent'],
    },
  }
}

/** Names of all cases, the more important first. */
export const caseNames: readonly string[] = Object.keys(usualCases(2 ** 30))

/**
 * The cases of these names, all of them by default. The slow client takes part in the first only; where several peers seed,
 * they are `partner`. `plainPairs` run in the first case beside the others. @throws Error for a name that is none
 */
export function casesOf(
  lengthBytes: number,
  pairs: readonly Pair[],
  partner: string,
  names: readonly string[] = caseNames,
  plainPairs: readonly Pair[] = [],
): SideCase[] {
  const known = usualCases(lengthBytes)
  return names.map((name) => {
    const facts = known[name]
    if (facts === undefined) throw new Error(`there is no case ${name}, only ${caseNames.join(', ')}`)
    const { shape, peers = 1, clients } = facts
    const takesPart = (client: string): boolean => client !== slowClient && clients?.includes(client) !== false
    const isOf = ({ seeder, leecher }: Pair): boolean =>
      takesPart(seeder) && takesPart(leecher) && (peers === 1 || seeder === partner)
    return { name, shape, peers, pairs: name === plainCase ? [...pairs, ...plainPairs] : pairs.filter(isOf) }
  })
}
