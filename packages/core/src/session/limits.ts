import { BitloomError } from '../bytes/errors.js'
import { usualChecks } from '../driver/checks.js'
import { checkLimit } from '../driver/torrent-limits.js'
import type { SessionLimits } from '../driver/api.js'

/** What a session keeps to unless told otherwise. */
export const defaultLimits: SessionLimits = {
  downBytesPerSecond: undefined,
  upBytesPerSecond: undefined,
  maxPeers: 200,
  maxPeersPerTorrent: 50,
  halfOpen: 50,
  dialsPerSecond: 30,
  knownAddressesPerTorrent: 2_000,
  uploadSlots: 20,
  unwrittenBytes: 33_554_432,
  activeDownloads: undefined,
  activeSeeds: undefined,
  activeChecks: usualChecks,
  seedRatio: undefined,
  seedMs: undefined,
}

/** How long the steps of a plugin's and a session's life may take. */
export const lifeLimits = {
  /** `apply` of one plugin. */
  applyMs: 30_000,
  /** One disposer. */
  disposeMs: 5_000,
  /** The whole of a close, disposers included. */
  closeMs: 5_000,
  /** Of that, what the engine may take for its torrents and their `stopped` announces (3 s). */
  engineCloseMs: 4_000,
} as const

/** By name; those that may be lifted are `undefined` by default. */
const numbers: ReadonlySet<string> = new Set(['downBytesPerSecond', 'upBytesPerSecond', 'seedRatio', 'seedMs'])

/** Limits with changes: what has no limit by default may be `undefined`. @throws BitloomError INVALID_ARGUMENT */
export function changeLimits(limits: SessionLimits, changes: Partial<SessionLimits>): SessionLimits {
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.hasOwn(defaultLimits, name)) throw new BitloomError('INVALID_ARGUMENT', `there is no limit ${name}`)
    const mayLift = defaultLimits[name as keyof SessionLimits] === undefined
    if (!mayLift || value !== undefined) checkLimit(name, value, numbers.has(name) ? 'number' : 'count')
  }
  return { ...limits, ...changes }
}
