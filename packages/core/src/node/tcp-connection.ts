import type { Socket } from 'node:net'
import { BitloomError } from '../bytes/errors.js'
import { formatEndpoint, type IpEndpoint } from '../ports/endpoint.js'
import type { Connection } from '../ports/transport.js'

/** Bytes handed to the socket and not yet sent, from which on `write` answers false; half of it drains. */
const highWaterBytes = 1_048_576

/**
 * A TCP socket as a `Connection`. It reads nothing before it has a sink for bytes, and nothing fires after `close` except
 * the `done` of writes, which each come exactly once.
 */
export class TcpConnection implements Connection {
  readonly remote: IpEndpoint
  readonly transport = 'tcp'
  #socket: Socket | undefined
  #bytesSink: ((bytes: Uint8Array, length: number) => void) | undefined
  #drainSink: (() => void) | undefined
  #closeSink: ((error?: Error) => void) | undefined
  #endedWith: { readonly error: Error | undefined } | undefined
  #isClosed = false
  #isPaused = false
  #unsentBytes = 0
  #isFull = false

  constructor(remote: IpEndpoint) {
    this.remote = remote
  }

  /** The option that makes a socket read into one shared buffer. */
  onread(shared: Uint8Array): { buffer: Uint8Array; callback: (length: number, buffer: Uint8Array) => boolean } {
    return {
      buffer: shared,
      callback: (length, buffer) => {
        this.deliver(buffer, length)
        return true
      },
    }
  }

  /** Binds the connected socket, which stays paused until there is a sink for its bytes. */
  attach(socket: Socket): this {
    this.#socket = socket
    socket.pause()
    socket.setNoDelay(true)
    let fault: Error | undefined
    socket.on('error', (error) => {
      fault = error
    })
    // A peer that ends its half has nothing more to say to us.
    socket.on('end', () => socket.destroy())
    socket.on('close', () => this.#ended(fault))
    return this
  }

  deliver(bytes: Uint8Array, length: number): void {
    if (!this.#isClosed) this.#bytesSink?.(bytes, length)
  }

  #ended(cause: Error | undefined): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const message = `the connection to ${formatEndpoint(this.remote)} failed: ${cause?.message ?? ''}`
    const error = cause === undefined ? undefined : new BitloomError('IO', message, { cause })
    if (this.#closeSink === undefined) this.#endedWith = { error }
    else this.#closeSink(error)
  }

  write(bytes: Uint8Array, done: () => void): boolean {
    if (this.#isClosed || this.#socket === undefined) {
      queueMicrotask(done)
      return false
    }
    const { length } = bytes
    this.#unsentBytes += length
    this.#socket.write(bytes, () => {
      this.#unsentBytes -= length
      done()
      this.#drained()
    })
    if (this.#unsentBytes >= highWaterBytes) this.#isFull = true
    return !this.#isFull
  }

  #drained(): void {
    if (!this.#isFull || this.#isClosed || this.#unsentBytes > highWaterBytes / 2) return
    this.#isFull = false
    this.#drainSink?.()
  }

  onBytes(sink: (bytes: Uint8Array, length: number) => void): void {
    const isFirst = this.#bytesSink === undefined
    this.#bytesSink = sink
    if (isFirst && !this.#isPaused && !this.#isClosed) this.#socket?.resume()
  }

  onDrain(sink: () => void): void {
    this.#drainSink = sink
  }

  onClose(sink: (error?: Error) => void): void {
    this.#closeSink = sink
    const ended = this.#endedWith
    this.#endedWith = undefined
    if (ended !== undefined) queueMicrotask(() => this.#closeSink?.(ended.error))
  }

  pause(): void {
    this.#isPaused = true
    this.#socket?.pause()
  }

  resume(): void {
    this.#isPaused = false
    if (this.#bytesSink !== undefined && !this.#isClosed) this.#socket?.resume()
  }

  close(): void {
    this.#isClosed = true
    this.#closeSink = undefined
    this.#socket?.destroy()
  }
}
