// What `npm start` and `npm test` share: locked install and build, each only when it is needed. Only built-in modules,
// since it runs before anything is installed. It writes to stderr and says nothing when there is nothing to do.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const stamp = join(root, 'node_modules', '.bitloom-setup')

/** Installs the locked dependencies if the lock changed since, then builds what changed. Ends the process on failure. */
export function setUp() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`Bitloom needs Node 20.19 or newer; this is ${process.version}.`)
    process.exit(1)
  }
  install()
  build()
}

function install() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  if (existsSync(join(root, 'node_modules', '.package-lock.json')) && isInstalled()) {
    writeFileSync(stamp, lock)
    return
  }
  console.error('Installing the locked dependencies (once) …')
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], 'The dependencies could not be installed')
  writeFileSync(stamp, lock)
}

/** True if somebody ran `npm ci` or `npm install` by hand: every locked package is there in its version. */
function isInstalled() {
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  return Object.entries(locked).every(([path, { version, link, optional }]) => {
    if (path === '' || link || optional || !path.includes('node_modules/')) return true
    const manifest = join(root, path, 'package.json')
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version
  })
}

function build() {
  run(process.execPath, [join(root, 'scripts', 'build.mjs')], 'The build failed')
}

/** Runs a program with its output on our stderr; ends the process with its failure. */
function run(command, args, sorry) {
  const shell = command === 'npm' && process.platform === 'win32'
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell })
  if (status === 0) return
  console.error(error === undefined ? `${sorry}.` : `${sorry}: ${error.message}.`)
  process.exit(status ?? 1)
}
