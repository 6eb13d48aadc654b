import type { StandardResult, StandardSchema } from '@bitloom/core'

/** The names of the pickers, in the order they are bound in unless told otherwise. */
export const pickerNames = ['rarest-first', 'sequential', 'random'] as const
export type PickerName = (typeof pickerNames)[number]

/** Options of the plugin. Everything may be left out. */
export interface PiecePickerOptions {
  /** The picker of torrents that name none. Default `rarest-first`. */
  readonly default?: PickerName
  /** How many pieces `rarest-first` takes at random when it starts. Default 4; 0 = none. */
  readonly randomFirstPieces?: number
}

const rules: Readonly<Record<string, readonly [(value: unknown) => boolean, string]>> = {
  default: [(value) => pickerNames.some((name) => name === value), `must be one of ${pickerNames.join(', ')}`],
  randomFirstPieces: [(value) => Number.isSafeInteger(value) && Number(value) >= 0, 'must be a whole number'],
}

/** Checks the options of the plugin; unknown names are errors. */
export const optionsSchema: StandardSchema<PiecePickerOptions> = {
  '~standard': { version: 1, vendor: 'bitloom', validate },
}

function validate(value: unknown): StandardResult<PiecePickerOptions> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { issues: [{ message: 'must be an object' }] }
  }
  const issues = Object.entries(value).flatMap(([name, entry]) => {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule === undefined) return { message: 'is no option', path: [name] }
    return entry === undefined || rule[0](entry) ? [] : { message: rule[1], path: [name] }
  })
  return issues.length > 0 ? { issues } : { value }
}
