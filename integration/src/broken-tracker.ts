import { createSocket } from 'node:dgram'
import { createServer, type ServerResponse } from 'node:http'
import type { IpEndpoint } from '@bitloom/core'

/** What a tracker does with what it is asked. */
export type Trouble = 'refuses' | 'says 500' | 'hangs' | 'answers HTML' | 'answers garbage' | 'answers'

/** A tracker of one peer, on a port of its own, that can be in trouble. */
export interface BrokenTracker {
  readonly url: string
  /** Requests that reached it. */
  readonly asked: number
  be(trouble: Trouble): Promise<void>
  close(): Promise<void>
}

const html = Buffer.from('<!DOCTYPE html><html><title>Welcome</title><body>It works!</body></html>')
const garbage = Buffer.from(Array.from({ length: 400 }, (_, index) => (index * 7 + 129) % 256))

function compact({ host, port }: IpEndpoint): Buffer {
  return Buffer.from([...host.split('.').map(Number), port >> 8, port & 255])
}

/** BEP 3 and 23. */
export async function brokenHttpTracker(peer: IpEndpoint): Promise<BrokenTracker> {
  let [trouble, asked]: [Trouble, number] = ['answers', 0]
  const hanging = new Set<ServerResponse>()
  const answer = Buffer.concat([Buffer.from('d8:intervali1800e5:peers6:'), compact(peer), Buffer.from('e')])
  const server = createServer((_request, response) => {
    asked++
    if (trouble === 'hangs') hanging.add(response)
    else if (trouble === 'says 500') response.writeHead(500).end('overloaded')
    else if (trouble === 'answers HTML') response.writeHead(200, { 'content-type': 'text/html' }).end(html)
    else response.end(trouble === 'answers garbage' ? garbage : answer)
  })
  const listen = (port: number): Promise<void> =>
    new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve()))
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  await listen(0)
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}/announce`,
    get asked() {
      return asked
    },
    be: async (next) => {
      if (next === 'refuses') await stop()
      else if (trouble === 'refuses') await listen(port)
      trouble = next
    },
    close: async () => {
      if (trouble !== 'refuses') await stop()
    },
  }
}

/** BEP 15. What says 500 over HTTP is an error packet here. */
export async function brokenUdpTracker(peer: IpEndpoint): Promise<BrokenTracker> {
  let [trouble, asked]: [Trouble, number] = ['answers', 0]
  const open = (port: number): Promise<ReturnType<typeof createSocket>> =>
    new Promise((resolve) => {
      const socket = createSocket('udp4')
      socket.on('message', (bytes, from) => {
        asked++
        const reply = replyTo(bytes)
        if (reply !== undefined) socket.send(reply, from.port, from.address)
      })
      socket.bind(port, '127.0.0.1', () => resolve(socket))
    })
  const replyTo = (bytes: Buffer): Buffer | undefined => {
    if (trouble === 'hangs') return undefined
    if (trouble === 'answers HTML') return html
    if (trouble === 'answers garbage') return garbage
    const action = trouble === 'says 500' ? 3 : bytes.readUInt32BE(8)
    const head = Buffer.alloc(8)
    head.writeUInt32BE(action)
    bytes.copy(head, 4, 12, 16)
    if (action === 3) return Buffer.concat([head, Buffer.from('overloaded')])
    if (action === 0) return Buffer.concat([head, Buffer.alloc(8, 7)])
    const counts = Buffer.alloc(12)
    counts.writeUInt32BE(1_800)
    return Buffer.concat([head, counts, compact(peer)])
  }
  let socket = await open(0)
  const { port } = socket.address()
  const stop = (): Promise<void> => new Promise((resolve) => void socket.close(() => resolve()))
  return {
    url: `udp://127.0.0.1:${port}/announce`,
    get asked() {
      return asked
    },
    be: async (next) => {
      if (next === 'refuses') await stop()
      else if (trouble === 'refuses') socket = await open(port)
      trouble = next
    },
    close: async () => {
      if (trouble !== 'refuses') await stop()
    },
  }
}
