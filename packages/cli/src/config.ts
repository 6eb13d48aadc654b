import { access, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Config } from './config-schema.js'
import { CliError, sentenceOf, systemCode } from './exit-codes.js'

/** A configuration that was found, with the file it came from. */
export interface ConfigLayer {
  readonly source: string
  readonly values: Readonly<Config>
}

const extensions = ['mjs', 'js', 'json']

/**
 * Configuration files, strongest first: `file` alone where it is given, none where it is false, else the first
 * `bitloom.config.{mjs,js,json}` of the working folder and the first `config.{mjs,js,json}` of the user's own folder.
 * @throws CliError USAGE when a file cannot be used, a system error when it cannot be read
 */
export async function loadConfig(
  file: string | false | undefined,
  cwd: string,
  userDirectory: string,
): Promise<ConfigLayer[]> {
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

async function readConfig(path: string): Promise<ConfigLayer> {
  const value = path.endsWith('.json') ? await readJson(path) : await importDefault(path)
  // Most runs have no configuration and need not load a validator.
  const { configSchema } = await import('./config-schema.js')
  const parsed = configSchema.safeParse(value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const key = issue?.path.join('.') ?? ''
    throw new CliError('USAGE', `The configuration ${path} is wrong${key && ` at "${key}"`}: ${issue?.message ?? ''}`, {
      path,
    })
  }
  return { source: path, values: withPluginPaths(parsed.data, dirname(path)) }
}

async function readJson(path: string): Promise<unknown> {
  const content = await readFile(path, 'utf8')
  try {
    return JSON.parse(content)
  } catch (cause) {
    throw new CliError('USAGE', `The configuration ${path} is no JSON: ${sentenceOf(cause)}`, { path, cause })
  }
}

async function importDefault(path: string): Promise<unknown> {
  await access(path)
  try {
    const module: { readonly default?: unknown } = await import(pathToFileURL(path).href)
    return module.default
  } catch (cause) {
    const code = systemCode(cause)
    throw new CliError('USAGE', `The configuration ${path} fails: ${sentenceOf(cause)}${code && ` (${code})`}`, {
      path,
      cause,
    })
  }
}

/** Relative plugin paths in a file are relative to that file. */
function withPluginPaths(values: Config, directory: string): Config {
  if (values.plugin === undefined) return values
  const specs = typeof values.plugin === 'string' ? [values.plugin] : values.plugin
  return { ...values, plugin: specs.map((spec) => (spec.startsWith('.') ? resolve(directory, spec) : spec)) }
}
