import * as fc from 'fast-check'

/** A decoder or state machine under random input. Inputs are bytes, text, or JSON with bytes in it: they are kept as files. */
export interface Target {
  readonly name: string
  readonly property: fc.IAsyncProperty<[unknown]>
  /** Tries one input, as it was kept. Throws, or rejects, when it finds something. */
  try(input: unknown): void | Promise<void>
}

/** `check` throws when something is wrong; whatever the code under test may throw it expects itself. */
export function target<T>(name: string, input: fc.Arbitrary<T>, check: (input: T) => void | Promise<void>): Target {
  return {
    name,
    property: fc.asyncProperty(input, async (value) => check(value)) as unknown as Target['property'],
    try: (value) => check(value as T),
  }
}

/** What `run` answers; `undefined` if it throws an error that `isExpected`. Any other error passes. */
export function unless<T>(isExpected: (error: unknown) => boolean, run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    if (isExpected(error)) return undefined
    throw error
  }
}

export function ensure(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what)
}
