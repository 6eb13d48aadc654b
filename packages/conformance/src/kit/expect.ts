/** An implementation that does not keep a promise of its port. The message says what was expected, and what came. */
export class BrokenGuarantee extends Error {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'BrokenGuarantee'
  }
}

/** Always throws. */
export function broken(message: string, cause?: unknown): never {
  throw new BrokenGuarantee(message, { cause })
}

/** Holds, or throws with `message`, which is made only then. */
export function expectThat(holds: boolean, message: string | (() => string)): asserts holds {
  if (!holds) broken(typeof message === 'string' ? message : message())
}

/** Two plain values alike, compared by what `show` prints of them. */
export function expectSame(actual: unknown, expected: unknown, what: string): void {
  const [came, wanted] = [show(actual), show(expected)]
  if (came !== wanted) broken(`${what}: expected ${wanted}, came ${came}`)
}

/** Bytes alike; the message names the first that is not. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (actual.length !== expected.length) broken(`${what}: expected ${expected.length} bytes, came ${actual.length}`)
  for (let at = 0; at < actual.length; at++) {
    if (actual[at] !== expected[at]) broken(`${what}: at byte ${at} expected ${expected[at]}, came ${actual[at]}`)
  }
}

/** A value as failure messages print it: bytes as hex, keys sorted, long texts cut. */
export function show(value: unknown): string {
  const text = shown(value)
  return text.length > 500 ? `${text.slice(0, 500)}… (${text.length} characters)` : text
}

function shown(value: unknown): string {
  if (value instanceof Uint8Array)
    return `bytes ${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if (typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`
  if (value instanceof Map) return `Map ${shown([...value])}`
  if (value instanceof Set) return `Set ${shown([...value])}`
  if (typeof value !== 'object' || value === null) return String(value)
  const entries = Object.entries(value).filter(([, part]) => part !== undefined)
  const parts = entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => `${key}: ${shown(part)}`)
  return `{${parts.join(', ')}}`
}
