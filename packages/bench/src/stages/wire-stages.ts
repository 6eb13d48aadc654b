import { blockHeader, blockHeaderBytes, type Connection, MessageDecoder, type Wire, WireEncoder } from '@bitloom/core'
import type { Internals } from './internals.js'
import { endpointOf, fault, quietClock, quietWire } from './quiet.js'
import type { Stage } from './stage.js'
import { blockBytes, openScene, pieceBytes } from './swarm-scene.js'

const readBytes = 65_536

/** Blocks as a socket brings them, 64 KiB at a time, copied into the buffer of a piece. */
const parser: Stage = {
  name: 'parse and copy',
  unit: 'µs',
  per: 'block',
  reference: 'copy',
  unitBytes: blockBytes,
  start: () => {
    const blocks = 256
    const stride = blockHeaderBytes + blockBytes
    const stream = new Uint8Array(blocks * stride)
    for (let block = 0; block < blocks; block += 1)
      blockHeader(stream, block * stride, block >> 4, (block & 15) * blockBytes, blockBytes)
    const reads = Array.from({ length: Math.ceil(stream.length / readBytes) }, (_, index) =>
      stream.slice(index * readBytes, (index + 1) * readBytes),
    )
    const piece = new Uint8Array(pieceBytes)
    let came = 0
    const sink: Partial<Wire> = {
      blockStart: (_piece, begin, length) => piece.subarray(begin, begin + length),
      blockEnd: () => void (came += 1),
    }
    const decoder = new MessageDecoder(quietWire(sink))
    return {
      units: blocks,
      run: () => {
        came = 0
        for (const read of reads) decoder.push(read, read.length)
        if (came !== blocks) throw new Error(`${came} blocks came of ${blocks}`)
      },
    }
  },
}

/** Requests of a remote as bytes, 16 in a row, until the slabs of their answers are handed to the connection, unfilled. */
const upload: Stage = {
  name: 'upload',
  unit: 'µs',
  per: 'block',
  reference: 'loop',
  unitBytes: blockBytes,
  start: ({ internals }) => {
    const [rounds, blocks] = [50, 16]
    const encoder = new WireEncoder()
    for (let block = 0; block < blocks; block += 1) encoder.request(0, block * blockBytes, blockBytes)
    const requests = encoder.takeOutput() ?? new Uint8Array(0)
    const remote = openRemote(internals)
    return {
      units: rounds * blocks,
      run: () => {
        remote.receivedBytes = 0
        for (let round = 0; round < rounds; round += 1) remote.send(requests)
        const expected = rounds * blocks * (blockHeaderBytes + blockBytes)
        if (remote.receivedBytes !== expected) throw new Error(`${remote.receivedBytes} bytes came of ${expected}`)
      },
    }
  },
}

/** A remote that we unchoke, of a torrent that we have. */
function openRemote(internals: Internals) {
  const remote = { receivedBytes: 0, send: (_bytes: Uint8Array): void => {} }
  const connection: Connection = {
    remote: endpointOf(0),
    transport: 'bench',
    write: (bytes, done) => {
      remote.receivedBytes += bytes.length
      done()
      return true
    },
    onBytes: (sink) => void (remote.send = (bytes) => sink(bytes, bytes.length)),
    onDrain: () => {},
    onClose: () => {},
    pause: () => {},
    resume: () => {},
    close: () => {},
  }
  const scene = openScene(internals, {
    pieceCount: 8,
    isWhole: true,
    serve: (peer, run) => {
      scene.torrent.served(peer, run.lengthBytes, turns.nowMs)
      link.sendRun(link.prepareRun(run).slab, () => scene.torrent.sent(peer, run.lengthBytes, turns.nowMs))
    },
  })
  const turns = new internals.Turns({ ...quietClock, nowMs: () => scene.nowMs }, fault)
  const link = new internals.PeerLink(connection, turns, internals.memoryPool(), {
    linkEnded: (_, reason) => fault(`the link of the bench ended: ${reason}`),
  })
  const peer = scene.join(link.encoder)
  const decoder = new MessageDecoder(peer)
  link.bind(peer, decoder, new Uint8Array(0))
  peer.interested(true)
  peer.setChoking(false, 0)
  const { send } = remote
  remote.send = (bytes) => {
    scene.nowMs += 1
    send(bytes)
    scene.settle()
  }
  link.encoder.takeOutput()
  return remote
}

export const wireStages: readonly Stage[] = [parser, upload]
