import type { StandardResult, StandardSchema } from '@bitloom/core'

/** Options of the plugin. Everything may be left out. */
export interface TrackerHttpOptions {
  /** Default 10,000: name, connection and TLS together. */
  readonly connectTimeoutMs?: number
  /** Default 30,000: a whole request with its redirects. */
  readonly timeoutMs?: number
  /** Default 1 MiB, counted after decompression. */
  readonly maxAnswerBytes?: number
  /** Default 5. */
  readonly maxRedirects?: number
  /** `false` = none; an `http:` or `https:` URL = this one. Default: by HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
  readonly proxy?: string | false
  /** Default `Bitloom/<version>`. */
  readonly userAgent?: string
  /** Certificates in PEM that are trusted instead of the system's. */
  readonly ca?: string
}

const isProxy = (value: unknown): boolean =>
  value === false || (typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value))
const isPositive = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) > 0
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0
const isHeaderText = (value: unknown): boolean => typeof value === 'string' && /^[\x20-\x7e]+$/.test(value)

const rules: Readonly<Record<string, readonly [(value: unknown) => boolean, string]>> = {
  connectTimeoutMs: [isPositive, 'must be a whole number of milliseconds above 0'],
  timeoutMs: [isPositive, 'must be a whole number of milliseconds above 0'],
  maxAnswerBytes: [isPositive, 'must be a whole number of bytes above 0'],
  maxRedirects: [isCount, 'must be a whole number'],
  proxy: [isProxy, 'must be false or an http or https URL'],
  userAgent: [isHeaderText, 'must be plain ASCII text'],
  ca: [(value) => typeof value === 'string', 'must be certificates in PEM'],
}

/** Checks the options of the plugin; unknown names are errors. */
export const optionsSchema: StandardSchema<TrackerHttpOptions> = {
  '~standard': { version: 1, vendor: 'bitloom', validate },
}

function validate(value: unknown): StandardResult<TrackerHttpOptions> {
  if (value === undefined) return { value: {} }
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
