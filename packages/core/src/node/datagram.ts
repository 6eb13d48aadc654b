import { createSocket } from 'node:dgram'
import { BitloomError } from '../bytes/errors.js'
import type { Datagram, DatagramSocket } from '../ports/datagram.js'
import { formatEndpoint, ipEndpoint, type IpEndpoint } from '../ports/endpoint.js'

/** UDP on `node:dgram`. An IPv6 socket is IPv6 only. */
export function systemDatagram(): Datagram {
  return { open }
}

function open(at: IpEndpoint): Promise<DatagramSocket> {
  const isIpv6 = at.host.includes(':')
  const socket = createSocket({ type: isIpv6 ? 'udp6' : 'udp4', ipv6Only: isIpv6 })
  return new Promise((resolve, reject) => {
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE'
      const message = isTaken
        ? `${formatEndpoint(at)} is in use`
        : `cannot open UDP at ${formatEndpoint(at)}: ${error.message}`
      reject(new BitloomError(isTaken ? 'ADDRESS_IN_USE' : 'IO', message, { cause: error }))
    })
    socket.bind({ port: at.port, address: at.host, exclusive: true }, () => {
      socket.removeAllListeners('error')
      resolve(wrap(socket))
    })
  })
}

function wrap(socket: ReturnType<typeof createSocket>): DatagramSocket {
  const { address, port } = socket.address()
  let closing: Promise<void> | undefined
  let onError = (_error: Error): void => {}
  socket.on('error', (error) => onError(error))
  return {
    at: ipEndpoint(address, port) ?? { kind: 'ip', host: address, port },
    send: (bytes, to) => {
      if (closing === undefined)
        socket.send(bytes.slice(), to.port, to.host, (error) => error !== null && onError(error))
    },
    onMessage: (sink) => {
      socket.on('message', (message, from) => {
        const sender = ipEndpoint(from.address.split('%', 1)[0] ?? '', from.port)
        if (sender !== undefined && closing === undefined) sink(message, sender)
      })
    },
    onError: (sink) => {
      onError = sink
    },
    close: () => {
      closing ??= new Promise((resolve) => socket.close(() => resolve()))
      return closing
    },
  }
}
