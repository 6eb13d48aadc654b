import { isIPv6 } from 'node:net'
import {
  type AnnounceAnswer,
  BitloomError,
  type Clock,
  type Resolver,
  type TrackerClient,
  TrackerError,
  announceOverAll,
  redactUrl,
  resolveTracker,
  version,
  withDeadline,
} from '@bitloom/core'
import type { Dispatchers, Family } from './dispatchers.js'
import type { HttpAnswer, HttpRequest } from './exchange.js'
import type { TrackerHttpOptions } from './options.js'
import { announceUrl, readAnnounce, readScrape, scrapeUrl } from './protocol.js'
import { type Environment, proxyFor } from './proxy.js'

/** A client of HTTP and HTTPS trackers with its connections. */
export interface HttpTracker extends Required<TrackerClient> {
  /** Ends all connections; what is under way fails. */
  close(): Promise<void>
}

const maxScrapes = 74

/** Speaks BEP 3 over HTTP. Keeps nothing but connections and the options. */
export function httpTracker(
  ports: { readonly resolver: Resolver; readonly clock: Clock; readonly environment: Environment },
  options: TrackerHttpOptions,
): HttpTracker {
  const { resolver, clock, environment } = ports
  const { connectTimeoutMs = 10_000, timeoutMs = 30_000, ca } = options
  const settings = {
    proxyFor: (url: URL) => proxyFor(url, options.proxy, environment),
    maxAnswerBytes: options.maxAnswerBytes ?? 1024 * 1024,
    maxRedirects: options.maxRedirects ?? 5,
    userAgent: options.userAgent ?? `Bitloom/${version}`,
  }
  let pools: Promise<Dispatchers> | undefined
  /** The HTTP library is large: it is loaded with the first request, not with the plugin. */
  const exchanged = async (asked: HttpRequest): Promise<HttpAnswer> => {
    pools ??= import('./dispatchers.js').then((loaded) =>
      loaded.dispatchers(resolver, { connectTimeoutMs, timeoutMs, ca }),
    )
    const { exchange } = await import('./exchange.js')
    return exchange({ ...settings, dispatchers: await pools }, asked)
  }
  /** Every family of a direct tracker that has several, else the one way there is. */
  const waysTo = async (url: URL, signal: AbortSignal): Promise<readonly Family[]> => {
    if (settings.proxyFor(url) !== undefined) return [0]
    const addresses = await resolveTracker(resolver, url.hostname.replace(/^\[(.*)\]$/, '$1'), signal)
    const some = addresses.some((address) => isIPv6(address))
    return some && addresses.some((address) => !isIPv6(address)) ? [4, 6] : [0]
  }
  return {
    schemes: ['http', 'https'],
    announce: (request, identity, outer) =>
      withDeadline({ url: request.url, clock, timeoutMs, signal: outer }, async (signal) => {
        const parsed = httpUrl(request.url)
        const url = announceUrl(request, identity)
        const over = async (family: Family, signal: AbortSignal): Promise<AnnounceAnswer> => {
          const answer = await exchanged({ url, tracker: request.url, headers: request.headers, family, signal })
          return readChecked(answer, request.url, () => readAnnounce(answer.bytes, request.url))
        }
        const ways = await waysTo(parsed, signal)
        const calls = ways.map((family) => (inner: AbortSignal) => over(family, inner))
        return await announceOverAll(calls, clock, signal)
      }),
    scrape: (url, infoHashes, outer) =>
      withDeadline({ url, clock, timeoutMs, signal: outer }, async (signal) => {
        if (infoHashes.length > maxScrapes) {
          throw new BitloomError('INVALID_ARGUMENT', `a scrape asks for at most ${maxScrapes} torrents`)
        }
        httpUrl(url)
        const target = scrapeUrl(url, infoHashes)
        if (target === undefined) throw unsupported(url, 'offers no scrape')
        if (infoHashes.length === 0) return []
        const answer = await exchanged({ url: target, tracker: url, headers: {}, family: 0, signal })
        return readChecked(answer, url, () => readScrape(answer.bytes, infoHashes, url))
      }),
    close: async () => (await pools)?.close(),
  }
}

/** A refusal in the body counts whatever the status is; any other body only with a good one. */
function readChecked<T>(answer: HttpAnswer, url: string, read: () => T): T {
  const isGood = answer.status >= 200 && answer.status < 300
  try {
    const value = read()
    if (isGood) return value
  } catch (error) {
    if (isGood || (error instanceof TrackerError && error.code === 'TRACKER_FAILURE')) throw error
  }
  const { status, retryInMs } = answer
  throw new TrackerError(
    'TRACKER_INVALID',
    `the tracker ${redactUrl(url)} answered with the HTTP status ${status}`,
    retryInMs === undefined ? {} : { retryInMs },
  )
}

function httpUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return parsed
  throw unsupported(url, 'has no http or https URL')
}

function unsupported(url: string, what: string): TrackerError {
  return new TrackerError('TRACKER_UNSUPPORTED', `the tracker ${redactUrl(url)} ${what}`)
}
