// `npm run build`: compiles all packages, then joins what `bitloom` is made of into a few files. From some 600 single modules,
// most of them of libraries, it took three times as long to start.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const { status } = spawnSync(process.execPath, [compiler, '-b'], { cwd: root, stdio: 'inherit' })
if (status === 0) replace(join(root, 'packages', 'cli', 'dist', 'bundle'), await bundle(join(root, 'packages')))
else process.exitCode = status ?? 1

/** The contents of the files, by name. */
async function bundle(packages) {
  const joined = await rolldown({
    input: join(packages, 'cli', 'dist', 'main.js'),
    platform: 'node',
    // What few verbs need is loaded as it is.
    external: [/^@bitloom\/(lab|tracker-server)/, 'log-update', 'pino', 'zod', 'jsonc-parser'],
  })
  // The names of error classes are part of what is printed.
  const { output } = await joined.generate({ format: 'esm', keepNames: true })
  await joined.close()
  // Started by its URL, beside whatever starts it.
  const worker = ['hash-worker.js', 'hash-state.js'].map((name) => [
    name,
    readFileSync(join(packages, 'core', 'dist', 'node', name), 'utf8'),
  ])
  return new Map([...output.map(({ fileName, code }) => [fileName, code]), ...worker])
}

/** What is the same stays untouched: the program may be running, or be started while this goes on. */
function replace(folder, files) {
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of files) {
    const path = join(folder, name)
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
    writeFileSync(`${path}.${process.pid}`, text)
    renameSync(`${path}.${process.pid}`, path)
  }
  for (const name of readdirSync(folder))
    if (!files.has(name) && !/\.\d+$/.test(name)) rmSync(join(folder, name), { force: true })
}
