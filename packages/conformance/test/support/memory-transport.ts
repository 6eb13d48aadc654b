import {
  BitloomError,
  type Connection,
  formatEndpoint,
  type IpEndpoint,
  type Listening,
  type Transport,
} from '@bitloom/core'

const highWaterBytes = 1_000_000
const chunkBytes = 10_000

/** Peers in one process: the reference that keeps every guarantee of a transport. Faults are planted by `change`. */
export function memoryTransport(change: (end: End) => Partial<Connection> = () => ({})): Transport {
  const listeners = new Map<string, (connection: Connection) => void>()
  let nextPort = 5_000
  const connect = (to: IpEndpoint, accept: (connection: Connection) => void): Connection => {
    const [near, far] = [new End(to), new End({ kind: 'ip', host: '127.0.0.1', port: ++nextPort })]
    near.other = far
    far.other = near
    for (const end of [near, far]) Object.assign(end, change(end))
    setImmediate(() => accept(far))
    return near
  }
  return {
    schemes: ['memory'],
    dial: async (to, signal) => {
      await Promise.resolve()
      signal.throwIfAborted()
      const accept = listeners.get(formatEndpoint(to))
      if (accept === undefined || to.kind !== 'ip') throw new BitloomError('IO', 'nobody listens')
      return connect(to, accept)
    },
    listen: async (at, accept): Promise<Listening> => {
      const real = { ...at, port: at.port === 0 ? ++nextPort : at.port }
      const key = formatEndpoint(real)
      if (listeners.has(key)) throw new BitloomError('ADDRESS_IN_USE', `${key} is in use`)
      listeners.set(key, accept)
      return { at: real, close: async () => void listeners.delete(key) }
    },
  }
}

interface Sent {
  readonly bytes: Uint8Array
  at: number
  done(): void
}

export class End implements Connection {
  readonly transport = 'memory'
  readonly remote: IpEndpoint
  other: End | undefined
  queue: Sent[] = []
  unsentBytes = 0
  isFull = false
  isPaused = false
  isClosed = false
  hasEnded = false
  bytesSink: ((bytes: Uint8Array, length: number) => void) | undefined
  drainSink: (() => void) | undefined
  closeSink: ((error?: Error) => void) | undefined

  constructor(remote: IpEndpoint) {
    this.remote = remote
  }

  write(bytes: Uint8Array, done: () => void): boolean {
    if (this.isClosed) {
      setImmediate(done)
      return false
    }
    this.queue.push({ bytes, at: 0, done })
    this.unsentBytes += bytes.length
    this.other?.pump()
    if (this.unsentBytes >= highWaterBytes) this.isFull = true
    return !this.isFull
  }

  /** Takes what the other end has written, a chunk a turn. */
  pump(): void {
    setImmediate(() => {
      const { other } = this
      const [sent] = other?.queue ?? []
      if (other === undefined || sent === undefined || this.bytesSink === undefined || this.isPaused || this.isClosed)
        return
      const part = sent.bytes.slice(sent.at, sent.at + chunkBytes)
      sent.at += part.length
      other.unsentBytes -= part.length
      if (sent.at >= sent.bytes.length) {
        other.queue.shift()
        sent.done()
      }
      this.bytesSink(part, part.length)
      if (other.isFull && other.unsentBytes <= highWaterBytes / 2) {
        other.isFull = false
        if (!other.isClosed) other.drainSink?.()
      }
      this.pump()
    })
  }

  onBytes(sink: (bytes: Uint8Array, length: number) => void): void {
    this.bytesSink = sink
    this.pump()
  }

  onDrain(sink: () => void): void {
    this.drainSink = sink
  }

  onClose(sink: (error?: Error) => void): void {
    this.closeSink = sink
    if (this.hasEnded) setImmediate(() => sink())
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
    this.pump()
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    const { other } = this
    for (const { done } of this.queue.splice(0)) setImmediate(done)
    setImmediate(() => {
      if (other === undefined || other.isClosed) return
      other.isClosed = true
      other.hasEnded = true
      for (const { done } of other.queue.splice(0)) setImmediate(done)
      other.closeSink?.()
    })
  }
}
