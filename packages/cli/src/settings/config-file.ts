import type { ParseError } from 'jsonc-parser'
import { access, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CliError, sentenceOf, systemCode } from '../exit-codes.js'
import type { Given, Layer, Problem } from './origin.js'
import type { PluginSetting } from './plugin-settings.js'
import { allSettings } from './schema.js'
import { nearest } from './suggestion.js'

/** What a configuration file says. */
export interface ConfigFile {
  readonly path: string
  readonly layer: Layer
  readonly plugins: readonly PluginSetting[]
  /** Keys that are none. */
  readonly problems: readonly Problem[]
}

/** The content of a file, and where in it something stands; a module has no lines. */
interface Content {
  readonly value: unknown
  lineOf(keys: readonly string[]): number | undefined
}

const extensions = ['mjs', 'js', 'json']

/**
 * Configuration files, strongest first: `file` alone where it is given, none where it is false, else the first
 * `bitloom.config.{mjs,js,json}` of the working folder and the first `config.{mjs,js,json}` of the user's own folder.
 * @throws CliError USAGE when a file cannot be used, a system error when it cannot be read
 */
export async function loadConfigs(
  file: string | false | undefined,
  cwd: string,
  userDirectory: string,
): Promise<ConfigFile[]> {
  if (file === false) return []
  if (file !== undefined) return [await readConfig(resolve(cwd, file))]
  const found = [
    await firstExisting(extensions.map((extension) => join(cwd, `bitloom.config.${extension}`))),
    await firstExisting(extensions.map((extension) => join(userDirectory, `config.${extension}`))),
  ]
  return Promise.all(found.filter((path) => path !== undefined).map(readConfig))
}

async function firstExisting(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const exists = await access(path).then(
      () => true,
      () => false,
    )
    if (exists) return path
  }
  return undefined
}

async function readConfig(path: string): Promise<ConfigFile> {
  return path.endsWith('.json')
    ? parseConfig(await readFile(path, 'utf8'), path)
    : configOf(await importDefault(path), path)
}

/** What the text of a JSON configuration says. @throws CliError USAGE */
export async function parseConfig(text: string, path: string): Promise<ConfigFile> {
  return configOf(await parseJson(text, path), path)
}

function configOf(content: Content, path: string): ConfigFile {
  const { value } = content
  if (!isObject(value)) throw new CliError('USAGE', `The configuration ${path} is no object of settings`, { path })
  const layer = new Map<string, Given>()
  const plugins: PluginSetting[] = []
  const problems: Problem[] = []
  for (const [key, raw] of Object.entries(value)) {
    const origin = originIn(path, content.lineOf([key]))
    if (Object.hasOwn(allSettings, key)) layer.set(key, { raw: key === 'plugin' ? besideFile(raw, path) : raw, origin })
    else if (key !== 'options') problems.push({ origin, key: '', message: unknown(key) })
    else if (isOptions(raw)) plugins.push(...pluginOptions(path, raw, content))
    else problems.push({ origin, key, message: 'expected an object of options for each plugin' })
  }
  return { path, layer, plugins, problems }
}

const originIn = (path: string, line: number | undefined) =>
  ({ kind: 'file', path, ...(line === undefined ? {} : { line }) }) as const

function unknown(key: string): string {
  const meant = nearest(key, [...Object.keys(allSettings), 'options'])
  return `"${key}" is no setting; ${meant === undefined ? 'bitloom config print lists them' : `did you mean "${meant}"?`}`
}

function pluginOptions(
  path: string,
  raw: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  { lineOf }: Content,
): PluginSetting[] {
  return Object.entries(raw).flatMap(([plugin, options]) =>
    Object.entries(options).map(([key, value]) => {
      return { plugin, keys: [key], value, origin: originIn(path, lineOf(['options', plugin, key])) }
    }),
  )
}

/** JSON, and comments in it. The parser is loaded only for those who have such a file. */
async function parseJson(text: string, path: string): Promise<Content> {
  const { default: jsonc } = await import('jsonc-parser')
  const errors: ParseError[] = []
  const tree = jsonc.parseTree(text, errors)
  const lineAt = (offset: number): number => text.slice(0, offset).split('\n').length
  const [wrong] = errors
  if (wrong !== undefined || tree === undefined) {
    const what = wrong === undefined ? '' : `:${lineAt(wrong.offset)}`
    const why = wrong === undefined ? 'it is empty' : jsonc.printParseErrorCode(wrong.error)
    throw new CliError('USAGE', `The configuration ${path}${what} is no JSON: ${why}`, { path })
  }
  return {
    value: jsonc.getNodeValue(tree),
    lineOf(keys) {
      const node = jsonc.findNodeAtLocation(tree, [...keys])
      return node === undefined ? undefined : lineAt(node.parent?.offset ?? node.offset)
    },
  }
}

async function importDefault(path: string): Promise<Content> {
  await access(path)
  try {
    const module: { readonly default?: unknown } = await import(pathToFileURL(path).href)
    return { value: module.default, lineOf: () => undefined }
  } catch (cause) {
    const code = systemCode(cause)
    throw new CliError('USAGE', `The configuration ${path} fails: ${sentenceOf(cause)}${code && ` (${code})`}`, {
      path,
      cause,
    })
  }
}

/** Relative plugin paths in a file are relative to that file. */
function besideFile(raw: unknown, path: string): unknown {
  const specs: unknown = typeof raw === 'string' ? raw.split(',').map((spec) => spec.trim()) : raw
  if (!Array.isArray(specs)) return raw
  return specs.map((spec: unknown) =>
    typeof spec === 'string' && spec.startsWith('.') ? resolve(dirname(path), spec) : spec,
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isOptions(value: unknown): value is Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  return isObject(value) && Object.values(value).every(isObject)
}
