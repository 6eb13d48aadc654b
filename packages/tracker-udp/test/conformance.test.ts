import { createSocket } from 'node:dgram'
import { type PlayedTracker, trackerConformance, type TrackerReply } from '@bitloom/conformance'
import { systemDatagram, systemRandom, systemResolver } from '@bitloom/core/node'
import { writeCompact } from '@bitloom/core'
import { describe, it } from 'vitest'
import { actions } from '../src/protocol.js'
import { udpTracker } from '../src/udp-tracker.js'
import { packet } from './fakes.js'

const ports = { datagram: systemDatagram(), resolver: systemResolver(), random: systemRandom() }

trackerConformance(
  { describe, it },
  { title: 'TrackerClient udp', client: (clock) => udpTracker({ ...ports, clock }, {}), serve },
)

/** What the suite's tracker says, over UDP. */
async function serve(tracker: PlayedTracker) {
  const socket = createSocket('udp4')
  socket.on('message', (message, from) => {
    const reply = answer(tracker, new Uint8Array(message))
    if (reply !== undefined) socket.send(reply, from.port, from.address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  let isClosed = false
  const close = async (): Promise<void> => {
    if (isClosed) return
    isClosed = true
    await new Promise<void>((resolve) => socket.close(resolve))
  }
  return { url: `udp://127.0.0.1:${socket.address().port}/announce`, close }
}

function answer(tracker: PlayedTracker, bytes: Uint8Array): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const [action, id] = [view.getUint32(8), view.getUint32(12)]
  if (action === actions.connect) return packet(actions.connect, id, 0, 7)
  if (action === actions.scrape) return packet(actions.scrape, id, ...scrape(tracker, bytes))
  return replyTo(id, tracker.announce(arrived(bytes, view)))
}

function arrived(bytes: Uint8Array, view: DataView): Parameters<PlayedTracker['announce']>[0] {
  const number = (at: number): number => Number(view.getBigUint64(at))
  return {
    infoHash: bytes.slice(16, 36),
    peerId: bytes.slice(36, 56),
    downloaded: number(56),
    left: number(64),
    uploaded: number(72),
    event: ([undefined, 'completed', 'started', 'stopped'] as const)[view.getUint32(80)],
    numWant: view.getInt32(92),
    port: view.getUint16(96),
  }
}

function replyTo(id: number, reply: TrackerReply): Uint8Array | undefined {
  if (reply.kind === 'silence') return undefined
  if (reply.kind === 'garbage') return reply.bytes
  if (reply.kind === 'failure') return packet(actions.error, id, reply.reason)
  const { peers, intervalMs, seeders, leechers } = reply
  return packet(actions.announce, id, intervalMs / 1_000, leechers, seeders, ...peers.map(writeCompact))
}

/** The protocol has no word for a torrent that is not known: nobody has it. */
function scrape(tracker: PlayedTracker, bytes: Uint8Array): number[] {
  const count = (bytes.length - 16) / 20
  const infoHashes = Array.from({ length: count }, (_, index) => bytes.slice(16 + 20 * index, 36 + 20 * index))
  return tracker
    .scrape(infoHashes)
    .flatMap((statistics) => [statistics?.seeders ?? 0, statistics?.completed ?? 0, statistics?.leechers ?? 0])
}
