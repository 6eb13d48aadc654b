import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  operation,
  parseQuery,
  readAnnounce,
  readScrape,
  writeAnnounce,
  writeFailure,
  writeScrape,
} from './http-protocol.js'
import { boundEndpoint, type Door, sourceHost } from './listening.js'
import type { TrackerService } from './service.js'

/** Bounds of one request; a scrape of 74 torrents takes 5.3 kB. */
const maxUrlLength = 8192
const maxHeaderBytes = 16_384
const maxConnections = 2000

export interface HttpTimes {
  /** A request must be whole within this time. */
  readonly requestMs: number
}

/** An HTTP tracker at one address. Rejects with the system's error when it cannot listen. */
export async function openHttp(service: TrackerService, times: HttpTimes, host: string, port: number): Promise<Door> {
  const server = createServer({
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: times.requestMs,
    requestTimeout: times.requestMs,
    connectionsCheckingInterval: Math.min(1000, times.requestMs),
    keepAlive: false,
  })
  server.maxConnections = maxConnections
  server.setTimeout(times.requestMs * 2, (socket) => socket.destroy())
  server.on('request', (request, response) => {
    try {
      answer(service, request, response)
    } catch (error) {
      service.fault(error, 'http')
      if (!response.headersSent) send(response, 200, writeFailure('the tracker failed'))
    }
  })
  await listen(server, host, port)
  server.on('error', (error) => service.fault(error, 'http'))
  const bound = server.address()
  const at = typeof bound === 'object' && bound !== null ? boundEndpoint(bound.address, bound.port) : undefined
  let closing: Promise<void> | undefined
  return {
    at: at ?? boundEndpoint(host, port),
    close: () => (closing ??= close(server)),
  }
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

function answer(service: TrackerService, request: IncomingMessage, response: ServerResponse): void {
  const url = request.url ?? ''
  const host = sourceHost(request.socket.remoteAddress)
  if (host === undefined) return void request.socket.destroy()
  if (url.length > maxUrlLength) return sendText(response, 414, 'the URL is too long')
  if (request.method !== 'GET' && request.method !== 'HEAD') return sendText(response, 405, 'only GET is served')
  const mark = url.indexOf('?')
  const asked = operation(mark < 0 ? url : url.slice(0, mark))
  if (asked === undefined) return sendText(response, 404, 'this is a BitTorrent tracker: see /announce and /scrape')
  const query = mark < 0 ? '' : url.slice(mark + 1)
  send(response, 200, asked === 'announce' ? announce(service, query, host) : scrape(service, query, host))
}

function announce(service: TrackerService, text: string, host: string): Uint8Array {
  const query = parseQuery(text)
  const read = query === undefined ? malformed : readAnnounce(query, host)
  if (typeof read === 'string') return writeFailure(service.refuse(read, host, 'http').failure)
  const outcome = service.announce(read.announce, 'http')
  if ('failure' in outcome) return writeFailure(outcome.failure)
  const { intervalSeconds, minIntervalSeconds } = service
  return writeAnnounce(outcome, read.form, { intervalSeconds, minIntervalSeconds, host })
}

function scrape(service: TrackerService, text: string, host: string): Uint8Array {
  const query = parseQuery(text)
  const read = query === undefined ? malformed : readScrape(query)
  if (typeof read === 'string') return writeFailure(service.refuse(read, host, 'http').failure)
  return writeScrape(service.scrape(read, host, 'http'))
}

const malformed = 'the query has a malformed percent escape'

function sendText(response: ServerResponse, status: number, text: string): void {
  send(response, status, new TextEncoder().encode(`${text}\n`))
}

/** One answer per connection: announces are rare, and idle connections are not kept for them. */
function send(response: ServerResponse, status: number, body: Uint8Array): void {
  response.writeHead(status, { 'content-type': 'text/plain', 'content-length': body.length, connection: 'close' })
  response.end(body)
}
