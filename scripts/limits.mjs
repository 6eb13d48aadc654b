// `npm run limits [-- --write] [--full] [--only TEXT]`: runs every test that a row of limits/rows.mjs names, and prints the rows
// with what came of them; of those only that have the text in their promise or tests. With `--write` it is kept in
// limits/results.json, of which `npm run docs` makes the table of docs/THREATS.md. `--full`: tests in their long forms.
// `--report FILE --log FILE` judges a run of `npm test` instead: what BITLOOM_TEST_REPORT kept of it, and what it printed.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, stripVTControlCharacters, styleText } from 'node:util'
import { judge, pathOf, rowsOf, testFiles } from '../limits/judge.mjs'
import { root, setUp } from './setup.mjs'

setUp()

const { values } = parseArgs({
  options: {
    write: { type: 'boolean' },
    full: { type: 'boolean' },
    only: { type: 'string', default: '' },
    report: { type: 'string' },
    log: { type: 'string' },
  },
})
const long = values.full === true ? { BITLOOM_FAULTS_FULL: '1' } : {}
const rows = rowsOf().filter(({ promise, row }) => [promise, ...row.tests].some((text) => text.includes(values.only)))
const { testResults, stdout } = values.report === undefined ? runTests() : readRun(values.report, values.log)
const tests = testResults.flatMap(({ name, assertionResults }) =>
  assertionResults.map(({ fullName, status }) => ({ file: name.slice(root.length + 1), title: fullName, status })),
)
const figures = [...stripVTControlCharacters(stdout).matchAll(/^limits: (.*)$/gm)].map(([, line]) => line)

const results = {}
const colours = { passed: 'green', failed: 'red', 'not proved': 'yellow' }
for (const { section, promise, row } of rows) {
  const result = judge(row, tests, figures)
  results[promise] = result
  const mark = styleText(colours[result.outcome], result.outcome.padEnd(10))
  console.log(`${mark}  ${section} · ${promise}${result.figure === undefined ? '' : `\n            ${result.figure}`}`)
  for (const missing of result.missing) console.log(`            no test passed for ${pathOf(missing)}`)
}
const count = (outcome) => Object.values(results).filter((result) => result.outcome === outcome).length
console.log(`${count('passed')} rows passed, ${count('failed')} failed, ${count('not proved')} not proved yet`)
if (values.write === true) {
  const path = join(root, 'limits', 'results.json')
  const before = JSON.parse(readFileSync(path, 'utf8'))
  const kept = rowsOf().flatMap(({ promise }) => {
    const { outcome, tests, figure } = results[promise] ?? before[promise] ?? {}
    return outcome === undefined ? [] : [[promise, { outcome, tests, figure }]]
  })
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(kept), undefined, 2)}\n`)
}
process.exit(count('failed') > 0 ? 1 : 0)

function runTests() {
  const files = testFiles(rows)
  const folder = mkdtempSync(join(tmpdir(), 'bitloom-limits-'))
  const report = join(folder, 'report.json')
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  console.log(`Running ${files.length} files of tests …`)
  const { stdout } = spawnSync(
    process.execPath,
    [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...files],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      env: { ...process.env, ...long, BITLOOM_TEST_BUILT: '1', NO_COLOR: '1' },
    },
  )
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
  rmSync(folder, { recursive: true, force: true })
  return { testResults, stdout }
}

/** What a run of all tests left: its results, and what it printed, which has the figures. */
function readRun(report, log) {
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
  return { testResults, stdout: log === undefined ? '' : readFileSync(log, 'utf8') }
}
