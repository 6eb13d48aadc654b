import type { Endpoint } from './endpoint.js'
import { token } from './token.js'

export type AnnounceEvent = 'started' | 'completed' | 'stopped'

/** One announce to one tracker URL, as the hook `announce` sees and may change it. Byte counts are since the torrent started. */
export interface AnnounceRequest {
  readonly url: string
  /** `undefined` = a regular one. */
  readonly event: AnnounceEvent | undefined
  readonly port: number
  readonly numWant: number
  readonly uploaded: number
  readonly downloaded: number
  readonly left: number
  /** Further query parameters. */
  readonly params: Readonly<Record<string, string>>
  /** Further HTTP headers. */
  readonly headers: Readonly<Record<string, string>>
  /** Set by a tap: do not announce, and why. This announce then counts as done. */
  readonly skip?: string
}

/** What a client needs besides the request. */
export interface AnnounceIdentity {
  /** 20 bytes: the v1 hash, or the v2 hash cut to 20. */
  readonly infoHash: Uint8Array
  /** 20 bytes. */
  readonly peerId: Uint8Array
  /** A random number that stays the same while the torrent runs (BEP 7, BEP 15 `key`), 0 … 2^32-1. */
  readonly key: number
  /** What this tracker gave in an earlier answer (BEP 3 `tracker id`). */
  readonly trackerId?: string
  /** True for a private torrent (BEP 27). */
  readonly private: boolean
}

export interface AnnounceAnswer {
  readonly peers: readonly Endpoint[]
  /** As the tracker said it, unclamped; `undefined` = did not say. */
  readonly intervalMs?: number
  readonly minIntervalMs?: number
  readonly seeders?: number
  readonly leechers?: number
  readonly warning?: string
  readonly trackerId?: string
  /** BEP 24: our own address as the tracker saw it. */
  readonly externalIp?: string
}

export interface ScrapeAnswer {
  /** 20 bytes, one of those asked. */
  readonly infoHash: Uint8Array
  readonly seeders: number
  readonly leechers: number
  /** How often it was completed, where known. */
  readonly completed?: number
}

/**
 * Speaks to trackers of its URL schemes. Stateless towards torrents: tiers, intervals and retries over time are core's.
 * Rejects with TrackerError whose message holds no passkey. An aborted signal rejects at once.
 */
export interface TrackerClient {
  /** Without the colon: "http", "https", "udp". */
  readonly schemes: readonly string[]
  announce(request: AnnounceRequest, identity: AnnounceIdentity, signal: AbortSignal): Promise<AnnounceAnswer>
  /** Statistics of up to 74 torrents (BEP 48, BEP 15). Hashes the tracker does not know are absent from the answer. */
  scrape?(url: string, infoHashes: readonly Uint8Array[], signal: AbortSignal): Promise<readonly ScrapeAnswer[]>
}
export const TrackerClient = token<TrackerClient>('TrackerClient')

/**
 * A tracker URL that is fit for logs, events and errors: user info, long path parts and query values are replaced
 * by `***`, since trackers put passkeys there. Of a text that is no URL only the scheme is left.
 */
export function redactUrl(url: string): string {
  if (!URL.canParse(url)) return `${/^[a-z][a-z0-9+.-]{0,15}:\/\//i.exec(url)?.[0] ?? ''}***`
  const parsed = new URL(url)
  const path = parsed.pathname
    .split('/')
    .map((part) => (part.length >= 16 ? '***' : part))
    .join('/')
  const query = [...parsed.searchParams.keys()].map((key) => `${key}=***`).join('&')
  const user = parsed.username === '' ? '' : '***@'
  return `${parsed.protocol}//${user}${parsed.host}${path}${query === '' ? '' : `?${query}`}`
}
