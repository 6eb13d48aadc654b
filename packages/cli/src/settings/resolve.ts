import { safeParse } from 'valibot'
import type { Given, Layer, Origin, Problem } from './origin.js'
import type { Setting } from './schema.js'

/** What holds for one setting. */
export interface Effective {
  readonly value: unknown
  /** As it was written; `undefined` = not set. */
  readonly raw: unknown
  /** One, but for settings whose values are gathered: weakest first. */
  readonly origins: readonly Origin[]
}

export interface Resolved {
  readonly settings: ReadonlyMap<string, Effective>
  readonly problems: readonly Problem[]
}

/**
 * What holds: for each setting that of the first layer which has it, else its preset; the strongest layer comes first.
 * `defaults` stand in for presets that depend on the system.
 */
export function resolveSettings(
  settings: Readonly<Record<string, Setting<unknown>>>,
  layers: readonly Layer[],
  defaults: Readonly<Record<string, string>> = {},
): Resolved {
  const problems: Problem[] = []
  const found = new Map<string, Effective>()
  for (const [key, setting] of Object.entries(settings)) {
    const given = layers.flatMap((layer) => layer.get(key) ?? [])
    const preset: Given = { raw: defaults[key] ?? setting.preset, origin: { kind: 'default' } }
    const parsed = given.map((each) => parse(key, setting, each, problems))
    const [strongest] = parsed
    if (strongest === undefined) found.set(key, parse(key, setting, preset, problems))
    else found.set(key, setting.isGathered === true ? gather(parsed.toReversed()) : strongest)
  }
  return { settings: found, problems }
}

function parse(key: string, { kind }: Setting<unknown>, { raw, origin }: Given, problems: Problem[]): Effective {
  const unset = { value: undefined, raw: undefined, origins: [origin] }
  if (raw === undefined) return unset
  const result = safeParse(kind.schema, raw)
  if (result.success) return { value: result.output, raw, origins: [origin] }
  // The parsers have sentences of their own; those of a wrong type are the library's.
  const [issue] = result.issues
  const told = issue.kind === 'transformation' ? issue.message : undefined
  problems.push({ origin, key, message: told ?? `expected ${kind.expected}, not ${JSON.stringify(raw)}` })
  return unset
}

function gather(parts: readonly Effective[]): Effective {
  const value = parts.flatMap((part) => (Array.isArray(part.value) ? (part.value as unknown[]) : []))
  return { value, raw: value, origins: parts.flatMap(({ origins }) => origins) }
}
