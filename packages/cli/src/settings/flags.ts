import { type Command, Option } from 'commander'
import { collect } from '../options.js'
import { longOf, negates } from './environment.js'
import type { Given, Layer } from './origin.js'
import type { Setting } from './schema.js'

/** Declares settings as options of a command. What is given stays text: it is checked with the other sources. */
export function addFlags(command: Command, settings: Readonly<Record<string, Setting<unknown>>>): Command {
  for (const setting of Object.values(settings)) {
    for (const flags of setting.flags) command.addOption(optionOf(setting, flags))
  }
  return command
}

function optionOf(setting: Setting<unknown>, flags: string): Option {
  const { kind } = setting
  const option = new Option(flags, describe(setting, flags))
  // Commander takes every "--no-x" for the opposite of "--x"; one with a value is none.
  option.negate = negates(flags)
  if (kind.choices !== undefined) option.argChoices = [...kind.choices]
  if (kind.isList === true) option.argParser(collect)
  return option
}

function describe({ about, preset, usual, flags: all }: Setting<unknown>, flags: string): string {
  if (all.length > 1 && negates(flags)) return `no ${longOf(flags).slice('--no-'.length).toUpperCase()}`
  const shown = typeof preset === 'string' ? preset : usual?.replaceAll('`', '')
  return shown === undefined ? about : `${about} (default: ${shown})`
}

/** What flags say about settings: of the program, or of the command whose verb it is. */
export function flagLayer(settings: Readonly<Record<string, Setting<unknown>>>, command: Command): Layer {
  const layer = new Map<string, Given>()
  for (const [key, { flags }] of Object.entries(settings)) {
    for (let at: Command | null = command; at !== null; at = at.parent) {
      if (at.getOptionValueSource(key) !== 'cli') continue
      const raw: unknown = at.getOptionValue(key)
      const flag = flags.find((each) => negates(each) === (raw === false)) ?? flags[0] ?? ''
      layer.set(key, { raw, origin: { kind: 'flag', flag: longOf(flag) } })
      break
    }
  }
  return layer
}
