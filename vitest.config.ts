import { defaultServerConditions } from 'vite'
import { readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

// Tests see the sources of every package (the condition "@bitloom/source"), users see dist.
const shared = {
  ssr: { resolve: { conditions: ['@bitloom/source', ...defaultServerConditions] } },
  oxc: { decorator: { legacy: true } },
}

const packages = readdirSync(new URL('packages', import.meta.url))

/** A gigabyte to the slowest client takes minutes. */
const interopTimeoutMs = process.env['BITLOOM_INTEROP_FULL'] === '1' ? 900_000 : 180_000

export default defineConfig({
  ...shared,
  test: {
    // Much of it waits for processes and timers: a core that is left over stands idle.
    maxWorkers: '100%',
    projects: [
      ...packages.map((name) => ({
        ...shared,
        root: new URL(`packages/${name}`, import.meta.url).pathname,
        // Templates of plugins have tests as the plugins will.
        test: {
          name,
          include: ['{test,templates/*/test}/**/*.test.ts'],
          // A machine that does something else besides is no fault.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Simulated swarms make much that lives for a moment: room for it saves a quarter of their time.
          ...(name === 'simulator' ? { execArgv: ['--max-semi-space-size=64'] } : {}),
        },
      })),
      {
        ...shared,
        root: new URL('examples', import.meta.url).pathname,
        test: { name: 'examples', include: ['test/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
      },
      {
        ...shared,
        root: new URL('fuzz', import.meta.url).pathname,
        test: { name: 'fuzz', include: ['test/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
      },
      {
        ...shared,
        root: new URL('integration', import.meta.url).pathname,
        test: {
          name: 'integration',
          include: ['test/**/*.test.ts'],
          globalSetup: ['src/build.ts'],
          // Nothing is kept in modules, and to load them for each file took longer than most tests.
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...shared,
        root: new URL('integration', import.meta.url).pathname,
        test: {
          name: 'measured',
          include: ['measured/**/*.test.ts'],
          globalSetup: ['src/build.ts'],
          // What is measured by the clock: one at a time, after all others.
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...shared,
        root: new URL('interop', import.meta.url).pathname,
        test: {
          name: 'interop',
          include: ['test/**/*.test.ts'],
          globalSetup: ['src/report-missing.ts'],
          // Real clients share one network and two cores: one test at a time, after all others.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: interopTimeoutMs,
          hookTimeout: interopTimeoutMs,
        },
      },
    ],
  },
})
