import { createSocket, type Socket } from 'node:dgram'
import { BitloomError } from '../bytes/errors.js'
import type { Datagram, DatagramSocket } from '../ports/datagram.js'
import { formatEndpoint, ipEndpoint, type IpEndpoint } from '../ports/endpoint.js'
import { addressError } from './address-error.js'

/** UDP on `node:dgram`. An IPv6 socket is IPv6 only. Besides ADDRESS_IN_USE, `open` rejects with DENIED or IO. */
export function systemDatagram(): Datagram {
  return { open }
}

function open(at: IpEndpoint): Promise<DatagramSocket> {
  const isIpv6 = at.host.includes(':')
  const socket = createSocket({
    type: isIpv6 ? 'udp6' : 'udp4',
    ipv6Only: isIpv6,
    // Hosts are numeric: no thread-pool hop for each datagram.
    lookup: (host, _options, answer) => answer(null, host, isIpv6 ? 6 : 4),
  })
  return new Promise((resolve, reject) => {
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close()
      reject(addressError(error, `UDP ${formatEndpoint(at)}`))
    })
    socket.bind({ port: at.port, address: at.host, exclusive: true }, () => {
      socket.removeAllListeners('error')
      resolve(wrap(socket))
    })
  })
}

function wrap(socket: Socket): DatagramSocket {
  const { address, port } = socket.address()
  let closing: Promise<void> | undefined
  let onMessage = (_bytes: Uint8Array, _from: IpEndpoint): void => {}
  let onError = (_error: Error): void => {}
  const failed = (cause: Error): void => {
    if (closing === undefined) onError(new BitloomError('IO', `UDP: ${cause.message}`, { cause }))
  }
  socket.on('error', failed)
  socket.on('message', (message, from) => {
    const sender = ipEndpoint(from.address.split('%', 1)[0] ?? '', from.port)
    if (sender !== undefined && closing === undefined) onMessage(message, sender)
  })
  return {
    at: ipEndpoint(address, port) ?? { kind: 'ip', host: address, port },
    send: (bytes, to) => {
      if (closing !== undefined) return
      try {
        socket.send(bytes.slice(), to.port, to.host, (error) => error !== null && failed(error))
      } catch (error) {
        failed(error as Error)
      }
    },
    onMessage: (sink) => {
      onMessage = sink
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
