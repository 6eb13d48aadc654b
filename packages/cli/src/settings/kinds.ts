import { homedir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { checkIncompleteSuffix, type SchedulePeriod } from '@bitloom/core'
import { sentenceOf } from '../exit-codes.js'
import {
  type HostPort,
  type SeedGoal,
  parseBoolean,
  parseCount,
  parseDuration,
  parseHostPort,
  parseListen,
  parsePeriod,
  parseRate,
  parseRatio,
  parseSeedGoal,
  parseSize,
} from '../options.js'

/** How the values of a setting are written, and what they become. */
export interface Kind<T> {
  /** Takes the text of a flag or a variable, and what a configuration file may hold. */
  readonly schema: v.GenericSchema<unknown, T>
  /** What has to be written, for people: "a size, such as 16K". */
  readonly expected: string
  /** All there is, where it is one of a few names. */
  readonly choices?: readonly string[]
  /** Several values: a flag is repeated, a variable separates by commas, a file has a list. */
  readonly isList?: boolean
}

const written = v.union([v.string(), v.number()])
const several = v.union([v.string(), v.array(v.string())])

/** A kind whose values are checked by a parser that throws a sentence. */
function kind<I, T>(expected: string, input: v.GenericSchema<I>, parse: (raw: I) => T): Kind<T> {
  const parsed = v.rawTransform<I, T>(({ dataset, addIssue, NEVER }) => {
    try {
      return parse(dataset.value)
    } catch (error) {
      addIssue({ message: sentenceOf(error) })
      return NEVER
    }
  })
  return { expected, schema: v.pipe(input, parsed) }
}

const inText = <T>(expected: string, parse: (text: string) => T): Kind<T> =>
  kind(expected, written, (raw) => parse(String(raw)))

function list<T>(expected: string, parse: (part: string) => T): Kind<readonly T[]> {
  const parts = (raw: string | readonly string[]): string[] =>
    typeof raw === 'string' ? raw.split(',').map((part) => part.trim()) : [...raw]
  return {
    ...kind(expected, several, (raw) => parts(raw).map(parse)),
    isList: true,
  }
}

const atHome = (path: string): string => (path.startsWith('~/') ? join(homedir(), path.slice(2)) : path)

/** On or off. */
export const onOff: Kind<boolean> = kind('true or false', v.union([v.boolean(), v.string()]), (raw) =>
  typeof raw === 'boolean' ? raw : parseBoolean(raw),
)
/** As `-v` and `-vv`: 0, 1 or 2. */
export const loudness: Kind<number> = kind('0, 1 or 2', v.union([v.boolean(), written]), (raw) =>
  typeof raw === 'boolean' || /^(true|false)$/i.test(String(raw))
    ? Number(/true/i.test(String(raw)))
    : parseCount(String(raw), 0),
)
export const name: Kind<string> = kind('a name', v.string(), (text) => text)
export const file: Kind<string> = kind('a path (`~/` is the home folder)', v.string(), atHome)
export const names: Kind<readonly string[]> = list('a name or a list of them', (part) => part)
export const peers: Kind<readonly string[]> = list(
  'HOST:PORT, or a list of them',
  (part) => (parseHostPort(part), part),
)
export const size: Kind<number> = inText('a size, such as 16K', parseSize)
export const rate: Kind<number | undefined> = inText('bytes a second, such as 2M, or `unlimited`', parseRate)
/** Where "unlimited" has to be told from what is not set: `Infinity`. */
export const rateOrAll: Kind<number> = inText(
  'bytes a second, such as 2M, or `unlimited`',
  (text) => parseRate(text) ?? Infinity,
)
export const periods: Kind<readonly SchedulePeriod[]> = list(
  'HH:MM-HH:MM, days before it (`mon-fri 08:00-18:00`), or a list of them',
  parsePeriod,
)
/** The end of a file's name. */
export const suffix: Kind<string> = kind('the end of a name, such as .part', v.string(), (text) => {
  checkIncompleteSuffix(text)
  return text
})
export const duration: Kind<number> = inText('a duration, such as 90s or 1h30m', parseDuration)
export const ratio: Kind<number> = inText('a ratio, such as 1.5', parseRatio)
export const listenAt: Kind<HostPort> = inText('[HOST:]PORT', parseListen)
export const count: Kind<number> = inText('a whole number above 0', (text) => parseCount(text))

/** `undefined` = all. */
export const countOrAll: Kind<number | undefined> = inText('a whole number above 0, or `unlimited`', (text) =>
  text === 'unlimited' ? undefined : parseCount(text),
)

/** Where to listen, or `false`. */
export const listenOrNot: Kind<HostPort | false> = kind(
  '[HOST:]PORT, or false',
  v.union([written, v.literal(false)]),
  (raw) => raw !== false && parseListen(String(raw)),
)

/** How long to seed, or whether to. */
export const seedGoal: Kind<SeedGoal | undefined> = kind(
  'a ratio, a duration, true or false',
  v.union([v.boolean(), written]),
  (raw) => (typeof raw === 'boolean' ? (raw ? {} : undefined) : parseSeedGoal(String(raw))),
)

/** One of a few names. */
export function oneOf<const C extends string>(...choices: readonly C[]): Kind<C> {
  return { schema: v.picklist(choices), expected: `one of ${choices.join(', ')}`, choices }
}
