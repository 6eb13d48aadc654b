import { BitloomError, type Plugin } from '@bitloom/core'
import type { PeerGroup } from '@bitloom/simulator'
import * as z from 'zod'
import type { Swarm } from './facts.js'
import { type MetricName, metricNames } from './metrics.js'
import type { Scenario, Strategy } from './scenario.js'

const name = z
  .string()
  .regex(/^[\w.+-]+( [\w.+-]+)*$/, 'must be a short name of letters, digits, "-", "_", "." and "+"')
  .max(40)
const bytes = z.int().positive()
const rate = z.number().positive()
/** `Infinity` is a number here: unlimited. */
const speed = z.union([rate, z.literal(Infinity)], 'must be bytes a second, more than 0')
const time = z.number().nonnegative()
const count = z.int().positive()

const fraction = z.number().min(0).max(1)
const plugins = z.custom<() => readonly Plugin[]>(
  (value) => typeof value === 'function',
  'must be a function that makes plugins: () => [myPicker()]',
)

const groupFields = {
  // A strategy may leave a group out.
  count: z.int().nonnegative(),
  has: z.union([z.enum(['all', 'none']), fraction]).optional(),
  upBytesPerSecond: speed,
  downBytesPerSecond: speed,
  latencyMs: time.optional(),
  arrive: z
    .union([
      z.strictObject({ atMs: time }),
      z.strictObject({ overMs: time }),
      z.strictObject({ poissonPerMinute: rate }),
    ])
    .optional(),
  leave: z
    .union([
      z.enum(['stay', 'when-whole']),
      z.strictObject({ afterWholeMs: time }),
      z.strictObject({ sessionMs: time }),
    ])
    .optional(),
  behaviour: z.enum(['honest', 'free-rider', 'corrupt', 'silent', 'garbage', 'mute']).optional(),
  reachable: z.boolean().optional(),
  plugins: plugins.optional(),
  picker: z.string().optional(),
  choker: z.string().optional(),
  uploadSlots: count.optional(),
  maxPeers: count.optional(),
  limits: z.record(z.string(), z.unknown()).optional(),
  storage: z
    .strictObject({
      extentBytes: bytes,
      callMs: time,
      bytesPerSecond: rate,
      capacityBytes: bytes,
      fullForMs: time,
      corrupts: fraction,
      readsHang: z.boolean(),
    })
    .partial()
    .optional(),
  playback: z.strictObject({ bytesPerSecond: rate, startAfterBytes: bytes.optional() }).optional(),
} satisfies Record<Exclude<keyof PeerGroup, 'name'>, z.ZodType>

const torrent = z.strictObject({
  lengthBytes: bytes,
  pieceBytes: bytes,
  name: z.string().optional(),
  private: z.boolean().optional(),
})

const datagrams = z.record(z.string(), z.unknown())
const network = z
  .strictObject({ latencyMs: time, jitterMs: time, lossPerHour: time, split: fraction, stretchMs: time, datagrams })
  .partial()
const tracker = z
  .strictObject({ intervalMs: rate, peersPerAnswer: count, outages: z.array(z.tuple([time, time])) })
  .partial()

const swarmFields = {
  torrent,
  groups: z.array(z.strictObject({ name, ...groupFields })).min(1, 'must name at least one group of peers'),
  untilMs: time.optional(),
  sampleEveryMs: rate.optional(),
  network: network.optional(),
  tracker: tracker.optional(),
  data: z.enum(['symbolic', 'real']).optional(),
} satisfies Record<keyof Swarm, z.ZodType>

const strategyFields = {
  name,
  summary: z.string().optional(),
  source: z.string().optional(),
  picker: z.string().optional(),
  choker: z.string().optional(),
  plugins: plugins.optional(),
  groups: z.record(z.string(), z.strictObject(groupFields).partial()).optional(),
} satisfies Record<keyof Strategy, z.ZodType>

const fields = {
  name,
  summary: z.string(),
  swarm: z.strictObject(swarmFields),
  strategies: z.array(z.strictObject(strategyFields)).min(1, 'must name at least one strategy'),
  baseline: z.string().optional(),
  measure: z.array(z.string()).min(1).optional(),
  seeds: count.optional(),
  metrics: z
    .array(z.enum(metricNames as [MetricName, ...MetricName[]]))
    .min(1)
    .optional(),
  quick: z
    .strictObject({
      seeds: count.optional(),
      torrent: torrent.optional(),
      counts: z.record(z.string(), count).optional(),
      untilMs: time.optional(),
    })
    .optional(),
} satisfies Record<keyof Scenario, z.ZodType>
const schema = z.strictObject(fields)

/**
 * A value that somebody exported, as the scenario that it must be.
 * @throws BitloomError INVALID_ARGUMENT with a line for each fault, naming its key
 */
export function checkScenario(value: unknown, from: string): Scenario {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw faulty(from, parsed.error.issues.map(sentenceOf))
  const scenario = parsed.data as Scenario
  const faults = crossFaults(scenario)
  if (faults.length > 0) throw faulty(from, faults)
  return scenario
}

function faulty(from: string, faults: readonly string[]): BitloomError {
  return new BitloomError('INVALID_ARGUMENT', `${from} is no scenario: ${faults.join('; ')}`)
}

function sentenceOf({ path, message, code, ...rest }: z.core.$ZodIssue): string {
  // The parts of a union each have their own complaint; the first of the deepest says most.
  if (code === 'invalid_union' && 'errors' in rest) {
    const inner = (rest.errors as readonly (readonly z.core.$ZodIssue[])[])
      .flat()
      .find((issue) => issue.path.length > 0)
    if (inner !== undefined) return sentenceOf({ ...inner, path: [...path, ...inner.path] })
  }
  return `${pathText(path)}: ${message.charAt(0).toLowerCase()}${message.slice(1)}`
}

/** `strategies[1].groups.peers.has`. */
function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the default export'
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? String(key) : `${text}.${String(key)}`
  }, '')
}

/** What no single key can tell: names that must differ, and names that must exist. */
function crossFaults({ swarm, strategies, baseline, measure, quick }: Scenario): string[] {
  const groups = swarm.groups.map((group) => group.name)
  const names = strategies.map((each) => each.name)
  const unknownGroup = (path: string, group: string): string[] =>
    groups.includes(group) ? [] : [`${path}: there is no group ${group}, only ${groups.join(', ')}`]
  return [
    ...repeated(groups).map((group) => `swarm.groups: two groups are called ${group}`),
    ...repeated(names).map((each) => `strategies: two strategies are called ${each}`),
    ...(baseline === undefined || names.includes(baseline) ? [] : [`baseline: there is no strategy ${baseline}`]),
    ...(measure ?? []).flatMap((group, index) => unknownGroup(`measure[${index}]`, group)),
    ...Object.keys(quick?.counts ?? {}).flatMap((group) => unknownGroup('quick.counts', group)),
    ...strategies.flatMap((each, index) =>
      Object.keys(each.groups ?? {}).flatMap((group) => unknownGroup(`strategies[${index}].groups`, group)),
    ),
  ]
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((each, index) => names.indexOf(each) !== index))]
}
