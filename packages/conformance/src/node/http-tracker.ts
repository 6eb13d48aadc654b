import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PlayedTracker, ServedTracker, TrackerReply } from '../tracker/played.js'
import { compact } from './compact.js'

/** Serves what the suite's tracker says over HTTP at `/announce` and `/scrape` (BEP 3, 23, 48). */
export async function serveHttpTracker(tracker: PlayedTracker): Promise<ServedTracker> {
  const server = createServer((request, response) => {
    const [path, query = ''] = (request.url ?? '').split('?')
    if (path !== '/announce' && path !== '/scrape') return void response.writeHead(404).end()
    const bytes = path === '/scrape' ? scrape(tracker, query) : announce(tracker, query)
    if (bytes !== undefined) response.end(bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): Promise<void> => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(() => resolve()))
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`, close }
}

function announce(tracker: PlayedTracker, query: string): Uint8Array | undefined {
  const number = (name: string): number => Number(valuesOf(query, name)[0])
  const event = valuesOf(query, 'event')[0]
  const reply = tracker.announce({
    infoHash: Buffer.from(valuesOf(query, 'info_hash')[0] ?? '', 'latin1'),
    peerId: Buffer.from(valuesOf(query, 'peer_id')[0] ?? '', 'latin1'),
    event: event === 'started' || event === 'completed' || event === 'stopped' ? event : undefined,
    port: number('port'),
    uploaded: number('uploaded'),
    downloaded: number('downloaded'),
    left: number('left'),
    ...(query.includes('numwant=') ? { numWant: number('numwant') } : {}),
  })
  return bytesOf(reply)
}

function bytesOf(reply: TrackerReply): Uint8Array | undefined {
  if (reply.kind === 'silence') return undefined
  if (reply.kind === 'garbage') return reply.bytes
  if (reply.kind === 'failure') return bencoded({ 'failure reason': Buffer.from(reply.reason) })
  const { peers, intervalMs, seeders, leechers } = reply
  return bencoded({ complete: seeders, incomplete: leechers, interval: intervalMs / 1_000, peers: compact(peers) })
}

function scrape(tracker: PlayedTracker, query: string): Uint8Array {
  const answers = tracker.scrape(valuesOf(query, 'info_hash').map((text) => Buffer.from(text, 'latin1')))
  const files = answers.flatMap((answer) => {
    if (answer === undefined) return []
    const { infoHash, seeders, leechers, completed = 0 } = answer
    return [[latin1(infoHash), { complete: seeders, downloaded: completed, incomplete: leechers }] as const]
  })
  return bencoded({ files: Object.fromEntries(files) })
}

/** Values of a query, one character per byte. */
function valuesOf(query: string, name: string): string[] {
  const pairs = query.split('&').map((pair) => pair.split('='))
  return pairs.filter(([key]) => key === name).map(([, value = '']) => unescape(value))
}

function unescape(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

interface Dictionary {
  /** One character of a key per byte. */
  readonly [key: string]: number | Uint8Array | Dictionary
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

function bencoded(value: Dictionary): Uint8Array {
  return Buffer.from(bencodedText(value), 'latin1')
}

/** BEP 3, "bencoding": keys in the order of their bytes. */
function bencodedText(value: number | Uint8Array | Dictionary): string {
  if (typeof value === 'number') return `i${value}e`
  if (value instanceof Uint8Array) return `${value.length}:${latin1(value)}`
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `d${entries.map(([key, part]) => `${key.length}:${key}${bencodedText(part)}`).join('')}e`
}
