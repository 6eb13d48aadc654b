import type { Connection, Endpoint, IpEndpoint, Listening, Transport } from '@bitloom/core'
import { broken, expectThat } from '../kit/expect.js'
import { turns, until } from '../kit/settle.js'

/** Both ends of one connection. */
export interface ConnectedPair {
  /** The end that dialled. */
  readonly near: Connection
  readonly far: Connection
}

export interface TransportBenchOptions {
  readonly transport: Transport | (() => Transport)
  readonly listenAt?: IpEndpoint
  pair?(): Promise<ConnectedPair>
  advance?(): Promise<void> | void
}

export const never: AbortSignal = new AbortController().signal

/** One transport with what was opened by it, which is closed after the test. */
export class TransportBench {
  readonly transport: Transport
  readonly #options: TransportBenchOptions
  readonly #opened: { close(): unknown }[] = []

  constructor(options: TransportBenchOptions) {
    this.#options = options
    this.transport = typeof options.transport === 'function' ? options.transport() : options.transport
  }

  /** A little time goes by in the transport's world. */
  readonly advance = async (): Promise<void> => {
    await this.#options.advance?.()
    await turns(2)
  }

  /** Long enough for whatever is under way to arrive. */
  async calm(): Promise<void> {
    for (let time = 0; time < 30; time++) await this.advance()
  }

  until(holds: () => boolean, what: string): Promise<void> {
    return until(holds, what, this.advance)
  }

  /** How a promise settles while time goes by. */
  async settled<T>(promise: Promise<T>, what: string): Promise<{ readonly value?: T; readonly error?: unknown }> {
    let result: { readonly value?: T; readonly error?: unknown } | undefined
    promise.then(
      (value) => (result = { value }),
      (error: unknown) => (result = { error: error ?? new Error('rejected with nothing') }),
    )
    await this.until(() => result !== undefined, what)
    return result ?? {}
  }

  async resolved<T>(promise: Promise<T>, what: string): Promise<T> {
    const { value, error } = await this.settled(promise, what)
    if (error !== undefined) broken(`${what} rejected with ${String(error)}`, error)
    return value as T
  }

  async rejected(promise: Promise<Connection | Listening>, what: string): Promise<unknown> {
    const { value, error } = await this.settled(promise, what)
    if (value !== undefined) await value.close()
    return error ?? broken(`${what} resolved, expected a rejection`)
  }

  /** Listens; connections go to `accept`, and are closed after the test. */
  async listen(accept: (connection: Connection) => void = () => {}, at = this.listenAt): Promise<Listening> {
    const keep = (connection: Connection): void => {
      this.#opened.push(connection)
      accept(connection)
    }
    const call = this.transport.listen?.(at, keep) ?? broken('it cannot listen: the suite needs the option "pair"')
    const listening = await this.resolved(call, 'listen')
    this.#opened.push(listening)
    return listening
  }

  get listenAt(): IpEndpoint {
    return this.#options.listenAt ?? { kind: 'ip', host: '127.0.0.1', port: 0 }
  }

  async dial(to: Endpoint, signal: AbortSignal = never): Promise<Connection> {
    const connection = await this.resolved(this.transport.dial(to, signal), 'dial')
    this.#opened.push(connection)
    return connection
  }

  async pair(): Promise<ConnectedPair> {
    if (this.#options.pair !== undefined) {
      const pair = await this.resolved(this.#options.pair(), 'pair')
      this.#opened.push(pair.near, pair.far)
      return pair
    }
    let far: Connection | undefined
    const { at } = await this.listen((connection) => (far = connection))
    const near = await this.dial(at)
    await this.until(() => far !== undefined, 'the accepted end of a connection')
    return { near, far: far ?? broken('a connection was not accepted') }
  }

  async close(): Promise<void> {
    for (const opened of this.#opened.splice(0).reverse()) await opened.close()
    await this.calm()
  }
}

/** What one end hears, from the first on. */
export class Ear {
  readonly #parts: Uint8Array[] = []
  received = 0
  calls = 0
  closes = 0
  drains = 0

  constructor(connection: Connection, onBytes: () => void = () => {}) {
    connection.onDrain(() => this.drains++)
    connection.onClose(() => this.closes++)
    connection.onBytes((bytes, length) => {
      expectThat(length <= bytes.length && length > 0, `a sink got ${length} bytes in a view of ${bytes.length}`)
      this.calls++
      this.received += length
      // Not `slice`: that of a Buffer is a view.
      this.#parts.push(new Uint8Array(bytes.subarray(0, length)))
      // A sink may do with the view what it likes: it is dead after the call.
      bytes.fill(0xee, 0, length)
      onBytes()
    })
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.received)
    let at = 0
    for (const part of this.#parts) {
      all.set(part, at)
      at += part.length
    }
    return all
  }
}
