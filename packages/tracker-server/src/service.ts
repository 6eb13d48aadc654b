import type { IpEndpoint } from '@bitloom/core'
import { latin1Bytes, toHex } from '@bitloom/core'
import type { Announce, AnnounceOutcome, SwarmCounts, Swarms } from './swarm.js'

export type TrackerProtocol = 'http' | 'udp'

/** What a tracker did, for logs. Hashes are 40 lower-case hex digits. */
export type TrackerEvent =
  | {
      readonly type: 'announce'
      readonly protocol: TrackerProtocol
      readonly infoHash: string
      readonly peer: IpEndpoint
      readonly event: 'started' | 'completed' | 'stopped' | undefined
      readonly left: number | undefined
      /** How many peers it was told. */
      readonly peers: number
    }
  | { readonly type: 'scrape'; readonly protocol: TrackerProtocol; readonly from: string; readonly torrents: number }
  | { readonly type: 'refused'; readonly protocol: TrackerProtocol; readonly from: string; readonly reason: string }
  | { readonly type: 'error'; readonly protocol: TrackerProtocol; readonly error: unknown }

/** Counts since the start, except `torrents` and `peers`, which are now. */
export interface TrackerStats {
  readonly torrents: number
  readonly peers: number
  readonly announces: number
  readonly scrapes: number
  /** Requests answered with a failure. */
  readonly refused: number
}

/** Which torrents are served: a test of the 20 bytes, or a set of 40 lower-case hex digits. Asked at each request. */
export type Allow = ((infoHash: Uint8Array) => boolean) | ReadonlySet<string>

/** Why a request is not served, in words fit for its sender. */
export interface Refusal {
  readonly failure: string
}

export interface ScrapeRow extends SwarmCounts {
  /** 20 bytes as Latin-1 text. */
  readonly infoHash: string
}

/** What both protocols ask. */
export interface TrackerService {
  /** Seconds that peers are told. */
  readonly intervalSeconds: number
  readonly minIntervalSeconds: number
  readonly stats: TrackerStats
  announce(announce: Announce, protocol: TrackerProtocol): AnnounceOutcome | Refusal
  /** Torrents that are unknown or not served are absent. */
  scrape(infoHashes: readonly string[], from: string, protocol: TrackerProtocol): ScrapeRow[]
  /** Counts and reports a refusal that a protocol decided itself. */
  refuse(reason: string, from: string, protocol: TrackerProtocol): Refusal
  fault(error: unknown, protocol: TrackerProtocol): void
}

export interface ServiceParts {
  readonly swarms: Swarms
  readonly intervalSeconds: number
  readonly minIntervalSeconds: number
  readonly allow: Allow | undefined
  readonly on: ((event: TrackerEvent) => void) | undefined
  nowMs(): number
}

/** Joins the swarms with the allow-list, counters and the owner's listener. */
export function createService(parts: ServiceParts): TrackerService {
  const { swarms, intervalSeconds, minIntervalSeconds, allow, nowMs } = parts
  const counters = { announces: 0, scrapes: 0, refused: 0 }

  const report = (event: TrackerEvent): void => {
    try {
      parts.on?.(event)
    } catch (error) {
      // The listener's fault must not end the tracker.
      process.emitWarning(error instanceof Error ? error : String(error))
    }
  }
  const isServed = (infoHash: string): boolean => {
    if (allow === undefined) return true
    const bytes = latin1Bytes(infoHash)
    return typeof allow === 'function' ? allow(bytes) : allow.has(toHex(bytes))
  }
  const refuse: TrackerService['refuse'] = (reason, from, protocol) => {
    counters.refused++
    report({ type: 'refused', protocol, from, reason })
    return { failure: reason }
  }

  return {
    intervalSeconds,
    minIntervalSeconds,
    get stats() {
      return { torrents: swarms.torrents, peers: swarms.peers, ...counters }
    },
    announce(announce, protocol) {
      const { infoHash, endpoint, event, left } = announce
      if (!isServed(infoHash)) return refuse('this torrent is not served here', endpoint.host, protocol)
      const outcome = swarms.announce(announce, nowMs())
      if (outcome === undefined) return refuse('this tracker has no room for more torrents', endpoint.host, protocol)
      counters.announces++
      const hash = toHex(latin1Bytes(infoHash))
      report({ type: 'announce', protocol, infoHash: hash, peer: endpoint, event, left, peers: outcome.peers.length })
      return outcome
    },
    scrape(infoHashes, from, protocol) {
      counters.scrapes++
      const atMs = nowMs()
      const rows = infoHashes.flatMap((infoHash) => {
        const row = isServed(infoHash) ? swarms.scrape(infoHash, atMs) : undefined
        return row === undefined ? [] : [{ infoHash, ...row }]
      })
      report({ type: 'scrape', protocol, from, torrents: infoHashes.length })
      return rows
    },
    refuse,
    fault: (error, protocol) => report({ type: 'error', protocol, error }),
  }
}
