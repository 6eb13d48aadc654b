import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/**
 * The arrows between the rooms of core and between packages, kept by reading import lines. A room imports what stands
 * here and nothing else; `types` may be imported as types only.
 */
const rooms: Readonly<Record<string, Room>> = {
  bytes: { imports: [], libraries: ['bencode'], isPure: true },
  metainfo: { imports: ['bytes'], isPure: true, mayAwait: true },
  wire: { imports: ['bytes'], isPure: true },
  ports: { imports: ['bytes'], types: ['metainfo'], libraries: [], typeLibraries: ['inversify'] },
  peer: { imports: ['bytes', 'wire'], types: ['ports'], isPure: true },
  torrent: { imports: ['bytes', 'wire', 'metainfo', 'peer', 'ports'], isPure: true },
  hooks: { imports: ['bytes'], types: ['ports'], libraries: ['tapable'] },
  driver: { imports: ['bytes', 'wire', 'metainfo', 'ports', 'peer', 'torrent'], types: ['hooks'] },
  session: {
    imports: ['bytes', 'wire', 'ports', 'torrent', 'hooks', 'driver'],
    types: ['metainfo'],
    libraries: ['inversify', 'reflect-metadata'],
  },
  // Node's ports come as a plugin, so of the session they know the contract.
  node: { imports: ['bytes', 'metainfo', 'ports', 'session/plugin.ts', 'session/version.ts'], libraries: ['node:'] },
}

interface Room {
  readonly imports: readonly string[]
  readonly types?: readonly string[]
  readonly libraries?: readonly string[]
  readonly typeLibraries?: readonly string[]
  /** No clock, timer, randomness, emitter or Buffer; and no promises, unless `mayAwait`. */
  readonly isPure?: boolean
  readonly mayAwait?: boolean
}

interface Import {
  readonly file: string
  readonly from: string
  readonly isType: boolean
}

const packages = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const core = join(packages, 'core/src')

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[jt]s$/.test(file))
    .map((file) => join(folder, file))
}

/** Source without its comments, in which anything may be named. */
function codeOf(file: string): string {
  return readFileSync(file, 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/(^|\s)\/\/.*$/gm, '')
}

const statement = /^(?:import|export)(\s+type)?\s+(?:[^'"`;=]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'/gm

function importsOf(file: string): Import[] {
  return [...codeOf(file).matchAll(statement)].map(([, type, from, dynamic]) => ({
    file,
    from: from ?? dynamic ?? '',
    isType: type !== undefined,
  }))
}

/** "driver/engine.ts" for a relative import within core. */
function placeOf({ file, from }: Import): string {
  return relative(core, resolve(dirname(file), from))
    .replaceAll(sep, '/')
    .replace(/\.js$/, '.ts')
}

function isAllowed(room: string, line: Import): boolean {
  const { imports, types = [], libraries = [], typeLibraries = [] } = rooms[room] ?? { imports: [] }
  if (!line.from.startsWith('.')) {
    const known = line.isType ? [...libraries, ...typeLibraries] : libraries
    return known.some((library) => (library.endsWith(':') ? line.from.startsWith(library) : line.from === library))
  }
  const place = placeOf(line)
  const [target = ''] = place.split('/')
  const known = line.isType ? [...imports, ...types] : imports
  return target === room || known.includes(target) || known.includes(place)
}

const named = ({ file, from }: Import): string => `${relative(packages, file)} imports ${from}`

describe('the rooms of core', () => {
  it('are these, and the index', () => {
    const found = readdirSync(core, { withFileTypes: true }).map(({ name }) => name)
    expect(found.toSorted()).toEqual([...Object.keys(rooms), 'index.ts'].toSorted())
  })

  it.each(Object.keys(rooms))('%s imports downward only, and only its libraries', (room) => {
    const lines = filesOf(join(core, room)).flatMap(importsOf)
    expect(lines.filter((line) => !isAllowed(room, line)).map(named)).toEqual([])
  })

  it.each(Object.keys(rooms).filter((room) => rooms[room]?.isPure))('%s has no time, chance or emitters', (room) => {
    const banned =
      /\b(setTimeout|setInterval|setImmediate|queueMicrotask|Date\.now|new Date|performance\.|Math\.random|EventEmitter|process\.)/
    const awaiting = /\b(async|await|Promise|then\()/
    const guilty = filesOf(join(core, room)).filter((file) => {
      const code = codeOf(file)
      return banned.test(code) || (awaiting.test(code) && rooms[room]?.mayAwait !== true)
    })
    expect(guilty.map((file) => relative(core, file))).toEqual([])
  })

  it('outside node use no Buffer and no globals of Node', () => {
    const files = filesOf(core).filter((file) => !file.startsWith(join(core, 'node')))
    const guilty = files.filter((file) => /\b(Buffer\.|: Buffer\b|process\.|__dirname|require\()/.test(codeOf(file)))
    expect(guilty.map((file) => relative(core, file))).toEqual([])
  })

  it('keep no changing state outside of sessions', () => {
    const files = readdirSync(packages).flatMap((name) => filesOf(join(packages, name, 'src')))
    const guilty = files.filter((file) => /^(export )?(let|var)\s/m.test(codeOf(file)))
    expect(guilty.map((file) => relative(packages, file))).toEqual([])
  })

  it('are read by this test at all', () => {
    const lines = filesOf(core).flatMap(importsOf)
    expect(lines.length).toBeGreaterThan(300)
    expect(lines.some(({ from }) => from === 'tapable')).toBe(true)
    const upward = { file: join(core, 'bytes/bits.ts'), from: '../driver/engine.js', isType: true }
    expect(isAllowed('bytes', upward)).toBe(false)
    expect(isAllowed('torrent', { file: join(core, 'torrent/ledger.ts'), from: 'node:fs', isType: false })).toBe(false)
  })
})

/** Packages that are no plugins, and the other packages that they may know besides core. */
const tools: Readonly<Record<string, readonly string[]>> = {
  'create-plugin': [],
  simulator: ['@bitloom/piece-picker'],
  lab: ['@bitloom/simulator'],
}

describe('packages', () => {
  it('conformance knows the types of core and nothing else, also no test runner; its servers know Node', () => {
    const suites = join(packages, 'conformance/src')
    const servers = join(suites, 'node')
    const foreign = filesOf(suites)
      .flatMap(importsOf)
      .filter(({ from, isType }) => !from.startsWith('.') && !(from === '@bitloom/core' && isType))
      .filter(({ file, from }) => !(file.startsWith(servers) && from.startsWith('node:')))
    expect(foreign.map(named)).toEqual([])
  })

  // The command line puts the plugins together, and the bench measures them, so these two know them.
  const above = new Set(['core', 'cli', 'bench'])
  const plugins = readdirSync(packages).filter((name) => !above.has(name) && !(name in tools))

  it.each(plugins)('%s imports core and its own files only', (name) => {
    const root = join(packages, name, 'src')
    const foreign = filesOf(root)
      .flatMap(importsOf)
      .filter(({ file, from }) =>
        from.startsWith('.')
          ? relative(root, resolve(dirname(file), from)).startsWith('..')
          : from.startsWith('@bitloom/') && from !== '@bitloom/core' && from !== '@bitloom/core/node',
      )
    expect(foreign.map(named)).toEqual([])
  })

  it.each(plugins)('%s depends on no other plugin', (name) => {
    const manifest: unknown = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'))
    const { dependencies = {}, peerDependencies = {} } = manifest as Record<string, Record<string, string> | undefined>
    const ours = Object.keys({ ...dependencies, ...peerDependencies }).filter((other) => other.startsWith('@bitloom/'))
    expect(ours).toEqual(['@bitloom/core'])
  })

  it.each(Object.keys(tools))('%s knows core, and of the others what it is allowed', (name) => {
    const root = join(packages, name, 'src')
    const ours = filesOf(root)
      .flatMap(importsOf)
      .filter(({ from }) => from.startsWith('@bitloom/'))
    const allowed = ['@bitloom/core', ...(tools[name] ?? [])]
    expect(ours.filter(({ from }) => !allowed.includes(from)).map(named)).toEqual([])
  })
})
