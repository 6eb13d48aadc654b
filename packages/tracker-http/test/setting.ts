import type { RequestListener } from 'node:http'
import { afterEach } from 'vitest'
import type { AnnounceRequest } from '@bitloom/core'
import { type HttpTracker, httpTracker } from '../src/http-tracker.js'
import type { TrackerHttpOptions } from '../src/options.js'
import type { Environment } from '../src/proxy.js'
import { clock, identity, request, resolverOf } from './fakes.js'

const open: HttpTracker[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((tracker) => tracker.close()))
})

/** Closes it after the test. */
export function manage(tracker: HttpTracker): void {
  open.push(tracker)
}

/** A tracker client that knows these names only. */
export function make(
  options: TrackerHttpOptions = {},
  names: Readonly<Record<string, readonly string[]>> = {},
  environment: Environment = {},
): HttpTracker {
  const tracker = httpTracker({ resolver: resolverOf(names), clock, environment }, options)
  manage(tracker)
  return tracker
}

const forever = new AbortController().signal
/** Announces once. */
export const ask = (tracker: HttpTracker, url: string, changes: Partial<AnnounceRequest> = {}, signal = forever) =>
  tracker.announce({ ...request, ...changes, url }, identity, signal)

/** A server that always says this. */
export const answering =
  (body: string | Uint8Array, status = 200, headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    response.writeHead(status, headers).end(body)
/** An answer with `onePeer`. */
export const plain = 'd8:intervali900e5:peers6:\u0001\u0002\u0003\u0004\u0000\u0005e'
export const onePeer = [{ kind: 'ip', host: '1.2.3.4', port: 5 }]
