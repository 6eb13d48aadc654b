import { expect } from 'vitest'
import type { TestRunner } from '../../src/index.js'

export interface Outcome {
  readonly passed: readonly string[]
  readonly skipped: readonly string[]
  /** The message by the name of the guarantee. */
  readonly failed: ReadonlyMap<string, string>
}

/** Runs a suite with a runner that only notes what came out, so that suites can be tested as what they are. */
export async function outcomeOf(suite: (runner: TestRunner) => void, only?: string): Promise<Outcome> {
  const tests: { name: string; run: () => Promise<void> | void }[] = []
  const skipped: string[] = []
  const it = (name: string, run: () => Promise<void> | void): void => void tests.push({ name, run })
  it.skip = (name: string): void => void skipped.push(name)
  suite({ describe: (_, body) => body(), it })
  expect(new Set(tests.map(({ name }) => name)).size, 'names of guarantees are unique').toBe(tests.length)
  const failed = new Map<string, string>()
  for (const { name, run } of tests.filter(({ name }) => only === undefined || name === only)) {
    try {
      await run()
    } catch (error) {
      failed.set(name, error instanceof Error ? error.message : String(error))
    }
  }
  return { skipped, failed, passed: tests.map(({ name }) => name).filter((name) => !failed.has(name)) }
}

/** The sound implementation keeps every guarantee. */
export async function expectSound(suite: (runner: TestRunner) => void, guarantees: number): Promise<Outcome> {
  const outcome = await outcomeOf(suite)
  expect([...outcome.failed]).toEqual([])
  expect(outcome.passed.length + outcome.skipped.length).toBe(guarantees)
  return outcome
}

/** The planted fault breaks the guarantee of this name; the message is worth reading. */
export async function expectCaught(suite: (runner: TestRunner) => void, guarantee: string): Promise<void> {
  const { failed } = await outcomeOf(suite, guarantee)
  expect([...failed.keys()]).toEqual([guarantee])
  expect(failed.get(guarantee)?.length).toBeGreaterThan(20)
}
