// `npm test`: sets up what is missing, runs all tests, and ends with the line `N passed, N failed`. Arguments go to vitest.
// The environment variable BITLOOM_TEST_REPORT names a file that keeps the result of every test, as JSON.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, setUp } from './setup.mjs'

setUp()

const folder = mkdtempSync(join(tmpdir(), 'bitloom-test-'))
const report = join(folder, 'report.json')
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit', env: { ...process.env, BITLOOM_TEST_BUILT: '1' } },
)
const counts = readCounts()
const kept = process.env['BITLOOM_TEST_REPORT']
if (kept !== undefined && existsSync(report)) copyFileSync(report, kept)
rmSync(folder, { recursive: true, force: true })

// A run that failed without a failed test (a crash, a file that does not load, an error between tests) counts as one.
const failed = status === 0 ? counts.failed : Math.max(1, counts.failed)
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
console.log(`${counts.passed} passed, ${failed} failed${skipped}`)
process.exit(failed > 0 ? status || 1 : 0)

function readCounts() {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
      readFileSync(report, 'utf8'),
    )
    const brokenFiles = testResults.filter(({ status: outcome, assertionResults }) => {
      return outcome === 'failed' && !assertionResults.some((test) => test.status === 'failed')
    })
    return {
      passed: numPassedTests,
      failed: numFailedTests + brokenFiles.length,
      skipped: numPendingTests + (numTodoTests ?? 0),
    }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}
