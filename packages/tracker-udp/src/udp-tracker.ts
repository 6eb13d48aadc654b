import {
  type AnnounceAnswer,
  BitloomError,
  type Clock,
  type Datagram,
  type IpEndpoint,
  type Random,
  type Resolver,
  type TrackerClient,
  TrackerError,
  announceOverAll,
  ipEndpoint,
  redactUrl,
  resolveTracker,
  withDeadline,
} from '@bitloom/core'
import { channel } from './channel.js'
import { conversation } from './conversation.js'
import type { TrackerUdpOptions } from './options.js'
import {
  announcePacket,
  maxScrapes,
  maxUrlDataBytes,
  readAnnounce,
  readScrape,
  scrapePacket,
  urlDataOf,
} from './protocol.js'

/** A client of UDP trackers with its sockets. */
export interface UdpTracker extends Required<TrackerClient> {
  /** Fails what is under way and closes the sockets. Idempotent. */
  close(): Promise<void>
}

/** What it needs from outside. */
export interface UdpTrackerPorts {
  readonly datagram: Datagram
  readonly resolver: Resolver
  readonly clock: Clock
  readonly random: Random
}

/** Speaks BEP 15. Keeps nothing but sockets in use and connection ids. */
export function udpTracker(ports: UdpTrackerPorts, options: TrackerUdpOptions): UdpTracker {
  const { resolver, clock, random } = ports
  const timeoutMs = options.timeoutMs ?? 30_000
  const packets = channel(ports.datagram, clock, random)
  const ask = conversation(packets, clock)

  /** One address of each family. Any of several will do: a tracker that is down at one is tried at another next time. */
  const locate = async (url: URL, signal: AbortSignal): Promise<readonly IpEndpoint[]> => {
    const addresses = await resolveTracker(resolver, url.hostname.replace(/^\[(.*)\]$/, '$1'), signal)
    const families = [addresses.filter((ip) => !ip.includes(':')), addresses.filter((ip) => ip.includes(':'))]
    return families.flatMap((list) => {
      const host = list[list.length > 1 ? random.below(list.length) : 0]
      return (host !== undefined && ipEndpoint(host, Number(url.port || 80))) || []
    })
  }

  return {
    schemes: ['udp'],
    announce: (request, identity, outer) =>
      withDeadline({ url: request.url, clock, timeoutMs, signal: outer }, async (signal) => {
        const url = udpUrl(request.url)
        const urlData = urlDataOf(url, request.params)
        if (urlData.length > maxUrlDataBytes) throw unsupported(request.url, 'has too long a URL for UDP')
        const ways = (await locate(url, signal)).map((to) => (inner: AbortSignal): Promise<AnnounceAnswer> => {
          const family = to.host.includes(':') ? 6 : 4
          return ask({
            url: request.url,
            to,
            signal: inner,
            build: (connectionId, id) => announcePacket(connectionId, id, { request, identity, urlData }),
            read: (bytes) => readAnnounce(bytes, family),
          })
        })
        return await announceOverAll(ways, clock, signal)
      }),
    scrape: (url, infoHashes, outer) =>
      withDeadline({ url, clock, timeoutMs, signal: outer }, async (signal) => {
        if (infoHashes.length > maxScrapes) {
          throw new BitloomError('INVALID_ARGUMENT', `a scrape asks for at most ${maxScrapes} torrents`)
        }
        const [to] = await locate(udpUrl(url), signal)
        if (to === undefined || infoHashes.length === 0) return []
        return await ask({
          url,
          to,
          signal,
          build: (connectionId, id) => scrapePacket(connectionId, id, infoHashes),
          read: (bytes) => readScrape(bytes, infoHashes),
        })
      }),
    close: () => packets.close(),
  }
}

/** Read as an http URL: for `udp:` the standard neither lower-cases names nor knows numeric hosts. */
function udpUrl(text: string): URL {
  const http = text.replace(/^udp:/i, 'http:')
  if (http !== text && URL.canParse(http) && new URL(http).port !== '0') return new URL(http)
  throw unsupported(text, 'has no udp URL')
}

function unsupported(url: string, what: string): TrackerError {
  return new TrackerError('TRACKER_UNSUPPORTED', `the tracker ${redactUrl(url)} ${what}`)
}
