import type { PayloadShape } from '../rig/payloads.js'
import type { Pair, SideCase } from './side.js'

const kibibyte = 1024
const mebibyte = 1024 * kibibyte

function shapes(lengthBytes: number): Readonly<Record<string, PayloadShape>> {
  const one = (pieceLengthBytes: number): PayloadShape => ({ lengthBytes, files: 1, pieceLengthBytes })
  const averageFileBytes = 200 * kibibyte
  return {
    one: one(mebibyte),
    'pieces-256k': one(256 * kibibyte),
    'pieces-4m': one(4 * mebibyte),
    'pieces-16m': one(16 * mebibyte),
    files: { lengthBytes, files: Math.round(lengthBytes / averageFileBytes), pieceLengthBytes: 256 * kibibyte },
  }
}

/** The cases of these names, all of them by default. @throws Error for a name that is none */
export function casesOf(lengthBytes: number, pairs: readonly Pair[], names?: readonly string[]): SideCase[] {
  const known = shapes(lengthBytes)
  return (names ?? Object.keys(known)).map((name) => {
    const shape = known[name]
    if (shape === undefined) throw new Error(`there is no case ${name}, only ${Object.keys(known).join(', ')}`)
    return { name, shape, pairs }
  })
}
