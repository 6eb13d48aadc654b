import { parseSetting } from '../options.js'
import { CliError, sentenceOf } from '../exit-codes.js'
import type { ConfigFile } from './config-file.js'
import type { Origin } from './origin.js'

/** One option of one plugin, and where it was set. */
export interface PluginSetting {
  readonly plugin: string
  readonly keys: readonly string[]
  readonly value: unknown
  readonly origin: Origin
}

/** All options of plugins, weakest first: files, `BITLOOM_SET` (separated by ";"), `--set`. @throws CliError USAGE */
export function pluginSettings(
  files: readonly ConfigFile[],
  env: Readonly<Record<string, string | undefined>>,
  flags: readonly string[],
): PluginSetting[] {
  const variable = 'BITLOOM_SET'
  const fromEnv = (env[variable] ?? '').split(';').filter((part) => part.trim() !== '')
  return [
    ...files.toReversed().flatMap(({ plugins }) => plugins),
    ...fromEnv.map((part) => read(part.trim(), { kind: 'environment', variable })),
    ...flags.map((part) => read(part, { kind: 'flag', flag: `--set ${part}` })),
  ]
}

function read(text: string, origin: Origin): PluginSetting {
  try {
    return { ...parseSetting(text), origin }
  } catch (error) {
    if (origin.kind !== 'environment') throw error
    throw new CliError('USAGE', `${origin.variable}: ${sentenceOf(error)}`)
  }
}
