import { randomBytes, randomInt } from 'node:crypto'
import type { Random } from '../ports/random.js'

/** The system's CSPRNG. Forks are streams of it like any other. */
export function systemRandom(): Random {
  const random: Random = {
    bytes: (length) => new Uint8Array(randomBytes(length)),
    below: (limit) => (limit <= 1 ? 0 : randomInt(limit)),
    fork: () => random,
  }
  return random
}
