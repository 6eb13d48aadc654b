import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type PlayedTracker, trackerConformance, type TrackerReply } from '@bitloom/conformance'
import { encode, writeCompact } from '@bitloom/core'
import { describe, it } from 'vitest'
import { httpTracker } from '../src/http-tracker.js'
import { raw, resolverOf } from './fakes.js'

trackerConformance(
  { describe, it },
  {
    title: 'TrackerClient http',
    client: (clock) => httpTracker({ resolver: resolverOf(), clock, environment: {} }, {}),
    serve,
  },
)

/** What the suite's tracker says, over HTTP. */
async function serve(tracker: PlayedTracker) {
  const server = createServer((request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?')
    const bytes = path.endsWith('/scrape') ? scrape(tracker, query) : announce(tracker, query)
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
    infoHash: raw(valuesOf(query, 'info_hash')[0] ?? ''),
    peerId: raw(valuesOf(query, 'peer_id')[0] ?? ''),
    event: event === 'started' || event === 'completed' || event === 'stopped' ? event : undefined,
    port: number('port'),
    uploaded: number('uploaded'),
    downloaded: number('downloaded'),
    left: number('left'),
    numWant: number('numwant'),
  })
  return bytesOf(reply)
}

function bytesOf(reply: TrackerReply): Uint8Array | undefined {
  if (reply.kind === 'silence') return undefined
  if (reply.kind === 'garbage') return reply.bytes
  if (reply.kind === 'failure') return encode(new Map([['failure reason', reply.reason]]))
  const { peers, intervalMs, seeders, leechers } = reply
  return encode(
    new Map<string, number | Uint8Array>([
      ['complete', seeders],
      ['incomplete', leechers],
      ['interval', intervalMs / 1_000],
      ['peers', Uint8Array.from(peers.flatMap((peer) => [...writeCompact(peer)]))],
    ]),
  )
}

function scrape(tracker: PlayedTracker, query: string): Uint8Array {
  const answers = tracker.scrape(valuesOf(query, 'info_hash').map(raw))
  const files = answers.flatMap((answer) => {
    if (answer === undefined) return []
    const { infoHash, seeders, leechers, completed = 0 } = answer
    const counts = new Map([
      ['complete', seeders],
      ['downloaded', completed],
      ['incomplete', leechers],
    ])
    return [[String.fromCharCode(...infoHash), counts] as const]
  })
  return encode(new Map([['files', new Map(files)]]))
}

/** Values of a query, one character per byte. */
function valuesOf(query: string, name: string): string[] {
  const pairs = query.split('&').map((pair) => pair.split('='))
  return pairs.filter(([key]) => key === name).map(([, value = '']) => unescape(value))
}

function unescape(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
