import { BitloomError, PluginError, isBitloomError } from '@bitloom/core'
import { readdir, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Scenario } from './scenario.js'
import { checkScenario } from './scenario-schema.js'

const shipped = new URL('../scenarios/', import.meta.url)

/** The names of the scenarios that come with the lab. */
export async function shippedScenarios(): Promise<string[]> {
  const files = await readdir(shipped)
  return files
    .filter((file) => file.endsWith('.mjs'))
    .map((file) => basename(file, '.mjs'))
    .sort()
}

/**
 * The file of a scenario: a bare name is one that comes with the lab, all else a path.
 * @throws BitloomError NOT_FOUND
 */
export async function locateScenario(spec: string, cwd: string): Promise<string> {
  const names = await shippedScenarios()
  if (names.includes(spec)) return fileURLToPath(new URL(`${spec}.mjs`, shipped))
  const path = resolve(cwd, spec)
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() === true) return path
  throw new BitloomError('NOT_FOUND', `There is no scenario ${spec}: give a file, or one of ${names.join(', ')}`)
}

/**
 * Imports a scenario file and checks it.
 * @throws PluginError PLUGIN_FAILED when the module throws, BitloomError INVALID_ARGUMENT when it exports no scenario
 */
export async function loadScenario(path: string): Promise<Scenario> {
  const name = basename(path)
  let module: { readonly default?: unknown }
  try {
    module = await import(pathToFileURL(path).href)
  } catch (cause) {
    if (isBitloomError(cause)) throw cause
    const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause)
    throw new PluginError('PLUGIN_FAILED', `The scenario ${name} cannot be loaded: ${reason}`, { plugin: name, cause })
  }
  if (module.default === undefined) {
    throw new BitloomError('INVALID_ARGUMENT', `${name} has no default export: export default scenario({ … })`)
  }
  return checkScenario(module.default, name)
}
