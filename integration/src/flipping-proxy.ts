import { connect, createServer } from 'node:net'
import type { IpEndpoint } from '@bitloom/core'

export interface FlippingProxy {
  /** Dial this instead of the peer. */
  readonly at: IpEndpoint
  /** Bytes so far that were changed on their way to whoever dialled. */
  readonly flipped: number
  close(): Promise<void>
}

/**
 * Stands at `host` between peers, and changes one byte of every `everyBytes` that `target` sends, counted over all
 * connections; the first is in the middle.
 */
export async function openFlippingProxy(host: string, target: IpEndpoint, everyBytes: number): Promise<FlippingProxy> {
  let [flipped, untilNext] = [0, everyBytes >> 1]
  const flip = (bytes: Buffer): Buffer => {
    let at = untilNext
    for (; at < bytes.length; at += everyBytes) {
      bytes[at] = (bytes[at] ?? 0) ^ 0xff
      flipped++
    }
    untilNext = at - bytes.length
    return bytes
  }
  const server = createServer((client) => {
    const peer = connect(target.port, target.host)
    client.pipe(peer)
    peer.on('data', (bytes) => {
      if (!client.write(flip(bytes))) peer.pause()
    })
    client.on('drain', () => peer.resume())
    for (const socket of [client, peer]) {
      socket.on('error', () => {})
      socket.on('close', () => {
        client.destroy()
        peer.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    at: { kind: 'ip', host, port },
    get flipped() {
      return flipped
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
