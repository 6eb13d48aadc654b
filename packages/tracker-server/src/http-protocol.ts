import { encode, type Encodable, type IpEndpoint, latin1Bytes, parseIp } from '@bitloom/core'
import type { ScrapeRow } from './service.js'
import type { Announce, AnnounceOutcome, SwarmPeer } from './swarm.js'

/** Peers handed out where the request names no number, and at most. */
export const defaultNumWant = 50
export const maxNumWant = 200
/** Hashes taken from one scrape (as in BEP 15). */
export const maxScrapes = 74

/** How the asker wants its answer (BEP 23; BEP 3, "no_peer_id"). */
export interface AnnounceForm {
  readonly compact: boolean
  readonly noPeerId: boolean
}

/** Parameters by name, each a list of raw byte strings as Latin-1 text. */
export type Query = ReadonlyMap<string, readonly string[]>

/** The parameters of a query string, or `undefined` for a malformed percent escape or bytes beyond ASCII. `+` is itself. */
export function parseQuery(text: string): Query | undefined {
  const query = new Map<string, string[]>()
  for (const part of text.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = unescape(equals < 0 ? part : part.slice(0, equals))
    const value = equals < 0 ? '' : unescape(part.slice(equals + 1))
    if (name === undefined || value === undefined) return undefined
    const values = query.get(name)
    if (values === undefined) query.set(name, [value])
    else values.push(value)
  }
  return query
}

function unescape(text: string): string | undefined {
  // oxlint-disable-next-line no-control-regex
  if (!/^(?:[\x00-\x24\x26-\x7f]|%[0-9a-fA-F]{2})*$/.test(text)) return undefined
  return text.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/**
 * An announce from its parameters and its source address; text = what is wrong with it. The parameters `ip`, `ipv4`
 * and `ipv6` are ignored: a peer is where its packets come from, or anybody could aim a swarm at anybody.
 */
export function readAnnounce(query: Query, host: string): { announce: Announce; form: AnnounceForm } | string {
  const value = (name: string): string | undefined => query.get(name)?.[0]
  const infoHash = value('info_hash')
  const peerId = value('peer_id')
  const port = readNumber(value('port'))
  const left = readNumber(value('left'))
  if (infoHash?.length !== 20) return 'info_hash must be 20 bytes'
  if (peerId?.length !== 20) return 'peer_id must be 20 bytes'
  if (port === undefined || !(port <= 65_535)) return 'port must be a number from 0 to 65535'
  if (Number.isNaN(left)) return 'left must be a number of bytes'
  const endpoint: IpEndpoint = { kind: 'ip', host, port }
  const wanted = readNumber(value('numwant')) ?? NaN
  const announce = {
    infoHash,
    peerId,
    endpoint,
    event: readEvent(value('event')),
    left,
    numWant: Number.isNaN(wanted) ? defaultNumWant : Math.min(wanted, maxNumWant),
    families: 'both',
  } as const
  return { announce, form: { compact: value('compact') !== '0', noPeerId: value('no_peer_id') === '1' } }
}

function readEvent(text: string | undefined): Announce['event'] {
  return text === 'started' || text === 'completed' || text === 'stopped' ? text : undefined
}

/** A non-negative decimal; NaN = something else; `undefined` = absent. */
function readNumber(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  return /^\d{1,20}$/.test(text) ? Number(text) : NaN
}

/** The hashes of a scrape; text = what is wrong with it. A scrape of everything is not served. */
export function readScrape(query: Query): readonly string[] | string {
  const infoHashes = query.get('info_hash') ?? []
  if (infoHashes.length === 0) return 'info_hash is missing: this tracker does not list all its torrents'
  if (infoHashes.length > maxScrapes) return `at most ${maxScrapes} torrents can be scraped at once`
  return infoHashes.every((hash) => hash.length === 20) ? infoHashes : 'info_hash must be 20 bytes'
}

/** The bencoded answer to an announce (BEP 3, 7, 23, 24). */
export function writeAnnounce(
  outcome: AnnounceOutcome,
  form: AnnounceForm,
  told: { readonly intervalSeconds: number; readonly minIntervalSeconds: number; readonly host: string },
): Uint8Array {
  const answer = new Map<string, Encodable>([
    ['complete', outcome.seeds],
    ['incomplete', outcome.leechers],
    ['downloaded', outcome.completed],
    ['interval', told.intervalSeconds],
    ['min interval', told.minIntervalSeconds],
    ['external ip', parseIp(told.host) ?? new Uint8Array(4)],
  ])
  if (form.compact) {
    answer.set('peers', join(outcome.peers, 6))
    const peers6 = join(outcome.peers, 18)
    if (peers6.length > 0) answer.set('peers6', peers6)
  } else {
    answer.set(
      'peers',
      outcome.peers.map((peer) => peerDict(peer, form.noPeerId)),
    )
  }
  return encode(answer)
}

/** The compact forms of one size, one after the other. */
export function join(peers: readonly SwarmPeer[], size: 6 | 18): Uint8Array {
  const own = peers.filter((peer) => peer.compact.length === size)
  const bytes = new Uint8Array(own.length * size)
  for (const [index, peer] of own.entries()) bytes.set(peer.compact, index * size)
  return bytes
}

function peerDict(peer: SwarmPeer, noPeerId: boolean): Encodable {
  const { host, port } = peer.endpoint
  const dict = new Map<string, Encodable>([
    ['ip', host],
    ['port', port],
  ])
  return noPeerId ? dict : dict.set('peer id', latin1Bytes(peer.peerId))
}

/** The bencoded answer to a scrape (BEP 48). */
export function writeScrape(rows: readonly ScrapeRow[]): Uint8Array {
  const files = rows.map(({ infoHash, seeds, leechers, completed }): [string, Encodable] => [
    infoHash,
    new Map([
      ['complete', seeds],
      ['downloaded', completed],
      ['incomplete', leechers],
    ]),
  ])
  return encode(new Map([['files', new Map(files)]]))
}

/** The bencoded form of a refusal (BEP 3, "failure reason"). */
export function writeFailure(reason: string): Uint8Array {
  return encode(new Map([['failure reason', reason]]))
}

/** The last part of a request path: trackers are often put below another path, or a key. */
export function operation(path: string): 'announce' | 'scrape' | undefined {
  const last = path.slice(path.lastIndexOf('/') + 1)
  return last === 'announce' || last === 'scrape' ? last : undefined
}
