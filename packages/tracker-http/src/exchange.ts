import { TrackerError, hideSecrets, mayRedirect, redactUrl } from '@bitloom/core'
import { type Dispatcher, request } from 'undici'
import { knownEncodings, readBody } from './body.js'
import { type Dispatchers, type Family, isAllowedHost } from './dispatchers.js'

/** The end of a chain of redirects. */
export interface HttpAnswer {
  readonly status: number
  readonly bytes: Uint8Array
  /** From `retry-after` in seconds, where given. */
  readonly retryInMs: number | undefined
}

/** How one request is made. */
export interface Exchange {
  readonly dispatchers: Dispatchers
  readonly proxyFor: (url: URL) => string | undefined
  readonly maxAnswerBytes: number
  readonly maxRedirects: number
  readonly userAgent: string
}

const redirects = new Set([301, 302, 303, 307, 308])

/** One request of a tracker. */
export interface HttpRequest {
  readonly url: string
  /** The URL that errors name, redacted. */
  readonly tracker: string
  readonly headers: Readonly<Record<string, string>>
  readonly family: Family
  readonly signal: AbortSignal
}

/**
 * Fetches a URL, following redirects. User info in a URL becomes basic authorization; it and `headers` go to the first
 * origin only.
 * @throws TrackerError, with no secret of the URL in it
 */
export async function exchange(settings: Exchange, asked: HttpRequest): Promise<HttpAnswer> {
  const first = new URL(asked.url)
  let url = first
  for (let followed = 0; ; followed++) {
    const name = url.host === first.host ? redactUrl(asked.tracker) : `${redactUrl(asked.tracker)} (now ${url.host})`
    const own = url.origin === first.origin ? { ...authorization(first), ...asked.headers } : {}
    try {
      const response = await send(settings, asked, url, own)
      const { location } = response.headers
      if (!redirects.has(response.statusCode) || location === undefined) {
        return await read(settings, response, name)
      }
      response.body.on('error', () => {}).destroy()
      if (followed === settings.maxRedirects) {
        throw new Refusal(`redirects more than ${settings.maxRedirects} times`)
      }
      url = redirected(url, Array.isArray(location) ? (location[0] ?? '') : location)
    } catch (error) {
      throw trackerError(error, name, url)
    }
  }
}

/** @throws Refusal */
function redirected(from: URL, location: string): URL {
  if (!URL.canParse(location, from.href)) throw new Refusal('redirects to something that is no URL')
  const to = new URL(location, from)
  if (to.protocol !== 'http:' && to.protocol !== 'https:') {
    throw new Refusal(`redirects to the scheme ${to.protocol.slice(0, -1)}`)
  }
  if (!mayRedirect(from.hostname, to.hostname)) throw new Refusal('redirects to a host that is not public')
  return to
}

async function send(
  settings: Exchange,
  asked: HttpRequest,
  url: URL,
  headers: Readonly<Record<string, string>>,
): Promise<Dispatcher.ResponseData> {
  if (!isAllowedHost(url.hostname)) throw new Refusal('has an address that nothing may connect to')
  const proxy = settings.proxyFor(url)
  const { dispatchers } = settings
  return await request(url.origin + url.pathname + url.search, {
    dispatcher: proxy === undefined ? dispatchers.direct(asked.family) : dispatchers.through(proxy),
    signal: asked.signal,
    headers: mergeHeaders(
      { 'user-agent': settings.userAgent, accept: '*/*', 'accept-encoding': knownEncodings },
      headers,
    ),
  })
}

async function read(settings: Exchange, response: Dispatcher.ResponseData, name: string): Promise<HttpAnswer> {
  const encoding = String(response.headers['content-encoding'] ?? '')
  const retryAfter = Number(response.headers['retry-after'] ?? Number.NaN)
  const bytes = await readBody(response.body, encoding.trim().toLowerCase(), settings.maxAnswerBytes, name)
  const retryInMs = Number.isFinite(retryAfter) && retryAfter >= 0 ? retryAfter * 1000 : undefined
  return { status: response.statusCode, bytes, retryInMs }
}

/** Names are lower case in the result; the later record wins. */
function mergeHeaders(...records: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const entries = records.flatMap((record) => Object.entries(record))
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value]))
}

function authorization(url: URL): Record<string, string> {
  if (url.username === '' && url.password === '') return {}
  const pair = `${unescapeText(url.username)}:${unescapeText(url.password)}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

function unescapeText(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A safety rule that says no; becomes TRACKER_FORBIDDEN with the tracker's name in front. */
class Refusal extends Error {}

/** The network's error as ours. Its text may repeat the URL; the error itself is kept only where it is the system's. */
function trackerError(error: unknown, name: string, url: URL): TrackerError {
  if (error instanceof TrackerError) return error
  if (error instanceof Refusal) return new TrackerError('TRACKER_FORBIDDEN', `the tracker ${name} ${error.message}`)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const text = error instanceof Error && error.message !== '' ? error.message : code
  const message = `the tracker ${name} cannot be reached: ${reasons[code] ?? hideSecrets(text, url.href)}`
  const cause = error instanceof Error && 'syscall' in error ? error : undefined
  return new TrackerError('TRACKER_UNREACHABLE', message, { cause })
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'it refuses connections',
  ECONNRESET: 'it closed the connection',
  EHOSTUNREACH: 'there is no way to its host',
  ENETUNREACH: 'there is no way to its network',
  ETIMEDOUT: 'connecting took too long',
  UND_ERR_CONNECT_TIMEOUT: 'connecting took too long',
  UND_ERR_SOCKET: 'it closed the connection',
}
