import { type IncomingMessage, type RequestListener, type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AnnounceIdentity, AnnounceRequest, Clock, Resolver } from '@bitloom/core'

/** Real time, which these tests need for real sockets. */
export const clock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

/** Knows these names and no other; numeric hosts answer themselves. */
export function resolverOf(names: Readonly<Record<string, readonly string[]>> = {}): Resolver {
  return {
    async resolve(host) {
      if (/^[\d.]+$|:/.test(host)) return [host]
      const addresses = names[host]
      if (addresses === undefined) throw new Error('ENOTFOUND')
      return addresses
    },
  }
}

export const request: AnnounceRequest = {
  url: 'http://tracker.local/announce',
  event: undefined,
  port: 6881,
  numWant: 50,
  uploaded: 1,
  downloaded: 2,
  left: 3,
  params: {},
  headers: {},
}

export const identity: AnnounceIdentity = {
  infoHash: Uint8Array.from({ length: 20 }, (_, index) => index * 13),
  peerId: Uint8Array.from('-BL0100-abcdefghijkl', (character) => character.charCodeAt(0)),
  key: 0xbeef,
  private: false,
}

/** A server on loopback that remembers what it was asked. */
export interface TestServer {
  readonly port: number
  readonly url: string
  readonly seen: readonly IncomingMessage[]
}

/** Runs `use` beside a server; both are gone afterwards. */
export async function withServer<T>(
  listener: RequestListener,
  use: (server: TestServer) => Promise<T>,
  make: (listener: RequestListener) => Server = createServer,
  host = '127.0.0.1',
): Promise<T> {
  const seen: IncomingMessage[] = []
  const server = make((incoming, response) => {
    seen.push(incoming)
    listener(incoming, response)
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const { port } = server.address() as AddressInfo
  try {
    return await use({ port, seen, url: `http://127.0.0.1:${port}` })
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

/** The bytes of a text with one character per byte. */
export function raw(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}
