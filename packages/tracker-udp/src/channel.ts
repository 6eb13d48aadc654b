/**
 * One UDP socket per address family, shared by all requests of a session's trackers. Invariant: a socket is open only
 * while somebody waits for a reply, and `idleMs` longer.
 */
import {
  type Clock,
  type Datagram,
  type DatagramSocket,
  type IpEndpoint,
  type Random,
  TrackerError,
  formatEndpoint,
  ipEndpoint,
} from '@bitloom/core'
import { readHead } from './protocol.js'

/** A request on its way, maybe sent several times. */
export interface Transaction<T> {
  readonly id: number
  /** The first reply that `read` took. Rejects with what `read` threw, or when the socket fails. */
  readonly reply: Promise<T>
  send(packet: Uint8Array): void
  /** Nobody waits any more; call it in any case. Idempotent. */
  end(): void
}

/** Sends requests and hands out replies. */
export interface Channel {
  /**
   * Begins a request to one address. Only packets from that very address with the id of the transaction reach `read`,
   * which answers `undefined` to go on waiting; the view is dead after the call.
   * @throws TrackerError TRACKER_UNREACHABLE if there is no socket of that family
   */
  begin<T>(to: IpEndpoint, read: (bytes: Uint8Array) => T | undefined): Promise<Transaction<T>>
  /** Fails what is under way and closes the sockets. Idempotent. */
  close(): Promise<void>
}

/** How long a socket without use stays open. */
export const idleMs = 5000

interface Pending {
  readonly from: string
  take(bytes: Uint8Array): void
  fail(error: Error): void
}

/** The socket of one family, from its opening to its closing. */
interface Line {
  readonly socket: Promise<DatagramSocket>
  readonly pending: Map<number, Pending>
  users: number
  cancelIdle: (() => void) | undefined
}

/** A channel over the `Datagram` port; `random` should be the CSPRNG, since guessing an id is all a forger needs. */
export function channel(datagram: Datagram, clock: Clock, random: Random): Channel {
  const lines = new Map<4 | 6, Line>()
  let isClosed = false

  const openLine = (family: 4 | 6): Line => {
    const at = ipEndpoint(family === 4 ? '0.0.0.0' : '::', 0) as IpEndpoint
    const line: Line = { socket: datagram.open(at), pending: new Map(), users: 0, cancelIdle: undefined }
    line.socket.then(
      (socket) => {
        socket.onMessage((bytes, from) => deliver(line, bytes, from))
        socket.onError((error) => failAddress(line, error))
      },
      () => lines.delete(family),
    )
    lines.set(family, line)
    return line
  }

  const release = (family: 4 | 6, line: Line): void => {
    line.users--
    if (line.users > 0 || lines.get(family) !== line) return
    line.cancelIdle = clock.after(idleMs, () => {
      lines.delete(family)
      void closeLine(line)
    })
  }

  return {
    async begin<T>(to: IpEndpoint, read: (bytes: Uint8Array) => T | undefined): Promise<Transaction<T>> {
      if (isClosed) throw closedError()
      const family = to.host.includes(':') ? 6 : 4
      const line = lines.get(family) ?? openLine(family)
      line.users++
      line.cancelIdle?.()
      line.cancelIdle = undefined
      try {
        const socket = await line.socket
        if (isClosed) throw closedError()
        return transaction(line, socket, to, read, freeId(line, random), () => release(family, line))
      } catch (cause) {
        release(family, line)
        if (cause instanceof TrackerError) throw cause
        throw new TrackerError('TRACKER_UNREACHABLE', `no UDP socket for IPv${family} can be opened`, { cause })
      }
    },
    async close() {
      isClosed = true
      const all = [...lines.values()]
      lines.clear()
      for (const line of all) {
        line.cancelIdle?.()
        for (const pending of line.pending.values()) pending.fail(closedError())
      }
      await Promise.all(all.map(closeLine))
    },
  }
}

function transaction<T>(
  line: Line,
  socket: DatagramSocket,
  to: IpEndpoint,
  read: (bytes: Uint8Array) => T | undefined,
  id: number,
  release: () => void,
): Transaction<T> {
  let settle: { resolve(value: T): void; reject(error: Error): void } | undefined
  const reply = new Promise<T>((resolve, reject) => (settle = { resolve, reject }))
  // It may fail while nobody is looking: between two sends, or after the last.
  reply.catch(() => {})
  line.pending.set(id, {
    from: formatEndpoint(to),
    take(bytes) {
      try {
        const value = read(bytes)
        if (value !== undefined) settle?.resolve(value)
      } catch (error) {
        settle?.reject(error as Error)
      }
    },
    fail: (error) => settle?.reject(error),
  })
  return {
    id,
    reply,
    send: (packet) => socket.send(packet, to),
    end() {
      if (line.pending.delete(id)) release()
    },
  }
}

function deliver(line: Line, bytes: Uint8Array, from: IpEndpoint): void {
  const head = readHead(bytes)
  if (head === undefined) return
  const pending = line.pending.get(head.transactionId)
  if (pending?.from === formatEndpoint(from)) pending.take(bytes)
}

/** A socket error that names an address (no route, refused) ends the requests to it; any other is a lost datagram. */
function failAddress(line: Line, error: Error): void {
  const { address, port } = error as { readonly address?: unknown; readonly port?: unknown }
  const at = ipEndpoint(String(address), Number(port))
  if (at === undefined) return
  const text = formatEndpoint(at)
  for (const pending of line.pending.values()) {
    if (pending.from !== text) continue
    const message = `the UDP tracker at ${text} cannot be reached`
    pending.fail(new TrackerError('TRACKER_UNREACHABLE', message, { cause: error }))
  }
}

function freeId(line: Line, random: Random): number {
  for (;;) {
    const bytes = random.bytes(4)
    const id = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
    if (!line.pending.has(id)) return id
  }
}

async function closeLine(line: Line): Promise<void> {
  const socket = await line.socket.catch(() => undefined)
  await socket?.close()
}

function closedError(): TrackerError {
  return new TrackerError('TRACKER_UNREACHABLE', 'the UDP tracker client is closed')
}
