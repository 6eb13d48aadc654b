import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** What a path does to the bytes of each direction. */
export interface PathShape {
  /** From one end to the other: half of the round trip. */
  readonly oneWayMs: number
  /** What passes at the most, of all connections together. Default: no limit. */
  readonly bytesPerSecond?: number
}

/** A long line to one TCP port. */
export interface LongPath {
  /** To be dialled instead of the target; on the same host. */
  readonly port: number
  /** Cuts all connections. */
  close(): Promise<void>
}

/** What a wire of a real path would cut a stream into is smaller; this keeps a slow line from delivering in lumps. */
const packetBytes = 8_192
/** Besides what is on its way, so much waits at the entrance of a line before its sender has to. */
const queueSeconds = 0.25
const unlimitedBytes = 64 << 20

/** One direction of a path: bytes leave one after the other at its rate, and come out later. */
class Line {
  /** So much of one connection is in the line; who brings more waits. */
  readonly mostBytes: number
  readonly #shape: PathShape
  #freeAtMs = 0

  constructor(shape: PathShape) {
    const { oneWayMs, bytesPerSecond = Infinity } = shape
    this.#shape = shape
    const held = bytesPerSecond * (oneWayMs / 1000 + queueSeconds)
    this.mostBytes = Math.min(unlimitedBytes, Math.max(4 * packetBytes, held))
  }

  /** When bytes that enter now come out. */
  enter(lengthBytes: number, nowMs: number): number {
    const { oneWayMs, bytesPerSecond = Infinity } = this.#shape
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs) + (lengthBytes / bytesPerSecond) * 1000
    return this.#freeAtMs + oneWayMs
  }
}

/** Moves bytes from one socket to another through a line, in order; an end comes as late as bytes do. */
function carry(from: Socket, to: Socket, line: Line): void {
  const queue: { readonly bytes: Buffer; readonly dueMs: number }[] = []
  let [heldBytes, hasEnded, isFull] = [0, false, false]
  let timer: NodeJS.Timeout | undefined
  const deliver = (): void => {
    timer = undefined
    const nowMs = performance.now()
    to.cork()
    for (let head = queue[0]; head !== undefined && head.dueMs <= nowMs && !isFull; head = queue[0]) {
      queue.shift()
      heldBytes -= head.bytes.length
      if (head.bytes.length === 0) to.end()
      else isFull = !to.write(head.bytes)
    }
    to.uncork()
    if (heldBytes < line.mostBytes && !hasEnded) from.resume()
    wait()
  }
  const wait = (): void => {
    const [head] = queue
    if (head !== undefined && !isFull) timer ??= setTimeout(deliver, head.dueMs - performance.now())
  }
  const put = (bytes: Buffer): void => {
    queue.push({ bytes, dueMs: line.enter(bytes.length, performance.now()) })
    heldBytes += bytes.length
    wait()
  }
  from.on('data', (bytes: Buffer) => {
    for (let at = 0; at < bytes.length; at += packetBytes) put(bytes.subarray(at, at + packetBytes))
    if (heldBytes >= line.mostBytes) from.pause()
  })
  from.on('end', () => {
    hasEnded = true
    put(Buffer.alloc(0))
  })
  to.on('drain', () => {
    isFull = false
    deliver()
  })
  to.on('close', () => clearTimeout(timer))
}

/**
 * Opens a line to a port: what is sent through it arrives in order, `oneWayMs` later and no faster than its rate, and who
 * sends more is held up by TCP. The dial itself is answered at once.
 */
export async function openLongPath(
  target: { readonly host: string; readonly port: number },
  shape: PathShape,
): Promise<LongPath> {
  const [there, back] = [new Line(shape), new Line(shape)]
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ host: target.host, port: target.port, allowHalfOpen: true })
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket.setNoDelay(true))
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        // What ended in order has said so to the other side already.
        if (!socket.readableEnded) other.destroy()
      })
    }
    carry(near, far, there)
    carry(far, near, back)
  })
  server.listen(0, target.host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}
