import type { Random } from '@bitloom/core'

/** A stream from a seed (mulberry32): the same seed, the same numbers; forks depend on seed and name only. */
export function seededRandom(seed: string | number): Random {
  let state = hash(String(seed))
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const below = (limit: number): number => Math.floor((next() / 2 ** 32) * limit)
  return {
    below,
    bytes: (length) => Uint8Array.from({ length }, () => below(256)),
    fork: (name) => seededRandom(`${seed}/${name}`),
  }
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  return value
}

/** One of several, none of them favoured. */
export function oneOf<T>(random: Random, all: readonly T[]): T {
  const chosen = all[random.below(all.length)]
  if (chosen === undefined) throw new RangeError('one of none')
  return chosen
}

/** A whole number, `least` ≤ n ≤ `most`. */
export function between(random: Random, least: number, most: number): number {
  return least + random.below(most - least + 1)
}
