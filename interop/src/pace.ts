import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { openLongPath, type PathShape } from './long-path.js'

/** Counts what comes of a transfer, and times it from its second quarter on: how it begins is another question. */
export class Pace {
  readonly #lengthBytes: number
  /** So far. */
  cameBytes = 0
  #from: { readonly bytes: number; readonly ms: number } | undefined
  #endedMs: number | undefined

  constructor(lengthBytes: number) {
    this.#lengthBytes = lengthBytes
  }

  add(bytes: number): void {
    this.cameBytes += bytes
    if (this.cameBytes >= this.#lengthBytes / 4) this.#from ??= { bytes: this.cameBytes, ms: performance.now() }
    if (this.cameBytes >= this.#lengthBytes) this.#endedMs ??= performance.now()
  }

  /** @throws Error before all has come */
  get bytesPerSecond(): number {
    if (this.#from === undefined || this.#endedMs === undefined) throw new Error(`only ${this.cameBytes} bytes came`)
    return ((this.cameBytes - this.#from.bytes) * 1000) / (this.#endedMs - this.#from.ms)
  }
}

/** Sends so many bytes through a path of this shape with nothing around them: what the line allows. In bytes/s. */
export async function barePace(lengthBytes: number, shape: PathShape): Promise<number> {
  const chunk = new Uint8Array(65_536)
  const server = createServer((socket) => {
    let left = lengthBytes
    const send = (): void => {
      while (left > 0) {
        const part = chunk.subarray(0, Math.min(left, chunk.length))
        left -= part.length
        if (!socket.write(part)) return
      }
      socket.end()
    }
    socket.on('error', () => {}).on('drain', send)
    send()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const path = await openLongPath({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }, shape)
  const pace = new Pace(lengthBytes)
  const socket = connect(path.port, '127.0.0.1').on('data', (bytes: Buffer) => pace.add(bytes.length))
  await once(socket, 'close')
  server.close()
  await path.close()
  return pace.bytesPerSecond
}
