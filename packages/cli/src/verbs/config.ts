import { mergeSettings } from '../plugin-loader.js'
import type { Runtime } from '../runtime.js'
import { openSession } from '../session.js'
import { originText, problemText, refuse, type Origin } from '../settings/origin.js'
import type { PluginSetting } from '../settings/plugin-settings.js'
import { exitCodes } from '../exit-codes.js'

interface ConfigOptions {
  readonly origin?: boolean
}

interface Row {
  /** As in a file: `limitDown`, `options.storage-fs.files`. */
  readonly key: string
  /** `undefined` = not set. */
  readonly value: unknown
  readonly origins: readonly Origin[]
}

/** `config [print|validate]`: what is set and where, or whether all of it can be. */
export async function config(runtime: Runtime, [action]: readonly string[], options: ConfigOptions): Promise<number> {
  return action === 'validate' ? validate(runtime) : print(runtime, options.origin === true)
}

/**
 * Without `origin` a valid configuration: what is set, as it was written. Secrets of plugins are left out.
 * @throws CliError USAGE when something is wrong
 */
function print({ output, resolved, settings }: Runtime, withOrigin: boolean): number {
  refuse(resolved.problems)
  const rows = [...resolved.settings].map(([key, { raw, origins }]) => ({ key, value: raw, origins }))
  const shown = [...rows, ...pluginRows(settings)].filter(({ value }) => withOrigin || value !== undefined)
  output.document(withOrigin ? originDocument(shown) : fileDocument(rows, settings))
  const widths = [columnOf(shown, 'key'), columnOf(shown, 'value')]
  for (const row of shown) {
    const [key, value] = [row.key.padEnd(widths[0] ?? 0), valueText(row.value)]
    const origin = row.origins.map(originText).join(', ')
    output.result(withOrigin ? `${key}  ${value.padEnd(widths[1] ?? 0)}  ${origin}` : `${key}  ${value}`)
  }
  return exitCodes.done.exit
}

/** Tells everything that is wrong, options of plugins included. */
async function validate(runtime: Runtime): Promise<number> {
  const { output, resolved } = runtime
  const errors = resolved.problems.map(problemText)
  output.document({ valid: errors.length === 0, errors })
  if (errors.length > 0) {
    for (const error of errors) output.result(error)
    return exitCodes.usage.exit
  }
  const { session } = await openSession(runtime, { listen: false, forgetful: true })
  await session.close()
  output.result('The settings are valid')
  return exitCodes.done.exit
}

const valueText = (value: unknown): string => (value === undefined ? '-' : JSON.stringify(value))

function columnOf(rows: readonly Row[], column: 'key' | 'value'): number {
  return Math.max(0, ...rows.map((row) => (column === 'key' ? row.key : valueText(row.value)).length))
}

/** The strongest value of each option. */
function pluginRows(settings: readonly PluginSetting[]): Row[] {
  const rows = new Map<string, Row>()
  for (const { plugin, keys, value, origin } of settings) {
    const key = ['options', plugin, ...keys].join('.')
    rows.set(key, { key, value: isSecret(keys) ? '(hidden)' : value, origins: [origin] })
  }
  return [...rows.values()]
}

const isSecret = (keys: readonly string[]): boolean =>
  /^(key|secret|password|passphrase|token)$/i.test(keys.at(-1) ?? '')

function originDocument(rows: readonly Row[]): object {
  return Object.fromEntries(rows.map(({ key, value, origins }) => [key, { value: value ?? null, origins }]))
}

function fileDocument(rows: readonly Row[], settings: readonly PluginSetting[]): object {
  // `--json` is what this document was asked with.
  const written = rows.filter(({ key, value }) => key !== 'json' && value !== undefined)
  const set = Object.fromEntries(written.map(({ key, value }) => [key, value]))
  const open = settings.filter(({ keys }) => !isSecret(keys))
  const plugins = [...new Set(open.map(({ plugin }) => plugin))]
  if (plugins.length === 0) return set
  const optionsOf = (name: string): object => mergeSettings(open.filter(({ plugin }) => plugin === name))
  return { ...set, options: Object.fromEntries(plugins.map((name) => [name, optionsOf(name)])) }
}
