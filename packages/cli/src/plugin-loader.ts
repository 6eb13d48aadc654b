import { type Plugin, PluginError, type PluginFactory } from '@bitloom/core'
import { access, readFile, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sentenceOf } from './exit-codes.js'
import { originText } from './settings/origin.js'
import type { PluginSetting } from './settings/plugin-settings.js'

/** A factory of any options, as it comes out of a module. */
export type AnyFactory = PluginFactory<unknown>

/**
 * The default export of the module or package folder at a path (absolute, or beginning with a dot, relative to `cwd`) or
 * of an npm package found from `cwd` upwards, else beside this program.
 * @throws PluginError PLUGIN_FAILED (it cannot be loaded), PLUGIN_INVALID (its default export is no plugin factory)
 */
export async function loadPlugin(spec: string, cwd: string): Promise<AnyFactory> {
  const target = await locate(spec, cwd)
  let module: { readonly default?: unknown }
  try {
    module = await import(target)
  } catch (cause) {
    throw new PluginError('PLUGIN_FAILED', `The plugin ${spec} cannot be loaded: ${firstLine(sentenceOf(cause))}`, {
      plugin: spec,
      cause,
    })
  }
  if (isFactory(module.default)) return module.default
  throw new PluginError('PLUGIN_INVALID', `The default export of ${spec} is no plugin factory`, { plugin: spec })
}

function isFactory(value: unknown): value is AnyFactory {
  if (typeof value !== 'function' || !('plugin' in value)) return false
  const card = value.plugin
  return typeof card === 'object' && card !== null && 'name' in card && typeof card.name === 'string'
}

async function locate(spec: string, cwd: string): Promise<string> {
  if (!spec.startsWith('.') && !isAbsolute(spec)) {
    const found = await findPackage(spec, cwd)
    return found === undefined ? spec : pathToFileURL(found).href
  }
  const path = resolve(cwd, spec)
  const isFolder = await stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  )
  return pathToFileURL(isFolder ? await entryIn(path, spec) : path).href
}

/** The entry file of the package in a folder that was named by its path. */
async function entryIn(folder: string, spec: string): Promise<string> {
  const entry = await packageEntry(folder)
  const sorry = (sentence: string): never => {
    throw new PluginError('PLUGIN_FAILED', `The plugin ${spec} cannot be loaded: ${sentence}`, { plugin: spec })
  }
  if (entry === undefined) return sorry('the folder has no package.json')
  await access(entry).catch(() => sorry(`there is no ${entry}; is it built?`))
  return entry
}

/** The entry file of a package in the nearest `node_modules`; Node has no stable way to resolve from another folder. */
async function findPackage(name: string, from: string): Promise<string | undefined> {
  for (let folder = from; ; folder = dirname(folder)) {
    const entry = await packageEntry(join(folder, 'node_modules', name))
    if (entry !== undefined) {
      await access(entry)
      return entry
    }
    if (dirname(folder) === folder) return undefined
  }
}

/** The path of the file that the package in a folder is entered by, which may be missing; `undefined` for no package. */
async function packageEntry(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : join(folder, entryOf(JSON.parse(text)))
}

function entryOf(manifest: unknown): string {
  if (typeof manifest !== 'object' || manifest === null) return 'index.js'
  const exported = 'exports' in manifest ? entryOfExports(manifest.exports) : undefined
  const main = 'main' in manifest && typeof manifest.main === 'string' ? manifest.main : 'index.js'
  return exported ?? main
}

function entryOfExports(exported: unknown): string | undefined {
  if (typeof exported === 'string') return exported
  if (typeof exported !== 'object' || exported === null) return undefined
  for (const [key, value] of Object.entries(exported)) {
    if (key === '.' || key === 'node' || key === 'import' || key === 'default') {
      const entry = entryOfExports(value)
      if (entry !== undefined) return entry
    }
  }
  return undefined
}

/**
 * Makes the plugin of a factory with all settings for its name merged in order.
 * @throws PluginError PLUGIN_OPTIONS naming the plugin, the key and where it was set
 */
export function makePlugin(factory: AnyFactory, settings: readonly PluginSetting[]): Plugin {
  const own = settings.filter((setting) => setting.plugin === factory.plugin.name)
  if (own.length === 0) return factory()
  try {
    return factory(mergeSettings(own))
  } catch (cause) {
    const sources = [...new Set(own.map(({ origin }) => originText(origin)))].join(', ')
    const message = `${sentenceOf(cause)} (set by ${sources})`
    throw new PluginError('PLUGIN_OPTIONS', message, { plugin: factory.plugin.name, cause })
  }
}

/** Settings of one plugin as its options; later ones win. */
export function mergeSettings(settings: readonly PluginSetting[]): Record<string, unknown> {
  const options: Record<string, unknown> = {}
  for (const { keys, value } of settings) assign(options, keys, value)
  return options
}

function assign(into: Record<string, unknown>, keys: readonly string[], value: unknown): void {
  const [key = '', ...rest] = keys
  if (rest.length === 0) {
    into[key] = value
    return
  }
  const inner = into[key]
  const next: Record<string, unknown> = isRecord(inner) ? { ...inner } : {}
  into[key] = next
  assign(next, rest, value)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text
}
