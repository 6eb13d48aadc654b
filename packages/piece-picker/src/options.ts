import type { StandardResult, StandardSchema } from '@bitloom/core'
import type { PlaybackOptions } from './playback.js'

/** The names of the pickers, in the order they are bound in unless told otherwise. */
export const pickerNames = ['rarest-first', 'sequential', 'random', 'streaming'] as const
export type PickerName = (typeof pickerNames)[number]

/** Options of the plugin. Everything may be left out. */
export interface PiecePickerOptions {
  /** The picker of torrents that name none. Default `rarest-first`. */
  readonly default?: PickerName
  /** How many pieces `rarest-first` takes at random when it starts. Default 4; 0 = none. */
  readonly randomFirstPieces?: number
  /** What `streaming` knows of the player. */
  readonly streaming?: PlaybackOptions
}

type Rules = Readonly<Record<string, readonly [(value: unknown) => boolean, string] | { readonly rules: Rules }>>

const isAmount = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0
const amount = [isAmount, 'must be a number'] as const
const playbackRules: Rules = {
  bytesPerSecond: amount,
  windowBytes: amount,
  startAfterBytes: amount,
  lateMs: amount,
}
const optionRules: Rules = {
  default: [(value) => pickerNames.some((name) => name === value), `must be one of ${pickerNames.join(', ')}`],
  randomFirstPieces: [(value) => Number.isSafeInteger(value) && Number(value) >= 0, 'must be a whole number'],
  streaming: { rules: playbackRules },
}

/** Checks the options of the plugin; unknown names are errors. */
export const optionsSchema: StandardSchema<PiecePickerOptions> = {
  '~standard': { version: 1, vendor: 'bitloom', validate },
}

function validate(value: unknown): StandardResult<PiecePickerOptions> {
  const issues = issuesOf(value, optionRules, [])
  return issues.length > 0 ? { issues } : { value: value as PiecePickerOptions }
}

interface Issue {
  readonly message: string
  readonly path: readonly string[]
}

function issuesOf(value: unknown, rules: Rules, at: readonly string[]): Issue[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ message: 'must be an object', path: at }]
  }
  return Object.entries(value).flatMap(([name, entry]) => {
    const path = [...at, name]
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule === undefined) return [{ message: 'is no option', path }]
    if (entry === undefined) return []
    if ('rules' in rule) return issuesOf(entry, rule.rules, path)
    return rule[0](entry) ? [] : [{ message: rule[1], path }]
  })
}
