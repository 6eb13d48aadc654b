/**
 * A pseudo-random stream from a seed (sfc32, a small fast counting generator): for tests and simulations, never for keys
 * or tokens. It has the shape of the `Random` port.
 */
export interface SeededRandom {
  bytes(length: number): Uint8Array
  below(limit: number): number
  fork(name: string): SeededRandom
}

/** The same seed gives the same stream; `fork(name)` depends on seed and name only, not on what was drawn before. */
export function seededRandom(seed: string | number): SeededRandom {
  const next = sfc32(String(seed))
  const below = (limit: number): number => Math.floor((next() / 2 ** 32) * limit)
  return {
    below,
    bytes: (length) => Uint8Array.from({ length }, () => below(256)),
    fork: (name) => seededRandom(`${seed}\u0000${name}`),
  }
}

function sfc32(seed: string): () => number {
  let [a, b, c, counter] = [hash(seed, 1), hash(seed, 2), hash(seed, 3), 1]
  const next = (): number => {
    const result = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + result
    return result >>> 0
  }
  for (let round = 0; round < 12; round++) next()
  return next
}

/** FNV-1a with a final mix; spreads similar seeds far apart. */
function hash(text: string, salt: number): number {
  let value = 0x811c9dc5 ^ salt
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  return (value ^ (value >>> 13)) | 0
}
