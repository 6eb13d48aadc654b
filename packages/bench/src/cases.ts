import type { PayloadShape } from '../rig/payloads.js'
import type { Pair, SideCase } from './side.js'

const kibibyte = 1024
const mebibyte = 1024 * kibibyte
const averageFileBytes = 200 * kibibyte
const manyPieces = 100_000

interface CaseFacts {
  readonly shape: PayloadShape
  readonly peers?: number
}

/** The usual cases by name, for payloads of about this length. */
function usualCases(lengthBytes: number): Readonly<Record<string, CaseFacts>> {
  const one = (pieceLengthBytes: number): PayloadShape => ({ lengthBytes, files: 1, pieceLengthBytes })
  const leastPieceBytes = 16 * kibibyte
  const pieces = Math.min(manyPieces, lengthBytes / leastPieceBytes)
  return {
    one: { shape: one(mebibyte) },
    'pieces-256k': { shape: one(256 * kibibyte) },
    'pieces-4m': { shape: one(4 * mebibyte) },
    'pieces-16m': { shape: one(16 * mebibyte) },
    'pieces-many': { shape: { ...one(leastPieceBytes), lengthBytes: pieces * leastPieceBytes } },
    files: {
      shape: { lengthBytes, files: Math.round(lengthBytes / averageFileBytes), pieceLengthBytes: 256 * kibibyte },
    },
    'peers-8': { shape: one(mebibyte), peers: 8 },
    'peers-50': { shape: one(mebibyte), peers: 50 },
  }
}

/** Names of all cases. */
export const caseNames: readonly string[] = Object.keys(usualCases(2 ** 30))

/**
 * The cases of these names, all of them by default. Where several peers seed they are `partner`, so only the pairs that it
 * seeds are left. @throws Error for a name that is none
 */
export function casesOf(
  lengthBytes: number,
  pairs: readonly Pair[],
  partner: string,
  names: readonly string[] = caseNames,
): SideCase[] {
  const known = usualCases(lengthBytes)
  return names.map((name) => {
    const facts = known[name]
    if (facts === undefined) throw new Error(`there is no case ${name}, only ${caseNames.join(', ')}`)
    const { shape, peers = 1 } = facts
    return { name, shape, peers, pairs: peers === 1 ? pairs : pairs.filter(({ seeder }) => seeder === partner) }
  })
}
