import { type IpEndpoint, ipEndpoint, type SchedulePeriod, type Weekday, weekdays } from '@bitloom/core'
import picomatch from 'picomatch'
import { CliError } from './exit-codes.js'

const multipliers: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 }

/** Bytes from `4096`, `16K`, `1.5M`, `2GiB`: units of 1024, an optional `B` or `iB` after them. @throws CliError USAGE */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim())
  const bytes = Math.round(Number(match?.[1]) * (multipliers[(match?.[2] ?? '').toLowerCase()] ?? Number.NaN))
  if (match === null || !Number.isSafeInteger(bytes)) {
    throw new CliError('USAGE', `"${text}" is no size: write bytes or a number with K, M or G, such as 16K`)
  }
  return bytes
}

/** Bytes per second: a size, an optional `/s` after it; `0` and `unlimited` mean `undefined`. @throws CliError USAGE */
export function parseRate(text: string): number | undefined {
  const trimmed = text.trim().replace(/\/s$/i, '')
  if (trimmed === 'unlimited' || trimmed === '0') return undefined
  return parseSize(trimmed)
}

const durations: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds from `90` (seconds), `500ms`, `30s`, `1h30m`, `2d`. @throws CliError USAGE */
export function parseDuration(text: string): number {
  const trimmed = text.trim().toLowerCase()
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed) * 1000
  if (!/^(\d+(\.\d+)?(ms|[smhd]))+$/.test(trimmed)) {
    throw new CliError('USAGE', `"${text}" is no duration: write seconds, or such as 30s, 10m, 1h30m, 2d`)
  }
  const parts = trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)
  return [...parts].reduce((sum, [, count, unit]) => sum + Number(count) * (durations[unit ?? ''] ?? 0), 0)
}

/** A time of day, on the days before it: `23:00-07:00`, `sat 10:00-12:00`, `mon-fri 08:00-18:00`. @throws CliError USAGE */
export function parsePeriod(text: string): SchedulePeriod {
  const [, first, last = first, from = '', to = ''] =
    /^(?:([a-z]{3})(?:-([a-z]{3}))? +)?(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text.trim().toLowerCase()) ?? []
  const areTimes = [from, to].every((time) => /^([01]\d|2[0-3]):[0-5]\d$|^24:00$/.test(time))
  const days = first === undefined || last === undefined ? undefined : daysBetween(first, last)
  if (!areTimes || days?.length === 0) {
    throw new CliError('USAGE', `"${text}" is no time: write HH:MM-HH:MM, days before it, such as mon-fri 08:00-18:00`)
  }
  return { ...(days === undefined ? {} : { days }), from, to }
}

/** Both included, over the end of the week too; none for what is no day. */
function daysBetween(first: string, last: string): Weekday[] {
  const [from, to] = [first, last].map((day) => weekdays.findIndex((each) => each === day))
  if (from === undefined || to === undefined || from < 0 || to < 0) return []
  return weekdays.filter((_day, index) => (from <= to ? index >= from && index <= to : index >= from || index <= to))
}

/** A whole number of at least `least`. @throws CliError USAGE */
export function parseCount(text: string, least = 1): number {
  const value = Number(text)
  if (!/^\d+$/.test(text.trim()) || !Number.isSafeInteger(value) || value < least) {
    throw new CliError('USAGE', `"${text}" is no whole number of at least ${least}`)
  }
  return value
}

/** `1`, `true`, `yes`, `on` or their opposites. @throws CliError USAGE */
export function parseBoolean(text: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true
  if (/^(0|false|no|off)$/i.test(text)) return false
  throw new CliError('USAGE', `"${text}" is neither true nor false`)
}

/** A share ratio, such as 1.5. @throws CliError USAGE */
export function parseRatio(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text.trim())) throw new CliError('USAGE', `"${text}" is no ratio: write such as 1.5`)
  return Number(text)
}

/** How long to go on seeding; both absent = until stopped. */
export interface SeedGoal {
  readonly ratio?: number
  readonly durationMs?: number
}

/** `2` or `1.5` is a ratio, `30m` a duration, an empty text forever. @throws CliError USAGE */
export function parseSeedGoal(text: string): SeedGoal {
  if (text === '') return {}
  return /^\d+(\.\d+)?$/.test(text.trim()) ? { ratio: Number(text) } : { durationMs: parseDuration(text) }
}

export interface HostPort {
  /** `undefined` where only a port was given. A name or an address, without brackets. */
  readonly host: string | undefined
  readonly port: number
}

/** `[HOST:]PORT`, IPv6 addresses in brackets. @throws CliError USAGE */
export function parseListen(text: string): HostPort {
  const match = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text.trim())
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    throw new CliError('USAGE', `"${text}" is no address to listen at: write PORT, HOST:PORT or [IPV6]:PORT`)
  }
  return { host: match[1] ?? match[2], port }
}

/** `HOST:PORT` with both parts. @throws CliError USAGE */
export function parseHostPort(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text.trim())
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port === 0 || port > 65_535) {
    throw new CliError('USAGE', `"${text}" is no peer: write HOST:PORT or [IPV6]:PORT`)
  }
  return { host, port }
}

/** The endpoint of a host and port; a name is looked up with `resolve`. @throws CliError NETWORK */
export async function resolveEndpoint(
  at: { readonly host: string; readonly port: number },
  resolve: (host: string) => Promise<string>,
): Promise<IpEndpoint> {
  const direct = ipEndpoint(at.host, at.port)
  if (direct !== undefined) return direct
  const found = ipEndpoint(await resolve(at.host).catch(() => ''), at.port)
  if (found === undefined) throw new CliError('NETWORK', `The host name ${at.host} is not known`)
  return found
}

/** Values of an option that may be repeated, in order. */
export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value]

/** Tiers of `--tracker` values: each is a tier, a comma joins URLs into one. Any scheme may have a plugin. @throws CliError USAGE */
export function parseTiers(values: readonly string[]): string[][] {
  const tiers = values.map((value) => value.split(',').map((url) => url.trim()))
  for (const url of tiers.flat()) {
    if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#]/i.test(url) || !URL.canParse(url)) {
      throw new CliError('USAGE', `"${url}" is no tracker URL: write such as udp://tracker.example:6969`)
    }
  }
  return tiers
}

export interface SelectableFile {
  /** Below the download folder, beginning with the torrent's name. */
  readonly path: string
  readonly padding: boolean
}

/**
 * What `--select` wants, by file index: numbers and ranges count the listed files (padding left out) from 1, anything
 * else is a glob over the path, with or without the torrent's own name, or over the base name.
 * @throws CliError USAGE when a part matches no file
 */
export function selectFiles(files: readonly SelectableFile[], selections: readonly string[]): boolean[] {
  const listed = files.flatMap((file, index) => (file.padding ? [] : [index]))
  const wanted = files.map(() => false)
  for (const selection of selections) {
    const matches = /^[\d,\s-]+$/.test(selection) ? byNumber(listed, selection) : byGlob(files, listed, selection)
    for (const index of matches) wanted[index] = true
  }
  return wanted
}

function byNumber(listed: readonly number[], selection: string): number[] {
  return selection.split(',').flatMap((part) => {
    const match = /^\s*(\d+)\s*(?:-\s*(\d+)?)?\s*$/.exec(part)
    const first = Number(match?.[1])
    const last = match?.[2] === undefined ? (part.includes('-') ? listed.length : first) : Number(match[2])
    if (match === null || first < 1 || last < first || last > listed.length) {
      throw new CliError('USAGE', `--select ${part.trim()}: files are numbered 1 to ${listed.length}`)
    }
    return listed.slice(first - 1, last)
  })
}

function byGlob(files: readonly SelectableFile[], listed: readonly number[], glob: string): number[] {
  const wholePath = picomatch(glob, { dot: true })
  const baseName = glob.includes('/') ? () => false : wholePath
  const found = listed.filter((index) => {
    const path = files[index]?.path ?? ''
    const below = path.slice(path.indexOf('/') + 1)
    return wholePath(path) || wholePath(below) || baseName(path.slice(path.lastIndexOf('/') + 1))
  })
  if (found.length === 0) throw new CliError('USAGE', `--select ${glob}: no file of the torrent matches`)
  return found
}

/** `PLUGIN.a.b=value`: the value is JSON where it parses, else text. @throws CliError USAGE */
export function parseSetting(text: string): {
  readonly plugin: string
  readonly keys: string[]
  readonly value: unknown
} {
  const match = /^([^.=\s]+)\.([^=\s]+)=([\s\S]*)$/.exec(text)
  const keys = match?.[2]?.split('.') ?? []
  if (match === null || keys.some((key) => key === '' || key === '__proto__')) {
    throw new CliError('USAGE', `--set ${text}: write PLUGIN.KEY=VALUE`)
  }
  return { plugin: match[1] ?? '', keys, value: jsonOrText(match[3] ?? '') }
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
