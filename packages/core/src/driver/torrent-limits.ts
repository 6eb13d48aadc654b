import { BitloomError } from '../bytes/errors.js'
import { TokenBucket } from '../peer/token-bucket.js'
import type { TorrentLimits } from './api.js'

const known = {
  downBytesPerSecond: 'number',
  upBytesPerSecond: 'number',
  maxPeers: 'count',
  uploadSlots: 'count',
  seedRatio: 'number',
  seedMs: 'number',
} as const satisfies Record<keyof TorrentLimits, 'number' | 'count'>

/**
 * A limit that somebody gave: a number above 0, a count a whole one.
 * @throws BitloomError INVALID_ARGUMENT
 */
export function checkLimit(name: string, value: number | undefined, kind: 'number' | 'count'): void {
  if (kind === 'number' ? Number(value) > 0 : Number.isSafeInteger(value) && Number(value) > 0) return
  const wanted = kind === 'number' ? 'a number' : 'a whole number'
  throw new BitloomError('INVALID_ARGUMENT', `the limit ${name} must be ${wanted} above 0, not ${value}`)
}

/** @throws BitloomError INVALID_ARGUMENT for a limit that there is not, or a value that is none */
export function checkTorrentLimits(limits: TorrentLimits): void {
  for (const [name, value] of Object.entries(limits) as [keyof TorrentLimits, number | undefined][]) {
    if (!Object.hasOwn(known, name)) throw new BitloomError('INVALID_ARGUMENT', `a torrent has no limit ${name}`)
    if (value !== undefined) checkLimit(name, value, known[name])
  }
}

/** Limits that are set, and no others. */
export type SetLimits = { readonly [K in keyof TorrentLimits]?: number }

/** The limits of one torrent, beside those of its session, and the buckets that keep its rates. */
export class OwnLimits {
  readonly down: TokenBucket
  readonly up: TokenBucket
  #now: SetLimits

  /** @throws BitloomError INVALID_ARGUMENT */
  constructor(limits: TorrentLimits, nowMs: number) {
    checkTorrentLimits(limits)
    this.#now = present(limits)
    this.down = new TokenBucket(limits.downBytesPerSecond, nowMs)
    this.up = new TokenBucket(limits.upBytesPerSecond, nowMs)
  }

  /** Only those that are set. */
  get now(): SetLimits {
    return this.#now
  }

  /** `undefined` lifts a limit, and what is not named stays. `askedBytes` are on their way and were not charged yet. */
  change(changes: TorrentLimits, askedBytes: number, nowMs: number): void {
    this.#now = present({ ...this.#now, ...changes })
    this.down.setRate(this.#now.downBytesPerSecond, nowMs, askedBytes)
    this.up.setRate(this.#now.upBytesPerSecond, nowMs)
  }
}

function present(limits: TorrentLimits): SetLimits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined))
}
