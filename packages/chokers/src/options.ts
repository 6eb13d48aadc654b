import type { StandardResult, StandardSchema } from '@bitloom/core'

/** The names of the chokers, in the order they are bound in unless told otherwise. */
export const chokerNames = ['rate-based', 'round-robin', 'anti-leech', 'bit-tyrant', 'prop-share'] as const
export type ChokerName = (typeof chokerNames)[number]

/** Options of the plugin. Everything may be left out. */
export interface ChokersOptions {
  /** The choker of torrents that name none. Default: none of these, so that core's `tit-for-tat` or another plugin's is. */
  readonly default?: ChokerName
  /** Bytes a second that `bit-tyrant` and `prop-share` divide. Default: the upload limit of the session. */
  readonly uploadBytesPerSecond?: number
  /** Pieces of one turn of `round-robin`. Default 20. */
  readonly turnPieces?: number
}

const isAmount = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value > 0
const rules: Readonly<Record<string, readonly [(value: unknown) => boolean, string]>> = {
  default: [(value) => chokerNames.some((name) => name === value), `must be one of ${chokerNames.join(', ')}`],
  uploadBytesPerSecond: [isAmount, 'must be a number above 0'],
  turnPieces: [(value) => isAmount(value) && Number.isSafeInteger(value), 'must be a whole number above 0'],
}

/** Checks the options of the plugin; unknown names are errors. */
export const optionsSchema: StandardSchema<ChokersOptions> = {
  '~standard': { version: 1, vendor: 'bitloom', validate },
}

function validate(value: unknown): StandardResult<ChokersOptions> {
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
