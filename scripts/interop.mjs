// `npm run interop`: sets up what is missing, then exchanges files with real clients. `--full`: 1 GiB and 5,000 files.
// `--require`: a client that is not installed fails the run. Other arguments go to vitest.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root, setUp } from './setup.mjs'

setUp()

const folder = join(root, 'interop', 'webtorrent')
if (!existsSync(join(folder, 'node_modules'))) {
  console.error('Installing WebTorrent into interop/webtorrent (once) …')
  spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: 'inherit',
  })
}

const flags = new Map([
  ['--full', 'BITLOOM_INTEROP_FULL'],
  ['--require', 'BITLOOM_INTEROP_REQUIRE'],
])
const args = process.argv.slice(2)
const env = { ...process.env }
for (const [flag, name] of flags) if (args.includes(flag)) env[name] = '1'
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const rest = args.filter((argument) => !flags.has(argument))
const { status } = spawnSync(process.execPath, [vitest, 'run', '--project', 'interop', '--reporter=verbose', ...rest], {
  cwd: root,
  stdio: 'inherit',
  env,
})
process.exit(status ?? 1)
