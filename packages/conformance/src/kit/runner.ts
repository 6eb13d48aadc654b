/** What a suite needs of a test runner: `describe` and `it` of vitest, jest, mocha or node:test. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown
  readonly it: TestFunction
}

/** Defines one test; `skip` defines one that is shown and not run. */
export interface TestFunction {
  (name: string, run: () => Promise<void> | void): unknown
  skip(name: string, run: () => Promise<void> | void): unknown
}

/** One promise of a port. Its name is the promise; `run` throws `BrokenGuarantee`, or whatever the implementation threw. */
export interface Guarantee {
  readonly name: string
  /** Why this one is not asked of the implementation. */
  readonly skip?: string | undefined
  run(): Promise<void> | void
}

/** Makes tests of guarantees; those that do not apply are skipped, and say why in their name. */
export function defineSuite(runner: TestRunner, title: string, guarantees: readonly Guarantee[]): void {
  const { describe, it } = runner
  describe(title, () => {
    for (const { name, skip, run } of guarantees) {
      if (skip === undefined) it(name, () => run())
      else it.skip(`${name} (${skip})`, () => run())
    }
  })
}

/** `undefined` where the implementation offers it, else the reason for a skip. */
export function unless(isOffered: boolean, reason: string): string | undefined {
  return isOffered ? undefined : reason
}
