import { createServer, Socket } from 'node:net'
import { BitloomError } from '../bytes/errors.js'
import { type Endpoint, formatEndpoint, ipEndpoint, type IpEndpoint } from '../ports/endpoint.js'
import type { Connection, Listening, Transport } from '../ports/transport.js'
import { TcpConnection } from './tcp-connection.js'

/** Larger buffers were measured slower. */
const receiveBytes = 65_536

/** TCP over IPv4 and IPv6. All sockets of one transport read into one shared buffer, whose view dies with each call. */
export function tcpTransport(): Transport {
  const shared = new Uint8Array(receiveBytes)
  return {
    schemes: ['tcp'],
    dial: (to, signal) => dial(to, signal, shared),
    listen: (at, accept) => listen(at, accept, shared),
  }
}

function dial(to: Endpoint, signal: AbortSignal, shared: Uint8Array): Promise<Connection> {
  if (to.kind !== 'ip') return Promise.reject(new BitloomError('INVALID_ARGUMENT', `TCP cannot dial ${to.url}`))
  return new Promise((resolve, reject) => {
    const connection = new TcpConnection(to)
    const socket = new Socket({ signal, onread: connection.onread(shared) } as ConstructorParameters<typeof Socket>[0])
    const fail = (error: Error): void => {
      socket.destroy()
      reject(new BitloomError('IO', `cannot connect to ${formatEndpoint(to)}: ${error.message}`, { cause: error }))
    }
    socket.once('error', fail)
    socket.connect(to.port, to.host, () => {
      socket.removeListener('error', fail)
      resolve(connection.attach(socket))
    })
  })
}

function listen(at: IpEndpoint, accept: (connection: Connection) => void, shared: Uint8Array): Promise<Listening> {
  const server = createServer({ pauseOnConnect: true, noDelay: true })
  server.on('connection', (accepted: Socket) => {
    const remote = ipEndpoint((accepted.remoteAddress ?? '').split('%', 1)[0] ?? '', accepted.remotePort ?? 0)
    if (remote === undefined) accepted.destroy()
    else accept(adopt(accepted, remote, shared))
  })
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE'
      const message = isTaken
        ? `${formatEndpoint(at)} is in use`
        : `cannot listen at ${formatEndpoint(at)}: ${error.message}`
      reject(new BitloomError(isTaken ? 'ADDRESS_IN_USE' : 'IO', message, { cause: error }))
    })
    server.listen({ port: at.port, host: at.host, ipv6Only: at.host.includes(':') }, () => {
      server.removeAllListeners('error')
      server.on('error', () => {})
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : at.port
      resolve({ at: { ...at, port }, close: () => new Promise((done) => server.close(() => done())) })
    })
  })
}

/**
 * `createServer` does not pass `onread` on, so the accepted handle moves to a socket that has it: half the memory and a
 * third of the CPU of 'data' events. Where the handle cannot be taken, 'data' events serve.
 */
function adopt(accepted: Socket, remote: IpEndpoint, shared: Uint8Array): Connection {
  const connection = new TcpConnection(remote)
  const holder = accepted as unknown as { _handle: unknown }
  const handle = holder._handle
  if (typeof handle !== 'object' || handle === null || !('readStart' in handle)) {
    accepted.on('data', (bytes: Uint8Array) => connection.deliver(bytes, bytes.length))
    return connection.attach(accepted)
  }
  const options = { handle, onread: connection.onread(shared), pauseOnCreate: true, readable: true, writable: true }
  const socket = new Socket(options as ConstructorParameters<typeof Socket>[0])
  holder._handle = null
  accepted.destroy()
  return connection.attach(socket)
}
