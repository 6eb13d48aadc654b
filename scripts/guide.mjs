// `npm run guide [-- PAGE...]`: does what the pages of the guide say, as somebody does who has nothing but Node and npm: in an
// empty folder, each page's shell blocks in order, in one shell. Blocks with `file=` in their info string are written into the
// folder of the plugin where they stand. The packages come from a registry on loopback that has this working copy's.
import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { blocksOf } from './doc-blocks.mjs'
import { startRegistry } from './loopback-registry.mjs'
import { npm, packAll } from './packed.mjs'
import { root, setUp } from './setup.mjs'

/** How long one page may take on a machine that has other things to do; a quiet one needs a tenth. */
const pageMs = 600_000

/** What a page must have come to, besides that every command ends well: what it prints, and files that it leaves. */
const outcomes = {
  'piece-picker': {
    // The first figure is when playback starts: sooner, as the page says.
    prints: /^rarest-first .*\nmy-picker .*\n +−\d+ % ✓[^]*^the same$/m,
    leaves: { 'my-picker/report.html': /^<!doctype html>[^]*rarest-first[^]*<svg/i },
  },
  storage: { prints: /^0\n1\n/m },
  tracker: { prints: /^the same$/m },
}

setUp()
const scratch = mkdtempSync(join(tmpdir(), 'bitloom-guide-'))
const packages = join(scratch, 'packages')
mkdirSync(packages)
const config = (key) => npm(['config', 'get', key], root).trim()
const registry = await startRegistry(packAll(packages), config('registry'))
let failed = false
try {
  // Two at a time: half of it is waiting for npm.
  const waiting = pages()
  const lane = async () => {
    for (let page = waiting.shift(); page !== undefined; page = waiting.shift())
      failed = !(await followPage(page)) || failed
  }
  await Promise.all([lane(), lane()])
} finally {
  await registry.close()
  rmSync(scratch, { recursive: true, force: true })
}
process.exit(failed ? 1 : 0)

function pages() {
  if (process.argv.length > 2) return process.argv.slice(2).map((page) => resolve(page))
  const folder = join(root, 'docs', 'guide')
  return readdirSync(folder).map((name) => join(folder, name))
}

/** True if every command of the page ended well. */
async function followPage(page) {
  const name = basename(page, '.md')
  const script = scriptOf(blocksOf(readFileSync(page, 'utf8')), join(scratch, `${name}-files`))
  if (script === undefined) return true
  const home = join(scratch, name)
  mkdirSync(home)
  writeFileSync(join(scratch, `${name}.sh`), script)
  const began = performance.now()
  const { code, output, printed } = await runShell(join(scratch, `${name}.sh`), home)
  const seconds = Math.round((performance.now() - began) / 1000)
  const fault = code === 0 ? missing(name, home, printed) : `ended with ${code}`
  if (fault === undefined) console.log(`${name}: works as it is written, ${seconds} s`)
  else console.error(`${output}\n${name}: ${fault} after ${seconds} s`)
  return fault === undefined
}

/** What the outcome of a page lacks; `undefined` for nothing. */
function missing(name, home, printed) {
  const { prints = /^/, leaves = {} } = outcomes[name] ?? {}
  if (!prints.test(printed)) return `did not print ${prints}`
  return Object.entries(leaves)
    .filter(([file, pattern]) => !existsSync(join(home, file)) || !pattern.test(readFileSync(join(home, file), 'utf8')))
    .map(([file, pattern]) => `left no ${file} with ${pattern}`)
    .at(0)
}

/** The page as one script: a command that fails ends it, and each is printed. `undefined` for a page without any. */
function scriptOf(blocks, folder) {
  const steps = blocks.flatMap(({ language, marker, code }, index) => {
    if (language === 'sh') return [code]
    const [, file] = /^file=(\S+)$/.exec(marker) ?? []
    if (file === undefined) return []
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, String(index)), code)
    return [`cp ${join(folder, String(index))} ${file}\n`]
  })
  return steps.length === 0 ? undefined : [`set -euo pipefail\nPS4='+ $SECONDS s: '\nset -x\n`, ...steps].join('\n')
}

/** Runs a script in a process group of its own, which is gone when this settles. */
function runShell(script, cwd) {
  const shell = spawn('bash', [script], { cwd, env: environment(), detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let printed = ''
  for (const stream of [shell.stdout, shell.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  shell.stdout.on('data', (text) => (printed += text))
  const end = () => {
    try {
      process.kill(-shell.pid, 'SIGKILL')
    } catch {
      // Nothing of it is left.
    }
  }
  const timer = setTimeout(end, pageMs)
  return new Promise((settle) => {
    shell.on('exit', (code, signal) => {
      clearTimeout(timer)
      end()
      settle({ code: code ?? signal, output, printed })
    })
  })
}

/** A stranger's environment: npm asks our registry, and knows what it has downloaded before, but nothing that it has run. */
function environment() {
  const cache = join(scratch, 'npm-cache')
  if (!existsSync(cache)) {
    mkdirSync(cache)
    const known = join(config('cache'), '_cacache')
    if (existsSync(known)) symlinkSync(known, join(cache, '_cacache'))
  }
  const kept = Object.entries(process.env).filter(([key]) => !/^(npm_|BITLOOM_|NODE_|VITEST)/i.test(key))
  return {
    ...Object.fromEntries(kept),
    npm_config_registry: registry.url,
    npm_config_cache: cache,
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
    npm_config_prefer_offline: 'true',
    npm_config_yes: 'true',
    XDG_STATE_HOME: join(scratch, 'state'),
    XDG_CONFIG_HOME: join(scratch, 'config'),
  }
}
