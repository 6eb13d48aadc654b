import { createSocket } from 'node:dgram'
import type { ArrivedAnnounce, PlayedTracker, ServedTracker, TrackerReply } from '../tracker/played.js'
import { compact } from './compact.js'

/** BEP 15, "connect request". */
const protocolId = 0x41727101980n
const connectionId = 0x0123456789abcdefn
const actions = { connect: 0, announce: 1, scrape: 2, error: 3 } as const

/** Serves what the suite's tracker says over UDP (BEP 15). What a client should not send gets no answer. */
export async function serveUdpTracker(tracker: PlayedTracker): Promise<ServedTracker> {
  const socket = createSocket('udp4')
  socket.on('message', (message, from) => {
    const reply = answer(tracker, message)
    if (reply !== undefined) socket.send(reply, from.port, from.address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  const { port } = socket.address()
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => (closed ??= new Promise((resolve) => socket.close(resolve)))
  return { url: `udp://127.0.0.1:${port}/announce`, close }
}

function answer(tracker: PlayedTracker, message: Buffer): Uint8Array | undefined {
  if (message.length < 16) return undefined
  const [connection, action, id] = [message.readBigUInt64BE(0), message.readUInt32BE(8), message.readUInt32BE(12)]
  if (action === actions.connect) {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64BE(connectionId)
    return connection === protocolId ? packet(actions.connect, id, bytes) : undefined
  }
  if (connection !== connectionId) return undefined
  if (action === actions.scrape) return packet(actions.scrape, id, ...scrape(tracker, message))
  if (action !== actions.announce || message.length < 98) return undefined
  return replyTo(id, tracker.announce(arrived(message)))
}

function arrived(message: Buffer): ArrivedAnnounce {
  const number = (at: number): number => Number(message.readBigUInt64BE(at))
  return {
    infoHash: message.subarray(16, 36),
    peerId: message.subarray(36, 56),
    downloaded: number(56),
    left: number(64),
    uploaded: number(72),
    event: ([undefined, 'completed', 'started', 'stopped'] as const)[message.readUInt32BE(80)],
    numWant: message.readInt32BE(92),
    port: message.readUInt16BE(96),
  }
}

function replyTo(id: number, reply: TrackerReply): Uint8Array | undefined {
  if (reply.kind === 'silence') return undefined
  if (reply.kind === 'garbage') return reply.bytes
  if (reply.kind === 'failure') return packet(actions.error, id, Buffer.from(reply.reason))
  const { peers, intervalMs, seeders, leechers } = reply
  return packet(actions.announce, id, intervalMs / 1_000, leechers, seeders, compact(peers))
}

/** The protocol has no word for a torrent that is not known: nobody has it. */
function scrape(tracker: PlayedTracker, message: Buffer): number[] {
  const count = Math.floor((message.length - 16) / 20)
  const infoHashes = Array.from({ length: count }, (_, index) => message.subarray(16 + 20 * index, 36 + 20 * index))
  return tracker
    .scrape(infoHashes)
    .flatMap((statistics) => [statistics?.seeders ?? 0, statistics?.completed ?? 0, statistics?.leechers ?? 0])
}

/** Numbers of 32 bits and raw bytes, in order. */
function packet(...parts: readonly (number | Uint8Array)[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part !== 'number') return part
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(part)
      return bytes
    }),
  )
}
