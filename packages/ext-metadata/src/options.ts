import type { StandardResult, StandardSchema } from '@bitloom/core'
import type { FetchLimits } from './fetch.js'

/** Options of the plugin. Everything may be left out. */
export interface ExtMetadataOptions {
  /** Default 10,000: how long a peer may take for a piece before others are asked. */
  readonly timeoutMs?: number
  /** Default 67,108,864: metadata that is said to be larger is not asked for. */
  readonly maxBytes?: number
  /** Default 3,600,000: how long a peer that sent wrong metadata is banned. */
  readonly banMs?: number
}

/** The options with their defaults. */
export interface MetadataLimits extends FetchLimits {
  readonly banMs: number
}

const defaults: MetadataLimits = { timeoutMs: 10_000, maxBytes: 67_108_864, banMs: 3_600_000 }

/** Checks the options of the plugin and fills in the defaults; unknown names are errors. */
export const optionsSchema: StandardSchema<MetadataLimits, ExtMetadataOptions> = {
  '~standard': { version: 1, vendor: 'bitloom', validate },
}

function validate(value: unknown): StandardResult<MetadataLimits> {
  if (value === undefined) return { value: defaults }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { issues: [{ message: 'must be an object' }] }
  }
  const issues = Object.entries(value).flatMap(([name, entry]) => {
    if (!(name in defaults)) return { message: 'is no option', path: [name] }
    const isFine = entry === undefined || (Number.isSafeInteger(entry) && Number(entry) > 0)
    return isFine ? [] : { message: 'must be a whole number above 0', path: [name] }
  })
  if (issues.length > 0) return { issues }
  const given = Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined))
  return { value: { ...defaults, ...given } }
}
