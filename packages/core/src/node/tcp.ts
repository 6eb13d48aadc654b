import { createServer, Socket } from 'node:net'
import { BitloomError } from '../bytes/errors.js'
import { type Endpoint, formatEndpoint, ipEndpoint, type IpEndpoint } from '../ports/endpoint.js'
import type { Connection, Listening, Transport } from '../ports/transport.js'
import { addressError } from './address-error.js'
import { TcpConnection } from './tcp-connection.js'

/** Larger buffers were measured slower. */
const receiveBytes = 65_536

export interface TcpOptions {
  /**
   * Move the handles of accepted sockets to sockets that read into the shared buffer (default). Where Node has no such
   * handle, or with `false`, accepted sockets read by 'data' events: the same behaviour at three times the CPU.
   */
  readonly takeHandles?: boolean
}

/**
 * TCP over IPv4 and IPv6, an IPv6 listener being IPv6 only. All sockets of one transport read into one shared buffer,
 * whose view dies with each call. `dial` rejects with BitloomError IO naming the address, or with the signal's reason;
 * `listen` also with DENIED or IO.
 */
export function tcpTransport(options: TcpOptions = {}): Transport {
  const shared = new Uint8Array(receiveBytes)
  const takesHandles = options.takeHandles ?? true
  return {
    schemes: ['tcp'],
    dial: (to, signal) => dial(to, signal, shared),
    listen: (at, accept) => listen(at, (socket) => adopt(socket, takesHandles ? shared : undefined, accept)),
  }
}

async function dial(to: Endpoint, signal: AbortSignal, shared: Uint8Array): Promise<Connection> {
  if (to.kind !== 'ip') throw new BitloomError('INVALID_ARGUMENT', `TCP cannot dial ${to.url}`)
  signal.throwIfAborted()
  const connection = new TcpConnection(to)
  const socket = socketWith({ onread: connection.onread(shared) })
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      socket.destroy()
      reject(signal.reason)
    }
    const fail = (cause: Error): void => {
      signal.removeEventListener('abort', stop)
      reject(new BitloomError('IO', `cannot connect to ${formatEndpoint(to)}: ${cause.message}`, { cause }))
    }
    signal.addEventListener('abort', stop, { once: true })
    socket.once('error', fail)
    try {
      socket.connect(to.port, to.host, () => {
        signal.removeEventListener('abort', stop)
        socket.removeListener('error', fail)
        resolve(connection.attach(socket))
      })
    } catch (error) {
      fail(error as Error)
    }
  })
}

function listen(at: IpEndpoint, accept: (socket: Socket) => void): Promise<Listening> {
  const server = createServer({ pauseOnConnect: true, noDelay: true })
  server.on('connection', accept)
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(addressError(error, formatEndpoint(at))))
    server.listen({ port: at.port, host: at.host, ipv6Only: at.host.includes(':') }, () => {
      // From here on: an `accept` that failed, as for want of descriptors. The listener goes on.
      server.on('error', () => {})
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : at.port
      resolve({ at: { ...at, port }, close: () => stopListening(server) })
    })
  })
}

/** The address is free at once; accepted connections go on and belong to whoever accepted them. */
function stopListening(server: ReturnType<typeof createServer>): Promise<void> {
  server.close()
  return new Promise((resolve) => setImmediate(resolve))
}

/**
 * `createServer` does not pass `onread` on, so the accepted handle moves to a socket that has it: half the memory and a
 * third of the CPU of 'data' events. `_handle` is not documented by Node, hence the look before and the way without.
 */
function adopt(accepted: Socket, shared: Uint8Array | undefined, accept: (connection: Connection) => void): void {
  const remote = ipEndpoint((accepted.remoteAddress ?? '').split('%', 1)[0] ?? '', accepted.remotePort ?? 0)
  if (remote === undefined) {
    // It is gone already.
    accepted.destroy()
    return
  }
  const connection = new TcpConnection(remote)
  const holder = accepted as unknown as { _handle: unknown }
  const handle = holder._handle
  if (shared === undefined || typeof handle !== 'object' || handle === null || !('useUserBuffer' in handle)) {
    accepted.on('data', (bytes: Uint8Array) => connection.deliver(bytes, bytes.length))
    accept(connection.attach(accepted))
    return
  }
  const socket = socketWith({ handle, onread: connection.onread(shared), pauseOnCreate: true })
  // Emptied, it still has to be destroyed: the server counts it.
  holder._handle = null
  accepted.destroy()
  accept(connection.attach(socket))
}

/** Node takes a handle, and `onread` without `connect`, but its types do not say so. */
function socketWith(options: object): Socket {
  return new Socket(options as ConstructorParameters<typeof Socket>[0])
}
