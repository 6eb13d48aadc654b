// `npm run faults`: the tests that kill, cut, fill and spoil, and at the end one table of what each found. `--full`: in
// their long forms, which take up to half an hour. Other arguments go to vitest. It fails when a test does, and when a fault
// of the list below has no figure.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'
import { root, setUp } from './setup.mjs'

setUp()

const args = process.argv.slice(2)
const isFull = args.includes('--full')
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const files = [
  'integration/test/faults',
  'integration/test/many-files',
  'integration/test/nth-calls',
  'packages/core/test/checkpoints',
  'packages/resume-fs/test/protocol',
  'packages/resume-fs/test/power-loss',
  'packages/resume-fs/test/moves',
]

/** What must have been tried, by the beginnings of the figures' names; how often. */
const expected = [
  ...['20', '40', '60', '80'].map((percent) => [`SIGKILL at ${percent} %`, isFull ? 5 : 1]),
  ['SIGKILL every'],
  ['power cuts'],
  ['flips of a record'],
  ['truncations of a record'],
  ['a kill in a renaming or move'],
  ['a power cut in a renaming or move'],
  ...(process.getuid?.() === 0 ? [['ENOSPC, a disk that grows']] : []),
  ...['EIO', 'EACCES', 'EROFS', 'ENOSPC', 'EDQUOT', 'ESTALE'].map((code) => [`${code} in a write`]),
  ['EIO in a flush'],
  ['a state folder that cannot be written'],
  ...['deleted', 'cut', 'emptied'].map((how) => [`a file is ${how}`]),
  ['one call of files or sockets'],
  ['ulimit -n 256'],
  ['wall clock jumps'],
  ['SIGSTOP'],
  ['added and removed'],
  ...[
    'at once',
    'while it checks',
    'while it downloads',
    'while nothing can be written',
    'when it is paused',
    'when it is whole',
    'while its data moves',
  ].map((when) => [`close() twice, ${when}`]),
]

const figures = []
const child = spawn(
  process.execPath,
  [vitest, 'run', '--reporter=verbose', ...files, ...args.filter((argument) => argument !== '--full')],
  {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...(isFull ? { BITLOOM_FAULTS_FULL: '1' } : {}) },
  },
)
for await (const line of createInterface({ input: child.stdout })) {
  console.log(line)
  const [, fault, found] = /^faults: (.*?): (.*)$/.exec(stripVTControlCharacters(line)) ?? []
  if (fault !== undefined) figures.push([fault, found])
}
const status = child.exitCode ?? (await new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1))))

const place = ([fault]) => {
  const at = expected.findIndex(([name]) => fault.startsWith(name))
  return at < 0 ? expected.length : at
}
figures.sort((left, right) => place(left) - place(right))
const missing = args.some((argument) => argument !== '--full')
  ? []
  : expected.filter(([name, times = 1]) => figures.filter(([fault]) => fault.startsWith(name)).length < times)
console.log(`\n| fault | found |\n| --- | --- |\n${figures.map((row) => `| ${row.join(' | ')} |`).join('\n')}`)
for (const [name] of missing) console.error(`No figure, or too few: ${name}`)
const isGood = status === 0 && missing.length === 0
console.log(`\n${figures.length} figures, ${isGood ? 'all that is expected' : 'and not all is well'}.`)
process.exit(isGood ? 0 : status || 1)
