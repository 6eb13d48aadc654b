import type { Given, Layer, Problem } from './origin.js'
import { type Setting, allSettings } from './schema.js'
import { nearest } from './suggestion.js'

type Env = Readonly<Record<string, string | undefined>>

/** Variables of the command line that are no settings. */
const others = ['BITLOOM_CONFIG', 'BITLOOM_SET']

/** `--limit-down` of `--limit-down <rate>`. */
export function longOf(flags: string): string {
  return /--[a-z-]+/.exec(flags)?.[0] ?? ''
}

/** True for the `--no-x` that is the opposite of `--x`; one with a value of its own is not. */
export function negates(flags: string): boolean {
  return longOf(flags).startsWith('--no-') && !flags.includes('<')
}

const variableOf = (flag: string): string => `BITLOOM_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`

/** The variables of a setting and whether each says the opposite: BITLOOM_TRACKERS and BITLOOM_NO_TRACKERS. */
export function variablesOf({ flags }: Setting<unknown>): Map<string, boolean> {
  const found = new Map<string, boolean>()
  for (const flag of flags) {
    const long = longOf(flag)
    if (negates(flag)) found.set(variableOf(long.replace('--no-', '--')), false)
    found.set(variableOf(long), negates(flag))
  }
  return found
}

/** What the environment says about settings; an empty variable says nothing. */
export function environmentLayer(settings: Readonly<Record<string, Setting<unknown>>>, env: Env): Layer {
  const layer = new Map<string, Given>()
  for (const [key, setting] of Object.entries(settings)) {
    for (const [variable, opposite] of variablesOf(setting)) {
      const text = env[variable]
      if (text === undefined || text === '') continue
      const origin = { kind: 'environment', variable } as const
      layer.set(key, { raw: opposite ? negated(text) : spoken(text, setting), origin })
    }
  }
  return layer
}

/** BITLOOM_NO_X=1 is x: false, BITLOOM_NO_X=0 says nothing but x: true; what is neither is refused as it is. */
function negated(text: string): boolean | string {
  if (/^(1|true|yes|on)$/i.test(text)) return false
  return /^(0|false|no|off)$/i.test(text) ? true : text
}

/** `false` where a setting takes it beside other values. */
function spoken(text: string, { flags, kind }: Setting<unknown>): string | boolean {
  const takesBoolean = flags.some(negates) || flags.some((flag) => flag.includes('['))
  return takesBoolean && kind.isList !== true && /^(true|false)$/i.test(text) ? /true/i.test(text) : text
}

/** Variables that look like a setting misspelt. Others with our prefix may belong to a plugin. */
export function misspeltVariables(env: Env): Problem[] {
  const known = [...Object.values(allSettings).flatMap((setting) => [...variablesOf(setting).keys()]), ...others]
  return Object.keys(env)
    .filter((name) => name.startsWith('BITLOOM_') && !known.includes(name))
    .flatMap((variable) => {
      const meant = nearest(
        variable.slice('BITLOOM_'.length),
        known.map((name) => name.slice('BITLOOM_'.length)),
      )
      if (meant === undefined) return []
      const message = `there is no such setting; did you mean BITLOOM_${meant}?`
      return [{ origin: { kind: 'environment', variable }, key: '', message }]
    })
}
