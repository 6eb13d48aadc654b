import type { IpEndpoint, SessionLimits, SessionOptions } from '@bitloom/core'
import { lookup } from 'node:dns/promises'
import { type HostPort, parseHostPort, resolveEndpoint } from './options.js'

/** How far data is believed that a record of an earlier run knows. */
export const checkModes = { trust: 'resume', sample: 'sample', full: 'full' } as const
export type CheckMode = keyof typeof checkModes

/** What `download` and `seed` share. */
export interface TransferOptions {
  readonly listen?: HostPort
  readonly peer?: readonly string[]
  readonly trackers: boolean
  /** Bytes a second. */
  readonly limitDown?: number
  readonly limitUp?: number
  readonly maxPeers?: number
  /** Milliseconds. */
  readonly timeout?: number
  readonly stallTimeout?: number
  readonly picker?: string
  readonly choker?: string
  readonly storage?: string
  readonly check: CheckMode
  readonly trace?: string
}

const resolveName = async (host: string): Promise<string> => (await lookup(host)).address

/** Limits and listening addresses for the session. @throws CliError NETWORK for a host name that is not known */
export async function sessionOptionsOf(options: TransferOptions): Promise<Pick<SessionOptions, 'limits' | 'listen'>> {
  const limits: Partial<SessionLimits> = {
    downBytesPerSecond: options.limitDown,
    upBytesPerSecond: options.limitUp,
    ...(options.maxPeers === undefined ? {} : { maxPeersPerTorrent: options.maxPeers }),
    ...(options.maxPeers === undefined || options.maxPeers <= 200 ? {} : { maxPeers: options.maxPeers }),
  }
  if (options.listen === undefined) return { limits }
  const { host, port } = options.listen
  if (host === undefined) return { limits, listen: { ports: [port] } }
  const at = await resolveEndpoint({ host, port }, resolveName)
  return { limits, listen: { hosts: [at.host], ports: [port] } }
}

/** Peers given as `HOST:PORT`. @throws CliError NETWORK for a host name that is not known */
export async function peersOf(texts: readonly string[]): Promise<IpEndpoint[]> {
  return Promise.all(texts.map((text) => resolveEndpoint(parseHostPort(text), resolveName)))
}
