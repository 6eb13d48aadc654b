/** Announce and scrape over HTTP as bytes and URLs (BEP 3, 7, 23, 24, 31, 48). No I/O. */
import {
  type AnnounceAnswer,
  type AnnounceIdentity,
  type AnnounceRequest,
  type BencodeValue,
  type Dict,
  type IpEndpoint,
  type ScrapeAnswer,
  TrackerError,
  decode,
  formatIp,
  ipEndpoint,
  latin1,
  latin1Bytes,
  maxPeersPerAnswer,
  readCompact,
  redactUrl,
  trackerText,
  utf8Bytes,
} from '@bitloom/core'

/** A longer `tracker id` is not sent back: it would only make URLs that servers refuse. */
const maxTrackerIdBytes = 512

/** Percent-encoding of raw bytes: everything but RFC 3986 "unreserved" is escaped. */
export function percentEncode(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    const character = String.fromCharCode(byte)
    const escaped = `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`
    text += /[A-Za-z0-9\-._~]/.test(character) ? character : escaped
  }
  return text
}

/**
 * The URL of one announce (BEP 3 "tracker requests", BEP 7 `key`, BEP 23 `compact`). The query of the tracker's own URL
 * stays in front as it is; a parameter of `request.params` takes the place of ours of the same name.
 */
export function announceUrl(request: AnnounceRequest, identity: AnnounceIdentity): string {
  const query = new Map<string, string>([
    ['info_hash', percentEncode(identity.infoHash)],
    ['peer_id', percentEncode(identity.peerId)],
    ['port', String(request.port)],
    ['uploaded', count(request.uploaded)],
    ['downloaded', count(request.downloaded)],
    ['left', count(request.left)],
    ['compact', '1'],
    ['no_peer_id', '1'],
    ['key', identity.key.toString(16).toUpperCase().padStart(8, '0')],
  ])
  if (request.numWant >= 0) query.set('numwant', count(request.numWant))
  if (request.event !== undefined) query.set('event', request.event)
  if (identity.trackerId !== undefined) query.set('trackerid', percentEncode(latin1Bytes(identity.trackerId)))
  for (const [name, value] of Object.entries(request.params)) query.set(encodeText(name), encodeText(value))
  return withQuery(request.url, query)
}

/**
 * The URL of a scrape; `undefined` if the tracker has none. The text after the last `/` of the announce URL must begin
 * with `announce`, which becomes `scrape` (BEP 48).
 */
export function scrapeUrl(announce: string, infoHashes: readonly Uint8Array[]): string | undefined {
  const url = announce.replace(/#.*$/, '')
  const at = url.lastIndexOf('/') + 1
  if (!url.startsWith('announce', at)) return undefined
  const base = `${url.slice(0, at)}scrape${url.slice(at + 'announce'.length)}`
  return withQuery(
    base,
    infoHashes.map((hash) => ['info_hash', percentEncode(hash)]),
  )
}

/**
 * The facts of an answer to an announce. Fields of a wrong type count as absent.
 * @throws TrackerError TRACKER_FAILURE with the tracker's reason and its `retry in` (BEP 31), TRACKER_INVALID if the
 *   answer is no bencoded dictionary
 */
export function readAnnounce(bytes: Uint8Array, url: string): AnnounceAnswer {
  const dict = readAnswer(bytes, url)
  const intervalMs = seconds(dict.get('interval'))
  const minIntervalMs = seconds(dict.get('min interval'))
  const seeders = wholeNumber(dict.get('complete'))
  const leechers = wholeNumber(dict.get('incomplete'))
  const warning = text(dict.get('warning message'), url)
  const trackerId = bytesOf(dict.get('tracker id'))
  const externalIp = address(dict.get('external ip'))
  return {
    peers: readPeers(dict),
    ...(intervalMs === undefined ? {} : { intervalMs }),
    ...(minIntervalMs === undefined ? {} : { minIntervalMs }),
    ...(seeders === undefined ? {} : { seeders }),
    ...(leechers === undefined ? {} : { leechers }),
    ...(warning === undefined ? {} : { warning }),
    ...(trackerId === undefined || trackerId.length > maxTrackerIdBytes ? {} : { trackerId: latin1(trackerId) }),
    ...(externalIp === undefined ? {} : { externalIp }),
  }
}

/**
 * The statistics of those torrents that were asked for and are known (BEP 48).
 * @throws TrackerError as `readAnnounce`
 */
export function readScrape(bytes: Uint8Array, infoHashes: readonly Uint8Array[], url: string): ScrapeAnswer[] {
  const files = readAnswer(bytes, url).get('files')
  if (!(files instanceof Map)) throw invalid(url, 'lists no torrents')
  const known = files as Dict
  return infoHashes.flatMap((infoHash) => {
    const file = known.get(latin1(infoHash))
    if (!(file instanceof Map)) return []
    const completed = wholeNumber(file.get('downloaded'))
    return {
      infoHash,
      seeders: wholeNumber(file.get('complete')) ?? 0,
      leechers: wholeNumber(file.get('incomplete')) ?? 0,
      ...(completed === undefined ? {} : { completed }),
    }
  })
}

function readAnswer(bytes: Uint8Array, url: string): Dict {
  const dict = dictionary(bytes, url)
  const reason = text(dict.get('failure reason'), url)
  if (reason === undefined) return dict
  const retryInMs = retryIn(dict.get('retry in'))
  throw new TrackerError(
    'TRACKER_FAILURE',
    `the tracker ${redactUrl(url)} refused: ${reason}`,
    retryInMs === undefined ? {} : { retryInMs },
  )
}

function dictionary(bytes: Uint8Array, url: string): Dict {
  let value: BencodeValue
  try {
    value = decode(bytes, { maxDepth: 20, trailing: 'allow' })
  } catch (cause) {
    throw invalid(url, 'is not bencoded', cause)
  }
  if (value instanceof Map) return value as Dict
  throw invalid(url, 'is no dictionary')
}

function invalid(url: string, what: string, cause?: unknown): TrackerError {
  return new TrackerError('TRACKER_INVALID', `the answer of the tracker ${redactUrl(url)} ${what}`, { cause })
}

/** BEP 31: minutes, or the text "never". */
function retryIn(value: BencodeValue | undefined): number | undefined {
  if (value instanceof Uint8Array) return latin1(value) === 'never' ? Infinity : undefined
  const minutes = wholeNumber(value)
  return minutes === undefined ? undefined : minutes * 60_000
}

function readPeers(dict: Dict): IpEndpoint[] {
  const peers = dict.get('peers')
  const listed = Array.isArray(peers) ? readPeerList(peers) : compact(peers, 4)
  return [...listed, ...compact(dict.get('peers6'), 6)].filter(({ port }) => port > 0).slice(0, maxPeersPerAnswer)
}

function compact(value: BencodeValue | undefined, family: 4 | 6): IpEndpoint[] {
  const bytes = bytesOf(value) ?? new Uint8Array()
  return readCompact(bytes.subarray(0, maxPeersPerAnswer * (family === 4 ? 6 : 18)), family)
}

/** The list form of BEP 3. Its `ip` may be a name by the letter of BEP 3: those are left out, nobody sends them. */
function readPeerList(list: readonly BencodeValue[]): IpEndpoint[] {
  return list.slice(0, maxPeersPerAnswer).flatMap((entry) => {
    if (!(entry instanceof Map)) return []
    const ip = bytesOf(entry.get('ip'))
    const port = wholeNumber(entry.get('port'))
    return (ip !== undefined && port !== undefined && ipEndpoint(latin1(ip.subarray(0, 64)), port)) || []
  })
}

/** BEP 24: 4 or 16 raw bytes. */
function address(value: BencodeValue | undefined): string | undefined {
  const bytes = bytesOf(value)
  return bytes?.length === 4 || bytes?.length === 16 ? formatIp(bytes) : undefined
}

function text(value: BencodeValue | undefined, url: string): string | undefined {
  const bytes = bytesOf(value)
  return bytes === undefined ? undefined : trackerText(bytes, url)
}

function bytesOf(value: BencodeValue | undefined): Uint8Array | undefined {
  return value instanceof Uint8Array ? value : undefined
}

function wholeNumber(value: BencodeValue | undefined): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined
}

function seconds(value: BencodeValue | undefined): number | undefined {
  const whole = wholeNumber(value)
  return whole === undefined ? undefined : whole * 1000
}

function count(value: number): string {
  return String(Math.max(0, Math.trunc(value)))
}

function withQuery(url: string, query: Iterable<readonly [string, string]>): string {
  const base = url.replace(/#.*$/, '')
  const added = Array.from(query, ([name, value]) => `${name}=${value}`).join('&')
  if (!base.includes('?')) return `${base}?${added}`
  return /[?&]$/.test(base) ? `${base}${added}` : `${base}&${added}`
}

function encodeText(value: string): string {
  return percentEncode(utf8Bytes(value))
}
