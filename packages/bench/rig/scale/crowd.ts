import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  blockHeader,
  blockHeaderBytes,
  encodeHandshake,
  handshakeBytes,
  MessageDecoder,
  type Metainfo,
  reservedBits,
  reservedBytes,
  type Wire,
  WireEncoder,
} from '@bitloom/core'
import { quietWire } from '../../src/stages/quiet.js'
import { crowdBlock } from './crowd-payload.js'

/** So many dial at once: more unfinished handshakes a session does not keep. */
const atOnce = 50

async function shakeHands(port: number, torrent: Metainfo, index: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port })
  // A session that ends cuts them.
  socket.on('error', () => {})
  const peerId = new Uint8Array(Buffer.from(`-XX0001-${String(index).padStart(12, '0')}`))
  const infoHash = torrent.infoHashes.v1 ?? new Uint8Array(20)
  socket.write(encodeHandshake({ infoHash, peerId, reserved: reservedBytes([reservedBits.fast]) }))
  for (let came = 0; came < handshakeBytes;) {
    const [bytes] = (await once(socket, 'data')) as [Buffer]
    came += bytes.length
  }
  return socket
}

/**
 * Peers that have nothing, want nothing, and read what they are told. Their ids begin with the number `from`: of two with the
 * same id a session keeps one.
 */
export async function joinIdle(port: number, torrent: Metainfo, count: number, from = 0): Promise<Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < count) {
    const batch = Math.min(atOnce, count - sockets.length)
    const joined = Array.from({ length: batch }, (_, at) => shakeHands(port, torrent, from + sockets.length + at))
    for (const socket of await Promise.all(joined)) {
      const encoder = new WireEncoder()
      encoder.haveNone()
      socket.write(encoder.takeOutput() ?? '')
      sockets.push(socket.resume())
    }
  }
  return sockets
}

/** A peer that has all and gives what it is asked for. */
export async function joinSeed(port: number, torrent: Metainfo): Promise<Socket> {
  const socket = await shakeHands(port, torrent, 999_999)
  const sink: Partial<Wire> = {
    request: (piece, begin, length) => {
      const answer = new Uint8Array(blockHeaderBytes + length)
      blockHeader(answer, 0, piece, begin, length)
      answer.set(crowdBlock(piece, length), blockHeaderBytes)
      socket.write(answer)
    },
  }
  const decoder = new MessageDecoder(quietWire(sink))
  socket.on('data', (bytes: Buffer) => decoder.push(bytes, bytes.length))
  const encoder = new WireEncoder()
  encoder.haveAll()
  encoder.choke(false)
  socket.write(encoder.takeOutput() ?? '')
  return socket
}
