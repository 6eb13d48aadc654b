import type { StandardResult, StandardSchema } from '@bitloom/core'

/** Options of the plugin. Everything may be left out. */
export interface TrackerUdpOptions {
  /** Default 30,000: a whole request with its repetitions after 15 s, 45 s, 105 s, … */
  readonly timeoutMs?: number
}

/** Checks the options of the plugin; unknown names are errors. */
export const optionsSchema: StandardSchema<TrackerUdpOptions> = {
  '~standard': { version: 1, vendor: 'bitloom', validate },
}

function validate(value: unknown): StandardResult<TrackerUdpOptions> {
  if (value === undefined) return { value: {} }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { issues: [{ message: 'must be an object' }] }
  }
  const issues = Object.entries(value).flatMap(([name, entry]) => {
    if (name !== 'timeoutMs') return { message: 'is no option', path: [name] }
    const isFine = entry === undefined || (Number.isSafeInteger(entry) && Number(entry) > 0)
    return isFine ? [] : { message: 'must be a whole number of milliseconds above 0', path: [name] }
  })
  return issues.length > 0 ? { issues } : { value }
}
