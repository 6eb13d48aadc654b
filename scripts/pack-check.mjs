// `npm run pack-check`: packs every package as it would be published and looks at it as a stranger does: the list of files,
// publint, attw, and an installation outside of this repository that is type-checked and run. Builds first if needed.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { npm, packAll, run } from './packed.mjs'
import { root, setUp } from './setup.mjs'

setUp()

const { publint } = await import('publint')
const { formatMessage } = await import('publint/utils')

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))
const { version } = readJson(join(root, 'lerna.json'))
const license = readFileSync(join(root, 'LICENSE'), 'utf8')
const scratch = mkdtempSync(join(tmpdir(), 'bitloom-pack-'))
const faults = []

/** Options of plugins that do not go without. */
const neededOptions = {
  'storage-encrypted': "{ key: '5a'.repeat(32) }",
  'resume-fs': "{ directory: 'state' }",
}

/** The compiler options of a user who wants it strict. */
const userOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  target: 'es2022',
  lib: ['es2023', 'esnext.disposable'],
  module: 'nodenext',
  verbatimModuleSyntax: true,
  skipLibCheck: true,
  typeRoots: [join(root, 'node_modules', '@types')],
  types: ['node'],
}

try {
  const packed = packAll(scratch)
  for (const one of packed) {
    console.log(`${one.manifest.name}: ${one.files.length} files, ${Math.ceil(one.size / 1024)} KiB`)
    checkManifest(one)
    checkOwnDependencies(one)
    checkFiles(one)
    await checkExports(one)
  }
  if (faults.length === 0) tryAsUser(packed)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exit(1)
console.log('all packages can be published')

/** What npm shows of a package, and what others build on. */
function checkManifest({ folder, home, manifest }) {
  const expected = {
    name: `@bitloom/${folder}`,
    version,
    license: 'MIT',
    author: 'Bitloom contributors',
    type: 'module',
    engines: { node: '>=20.19.0' },
    publishConfig: { access: 'public', provenance: true },
  }
  for (const [key, value] of Object.entries(expected)) {
    const actual = JSON.stringify(manifest[key])
    if (actual !== JSON.stringify(value)) fault(manifest, `${key} is ${actual}, not ${JSON.stringify(value)}`)
  }
  if (!manifest.description || !manifest.keywords?.includes('bittorrent')) fault(manifest, 'no description or keywords')
  for (const [path, target] of Object.entries(manifest.exports)) {
    if (path !== './package.json' && (!target.types || !target.default))
      fault(manifest, `${path} lacks types or default`)
  }
  if (!existsSync(join(home, 'LICENSE')) || readFileSync(join(home, 'LICENSE'), 'utf8') !== license) {
    fault(manifest, 'LICENSE differs from that of the repository')
  }
}

/** Packages of one version fit together: `lerna version` sets exact versions, and leaves peers alone. */
function checkOwnDependencies({ manifest }) {
  const [major, minor] = version.split('.')
  const expected = { dependencies: version, devDependencies: version, peerDependencies: `^${major}.${minor}.0` }
  for (const [kind, range] of Object.entries(expected)) {
    for (const [name, actual] of Object.entries(manifest[kind] ?? {})) {
      if (name.startsWith('@bitloom/') && actual !== range)
        fault(manifest, `${kind}: ${name} is ${actual}, not ${range}`)
    }
  }
}

/** Everything that is needed and nothing else. */
function checkFiles({ home, manifest, files }) {
  const bins = Object.values(manifest.bin ?? {})
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? target : [target.types, target.default],
  )
  const entries = targets.map((path) => path.replace('./', ''))
  const needed = ['LICENSE', 'README.md', 'package.json', ...bins, ...entries, ...dataFiles(home, manifest)]
  for (const path of needed) if (!files.includes(path)) fault(manifest, `${path} is not in the package`)
  for (const path of files) {
    if (path.startsWith('dist/') ? !hasSource(home, path) : !needed.includes(path)) {
      fault(
        manifest,
        `${path} does not belong in the package${path.startsWith('dist/') ? ' (an old build? delete dist)' : ''}`,
      )
    }
  }
}

/** What is in the folders that a package ships as they are, such as templates: all of it belongs in the package. */
function dataFiles(home, manifest) {
  const folders = manifest.files.filter((name) => /^\w+$/.test(name) && name !== 'dist' && name !== 'bin')
  return folders.flatMap((folder) =>
    readdirSync(join(home, folder), { recursive: true })
      .filter((path) => statSync(join(home, folder, path)).isFile())
      .map((path) => `${folder}/${path.replaceAll('\\', '/')}`),
  )
}

/** A file of `dist` comes from a source, else it is left over from one that is gone. */
function hasSource(home, path) {
  // Joined of all that the program is made of; the build leaves no older one there.
  if (path.startsWith('dist/bundle/')) return true
  const match = /^dist\/(.*?)(\.d\.ts|\.js)$/.exec(path)
  return match !== null && ['.ts', '.js'].some((end) => existsSync(join(home, 'src', match[1] + end)))
}

async function checkExports({ manifest, tarball }) {
  const { messages, pkg } = await publint({
    pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer },
    strict: true,
  })
  for (const message of messages) fault(manifest, `publint: ${formatMessage(message, pkg)}`)
  const attw = join(root, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js')
  const { status, stdout } = run(
    process.execPath,
    [attw, tarball, '--profile', 'esm-only', '--no-color', '--no-emoji'],
    scratch,
  )
  if (status !== 0) fault(manifest, `attw: ${stdout}`)
}

/** Installs the packages into a folder of their own, compiles the examples against them, and runs what came out. */
function tryAsUser(packed) {
  const home = join(scratch, 'user')
  mkdirSync(home)
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }))
  npm(['install', '--prefer-offline', '--no-audit', '--no-fund', ...packed.map(({ tarball }) => tarball)], home)
  for (const name of ['download.ts', 'custom-picker.ts']) copyFileSync(join(root, 'examples', name), join(home, name))
  writeFileSync(join(home, 'boot.ts'), bootSource(packed))
  writeFileSync(join(home, 'tsconfig.json'), JSON.stringify({ compilerOptions: userOptions, include: ['*.ts'] }))
  expectRun('a strict nodenext program compiles', [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], home)
  expectRun('a session of all plugins boots and closes', ['boot.js'], home, /playback/)
  const bitloom = join(home, 'node_modules', '@bitloom', 'cli', 'bin', 'bitloom.js')
  expectRun('bitloom knows its version', [bitloom, '--version'], home, new RegExp(`^${version}`))
  expectRun(
    'bitloom runs a swarm',
    [bitloom, 'demo', '--size', '4M', '--files', '3'],
    home,
    /identical: (\d+) of \1 files/,
  )
}

/** A program that imports every package, and makes a session of those that are plugins. */
function bootSource(packed) {
  const libraries = packed.filter(({ folder }) => folder !== 'core')
  const plugins = libraries.filter(({ manifest }) => manifest.keywords.includes('bitloom-plugin'))
  return [
    "import { createSession, formatDescription, type Session } from '@bitloom/core'",
    "import { nodePorts } from '@bitloom/core/node'",
    "import playback from './custom-picker.js'",
    ...libraries.map(({ folder, manifest }) => `import * as ${variable(folder)} from '${manifest.name}'`),
    `const plugins = [nodePorts(), playback(), ${plugins.map(({ folder }) => `${variable(folder)}.default(${neededOptions[folder] ?? ''})`).join(', ')}]`,
    'const session: Session = await createSession({ plugins, listen: false })',
    'console.log(formatDescription(session.describe()))',
    'await session.close()',
    `console.log([${libraries.map(({ folder }) => `Object.keys(${variable(folder)}).length`).join(', ')}])`,
  ].join('\n')
}

function variable(folder) {
  return folder.replace(/-(.)/g, (_, letter) => letter.toUpperCase())
}

function fault({ name }, sentence) {
  faults.push(`${name}: ${sentence}`)
}

/** A step of the user: the program ends with 0 and prints what it should. */
function expectRun(what, args, cwd, pattern = /^/) {
  const { status, stdout, stderr } = run(process.execPath, args, cwd)
  if (status === 0 && pattern.test(stdout)) console.log(`as a user: ${what}`)
  else faults.push(`as a user: not so that ${what}: ended with ${status}\n${stdout}${stderr}`)
}
