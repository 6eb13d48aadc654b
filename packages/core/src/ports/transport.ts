import type { Endpoint, IpEndpoint } from './endpoint.js'
import { token } from './token.js'

/**
 * The seam below the handshake: a byte stream to one peer. TCP is one; uTP, an encrypting wrapper or a web seed can be.
 * No events fire before the first sink is set, and none after `close()`.
 */
export interface Connection {
  readonly remote: Endpoint
  /** The transport's first scheme ("tcp"), for display. */
  readonly transport: string
  /** The peer answers whole pieces only (a web seed): exempt from slots and idle timeouts. */
  readonly wholePieces?: boolean
  /**
   * Sends bytes in order. They are the connection's until `done`, which is called once: sent, or dropped by a close.
   * `false` = above the high-water mark, wait for `onDrain`.
   */
  write(bytes: Uint8Array, done: () => void): boolean
  /** The view (`length` bytes from offset 0) is dead after the call; a wrapper may change it in place. */
  onBytes(sink: (bytes: Uint8Array, length: number) => void): void
  onDrain(sink: () => void): void
  /** Called once when the remote or the system ends it, never for our own `close()`. */
  onClose(sink: (error?: Error) => void): void
  /** Stops reading. */
  pause(): void
  resume(): void
  /** Ends it at once. Idempotent. */
  close(): void
}

/** One way to reach peers. Chosen by the endpoint: ip endpoints by "tcp" (later others), url endpoints by their scheme. */
export interface Transport {
  readonly schemes: readonly string[]
  /** Rejects when the peer cannot be reached or the signal aborts. */
  dial(to: Endpoint, signal: AbortSignal): Promise<Connection>
  /**
   * Listens at one address; port 0 = any free one. Answers the real address and how to stop.
   * @throws BitloomError ADDRESS_IN_USE, naming the address
   */
  listen?(at: IpEndpoint, accept: (connection: Connection) => void): Promise<Listening>
}

export interface Listening {
  readonly at: IpEndpoint
  close(): Promise<void>
}
export const Transport = token<Transport>('Transport')
