// `npm run faults`: the tests that kill, cut, fill and spoil, each of which prints its figure. `--full`: in their long forms,
// which take about half an hour. Other arguments go to vitest.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root, setUp } from './setup.mjs'

setUp()

const args = process.argv.slice(2)
const isFull = args.includes('--full')
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const files = [
  'integration/test/faults',
  'integration/test/many-files',
  'packages/core/test/checkpoints',
  'packages/resume-fs/test/protocol',
  'packages/resume-fs/test/power-loss',
  'packages/resume-fs/test/moves',
]
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--reporter=verbose', ...files, ...args.filter((argument) => argument !== '--full')],
  { cwd: root, stdio: 'inherit', env: { ...process.env, ...(isFull ? { BITLOOM_FAULTS_FULL: '1' } : {}) } },
)
process.exit(status ?? 1)
