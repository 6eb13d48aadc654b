import { CliError } from '../exit-codes.js'

/** Where a value comes from. */
export type Origin =
  | { readonly kind: 'flag'; readonly flag: string }
  | { readonly kind: 'environment'; readonly variable: string }
  /** `line` (from 1) is known of JSON. */
  | { readonly kind: 'file'; readonly path: string; readonly line?: number }
  | { readonly kind: 'default' }

/** A value as it was written, and where. */
export interface Given {
  readonly raw: unknown
  readonly origin: Origin
}

/** What one source says, by key. */
export type Layer = ReadonlyMap<string, Given>

/** Something in a source that cannot be. */
export interface Problem {
  readonly origin: Origin
  /** The key in a file; for people the flag and the variable say it already. */
  readonly key: string
  readonly message: string
}

/** `--limit-down`, `BITLOOM_LIMIT_DOWN`, `/etc/config.json:3` or `default`. */
export function originText(origin: Origin): string {
  switch (origin.kind) {
    case 'flag':
      return origin.flag
    case 'environment':
      return origin.variable
    case 'file':
      return origin.line === undefined ? origin.path : `${origin.path}:${origin.line}`
    case 'default':
      return 'default'
  }
}

/** One sentence that names the source, the key, and what is wrong. */
export function problemText({ origin, key, message }: Problem): string {
  const what = origin.kind === 'file' && key !== '' ? `${key}: ` : ''
  return `${originText(origin)}: ${what}${message}`
}

/** @throws CliError USAGE with the first problem, where there is one */
export function refuse(problems: readonly Problem[]): void {
  const [first, ...rest] = problems
  if (first === undefined) return
  const others = rest.length === 0 ? '' : ` (and ${rest.length} more: bitloom config validate)`
  const path = first.origin.kind === 'file' ? { path: first.origin.path } : {}
  throw new CliError('USAGE', problemText(first) + others, path)
}
