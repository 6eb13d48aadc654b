import type { Socket } from 'node:net'
import type { IpEndpoint } from '../ports/endpoint.js'
import type { Connection } from '../ports/transport.js'

/** Bytes handed to the socket and not yet sent, above which `write` answers false. */
const highWaterBytes = 1_048_576

/** A TCP socket as a `Connection`. Nothing fires before its sink is set, nor after `close`. */
export class TcpConnection implements Connection {
  readonly remote: IpEndpoint
  readonly transport = 'tcp'
  #socket: Socket | undefined
  #bytesSink: ((bytes: Uint8Array, length: number) => void) | undefined
  #drainSink: (() => void) | undefined
  #closeSink: ((error?: Error) => void) | undefined
  #endedWith: { error?: Error } | undefined
  #isClosed = false
  #isPaused = true

  constructor(remote: IpEndpoint) {
    this.remote = remote
  }

  /** The option that makes a socket read into one shared buffer. */
  onread(shared: Uint8Array): { buffer: Uint8Array; callback: (length: number, buffer: Uint8Array) => boolean } {
    return {
      buffer: shared,
      callback: (length, buffer) => {
        this.deliver(buffer, length)
        return !this.#isPaused
      },
    }
  }

  attach(socket: Socket): this {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    let fault: Error | undefined
    socket.on('error', (error) => {
      fault = error
    })
    socket.on('end', () => socket.destroy())
    socket.on('close', () => this.#ended(fault))
    socket.on('drain', () => {
      if (!this.#isClosed) this.#drainSink?.()
    })
    socket.pause()
    return this
  }

  deliver(bytes: Uint8Array, length: number): void {
    if (!this.#isClosed) this.#bytesSink?.(bytes, length)
  }

  #ended(error: Error | undefined): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#endedWith = error === undefined ? {} : { error }
    this.#closeSink?.(error)
  }

  write(bytes: Uint8Array, done: () => void): boolean {
    if (this.#isClosed || this.#socket === undefined) {
      queueMicrotask(done)
      return false
    }
    this.#socket.write(bytes, () => done())
    return this.#socket.writableLength < highWaterBytes
  }

  onBytes(sink: (bytes: Uint8Array, length: number) => void): void {
    this.#bytesSink = sink
    this.resume()
  }

  onDrain(sink: () => void): void {
    this.#drainSink = sink
  }

  onClose(sink: (error?: Error) => void): void {
    this.#closeSink = sink
    const ended = this.#endedWith
    if (ended !== undefined) queueMicrotask(() => this.#closeSink === sink && sink(ended.error))
  }

  pause(): void {
    this.#isPaused = true
    this.#socket?.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#socket?.resume()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#socket?.destroySoon()
    const socket = this.#socket
    // What is queued may leave, but nobody waits for a peer that does not read.
    const timer = setTimeout(() => socket?.destroy(), 500)
    timer.unref()
    socket?.once('close', () => clearTimeout(timer))
  }
}
