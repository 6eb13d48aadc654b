import type { IpEndpoint } from './endpoint.js'
import { token } from './token.js'

/** A UDP socket of one family. */
export interface DatagramSocket {
  /** The bound address. */
  readonly at: IpEndpoint
  /** Sends one datagram. The bytes are copied before the call returns. Errors go to `onError` or nowhere: datagrams may be lost. */
  send(bytes: Uint8Array, to: IpEndpoint): void
  /** The view is dead after the call. */
  onMessage(sink: (bytes: Uint8Array, from: IpEndpoint) => void): void
  /** An ICMP refusal or a socket error, where the system reports one. */
  onError(sink: (error: Error) => void): void
  close(): Promise<void>
}

/** Opens UDP sockets. */
export interface Datagram {
  /** @throws BitloomError ADDRESS_IN_USE naming the address; host "0.0.0.0" or "::", port 0 = any */
  open(at: IpEndpoint): Promise<DatagramSocket>
}
export const Datagram = token<Datagram>('Datagram')
