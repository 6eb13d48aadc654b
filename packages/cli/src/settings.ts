import type { Command, Option } from 'commander'
import type { ConfigLayer } from './config.js'
import { CliError, sentenceOf } from './exit-codes.js'
import { parseSetting, repeatable } from './options.js'

type Env = Readonly<Record<string, string | undefined>>

/** The verbs that a configuration may steer beyond the common options; the others do only what their flags say. */
const steered: ReadonlySet<string> = new Set(['download', 'seed', 'tracker', 'demo'])

/** Options that gather values of every layer instead of replacing those of the weaker ones. */
const gathered: ReadonlySet<string> = new Set(['plugin', 'noPlugin', 'set'])

/** One option of one plugin, and where it was set. */
export interface PluginSetting {
  readonly plugin: string
  readonly keys: readonly string[]
  readonly value: unknown
  readonly source: string
}

/** `BITLOOM_LIMIT_DOWN` for `--limit-down`. */
export function environmentName(option: Option): string {
  return `BITLOOM_${(option.long ?? '').replace(/^--/, '').replaceAll('-', '_').toUpperCase()}`
}

/**
 * Fills the options of a parsed command that were not given as flags: from the environment, then from each
 * configuration in turn. @throws CliError USAGE naming the variable or file
 */
export function applySettings(command: Command, env: Env, configs: readonly ConfigLayer[]): void {
  for (let at: Command | null = command; at !== null; at = at.parent) {
    if (at.parent !== null && !steered.has(at.name())) continue
    for (const option of at.options) applyOption(at, option, env, configs)
  }
}

function applyOption(command: Command, option: Option, env: Env, configs: readonly ConfigLayer[]): void {
  const key = option.attributeName()
  const isGiven = command.getOptionValueSource(key) === 'cli'
  if (key === 'set' || (isGiven && !gathered.has(key))) return
  const name = environmentName(option)
  const values = [
    ...layerValue(option, env[name], name),
    ...configs.flatMap(({ source, values }) => layerValue(option, (values as Record<string, unknown>)[key], source)),
  ]
  if (gathered.has(key)) {
    const all = [...values.toReversed().flat(), ...(command.getOptionValue(key) ?? [])]
    if (all.length > 0) command.setOptionValueWithSource(key, all, 'config')
  } else if (values.length > 0) {
    command.setOptionValueWithSource(key, values[0], 'config')
  }
}

/** One converted value or none, in a list. */
function layerValue(option: Option, raw: unknown, source: string): unknown[] {
  if (raw === undefined || raw === '') return []
  try {
    const value = convert(option, raw)
    return value === undefined ? [] : [value]
  } catch (error) {
    throw new CliError('USAGE', `${source}: ${sentenceOf(error)}`)
  }
}

function convert(option: Option, raw: unknown): unknown {
  if (!option.required && !option.optional) {
    const on = typeof raw === 'boolean' ? raw : parseBoolean(String(raw))
    // `--no-x` shares its key with `--x`: the environment says BITLOOM_NO_X=1, a configuration says x: false.
    return option.negate && typeof raw === 'string' ? !on : on
  }
  if (option.optional && typeof raw === 'boolean') return raw ? parseOne(option, '') : undefined
  if (repeatable.has(option.parseArg)) {
    const parts = Array.isArray(raw)
      ? raw.map(String)
      : String(raw)
          .split(',')
          .map((part) => part.trim())
    return parts.reduce<unknown>((before, part) => option.parseArg?.(part, before), undefined)
  }
  return parseOne(option, String(raw))
}

function parseOne(option: Option, text: string): unknown {
  if (option.argChoices !== undefined && !option.argChoices.includes(text)) {
    throw new CliError('USAGE', `"${text}" is none of ${option.argChoices.join(', ')}`)
  }
  return option.parseArg === undefined || option.argChoices !== undefined ? text : option.parseArg(text, undefined)
}

function parseBoolean(text: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true
  if (/^(0|false|no|off)$/i.test(text)) return false
  throw new CliError('USAGE', `"${text}" is neither true nor false`)
}

/** All options of plugins, weakest first: files, `BITLOOM_SET` (separated by ";"), `--set`. @throws CliError USAGE */
export function pluginSettings(configs: readonly ConfigLayer[], env: Env, flags: readonly string[]): PluginSetting[] {
  const fromFiles = configs
    .toReversed()
    .flatMap(({ source, values }) =>
      Object.entries(values.options ?? {}).flatMap(([plugin, options]) =>
        Object.entries(options).map(([key, value]) => ({ plugin, keys: [key], value, source })),
      ),
    )
  const fromEnv = (env['BITLOOM_SET'] ?? '').split(';').filter((part) => part.trim() !== '')
  return [
    ...fromFiles,
    ...fromEnv.map((part) => ({ ...parseSetting(part.trim()), source: 'BITLOOM_SET' })),
    ...flags.map((flag) => ({ ...parseSetting(flag), source: `--set ${flag}` })),
  ]
}
