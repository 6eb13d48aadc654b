import type { AddOptions, IpEndpoint, LimitSchedule, SessionOptions } from '@bitloom/core'
import { lookup } from 'node:dns/promises'
import { resolve } from 'node:path'
import { CliError } from './exit-codes.js'
import { parseHostPort, resolveEndpoint } from './options.js'
import type { engine, incomplete, transfer, Values } from './settings/schema.js'

/** How far data is believed that a record of an earlier run knows. */
export const checkModes = { trust: 'resume', sample: 'sample', full: 'full' } as const

/** What `download` and `seed` share. */
export type TransferOptions = Values<typeof transfer>

const resolveName = async (host: string): Promise<string> => (await lookup(host)).address

/** What `daemon` has too. */
export type EngineOptions = Values<typeof engine>

/** Limits and listening addresses for the session. @throws CliError NETWORK for a host name that is not known */
export async function sessionOptionsOf(options: EngineOptions): Promise<Pick<SessionOptions, 'limits' | 'listen'>> {
  const { maxPeers } = options
  const limits = given({
    downBytesPerSecond: options.limitDown,
    upBytesPerSecond: options.limitUp,
    maxPeersPerTorrent: maxPeers,
    maxPeers: options.maxPeersTotal ?? (maxPeers === undefined || maxPeers <= 200 ? undefined : maxPeers),
    uploadSlots: options.uploadSlots,
    halfOpen: options.halfOpen,
    dialsPerSecond: options.dialsPerSecond,
    knownAddressesPerTorrent: options.knownAddresses,
    unwrittenBytes: options.unwritten,
  })
  if (options.listen === undefined) return { limits }
  const { host, port } = options.listen
  if (host === undefined) return { limits, listen: { ports: [port] } }
  const at = await resolveEndpoint({ host, port }, resolveName)
  return { limits, listen: { hosts: [at.host], ports: [port] } }
}

/** Other limits at some times. @throws CliError USAGE for such limits without times, or times without limits */
export function scheduleOf(options: EngineOptions): LimitSchedule | undefined {
  const { schedule, scheduleLimitDown: down, scheduleLimitUp: up } = options
  const hasLimits = down !== undefined || up !== undefined
  if (schedule === undefined && !hasLimits) return undefined
  if (schedule === undefined || !hasLimits) {
    const message = '--schedule goes with --schedule-limit-down or --schedule-limit-up: one of both is missing'
    throw new CliError('USAGE', message)
  }
  const rateOf = (rate: number): number | undefined => (rate === Infinity ? undefined : rate)
  return {
    periods: schedule,
    limits: {
      ...(down === undefined ? {} : { downBytesPerSecond: rateOf(down) }),
      ...(up === undefined ? {} : { upBytesPerSecond: rateOf(up) }),
    },
  }
}

/** Where the data of downloads is, and what it is called, until it is whole. */
export function incompleteOf(
  options: Values<typeof incomplete>,
  cwd: string,
): Pick<AddOptions, 'incompleteDirectory' | 'incompleteSuffix'> {
  const { incompleteDirectory, incompleteSuffix } = options
  return given({
    incompleteDirectory: incompleteDirectory === undefined ? undefined : resolve(cwd, incompleteDirectory),
    incompleteSuffix,
  })
}

/** Peers given as `HOST:PORT`. @throws CliError NETWORK for a host name that is not known */
export async function peersOf(texts: readonly string[]): Promise<IpEndpoint[]> {
  return Promise.all(texts.map((text) => resolveEndpoint(parseHostPort(text), resolveName)))
}

/** What verbs with an engine tell core about each torrent. */
export function addOptionsOf(
  options: EngineOptions,
): Pick<AddOptions, 'picker' | 'choker' | 'storage' | 'trackers' | 'limits'> {
  const { picker, choker, storage, trackers, maxPeers } = options
  return {
    ...given({ picker, choker, storage }),
    ...(trackers ? {} : { trackers: [] }),
    ...(maxPeers === undefined ? {} : { limits: { maxPeers } }),
  }
}

/** Without what is `undefined`. */
function given<T extends object>(values: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never
}
