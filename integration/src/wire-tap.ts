import { createServer, connect } from 'node:net'
import { HandshakeReader, type IpEndpoint, MessageDecoder, type Wire } from '@bitloom/core'

/** One request message, as it went over the wire. */
export interface SeenRequest {
  readonly piece: number
  readonly begin: number
  readonly lengthBytes: number
}

export interface WireTap {
  /** Dial this instead of the peer. */
  readonly at: IpEndpoint
  /** What those who dialled asked for, in order. */
  readonly requests: readonly SeenRequest[]
  close(): Promise<void>
}

/** Stands between peers: passes all bytes on to `target` and reads what the dialling side says. */
export async function openWireTap(target: IpEndpoint): Promise<WireTap> {
  const requests: SeenRequest[] = []
  const server = createServer((client) => {
    const peer = connect(target.port, target.host)
    const read = requestReader((request) => requests.push(request))
    client.on('data', read)
    client.pipe(peer).pipe(client)
    for (const socket of [client, peer]) {
      socket.on('error', () => {})
      socket.on('close', () => {
        client.destroy()
        peer.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, target.host, resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    at: { ...target, port },
    requests,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** Takes the bytes of one side of a connection, from its handshake on. */
function requestReader(seen: (request: SeenRequest) => void): (bytes: Uint8Array) => void {
  const ignore = (): void => {}
  const sink: Wire = {
    choke: ignore,
    interested: ignore,
    have: ignore,
    bitfield: ignore,
    haveAll: ignore,
    haveNone: ignore,
    request: (piece, begin, lengthBytes) => seen({ piece, begin, lengthBytes }),
    cancel: ignore,
    reject: ignore,
    suggest: ignore,
    allowFast: ignore,
    extended: ignore,
    other: ignore,
    blockStart: () => undefined,
    blockEnd: ignore,
  }
  const decoder = new MessageDecoder(sink)
  const reader = new HandshakeReader()
  let shaken = false
  return (bytes) => {
    const rest = shaken ? bytes : reader.push(bytes)?.rest
    if (rest === undefined) return
    shaken = true
    decoder.push(rest, rest.length)
  }
}
