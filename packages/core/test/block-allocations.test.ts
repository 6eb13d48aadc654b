import { Session } from 'node:inspector/promises'
import { expect, test } from 'vitest'
import { Bits } from '../src/bytes/bits.js'
import { memoryPool } from '../src/driver/memory-pool.js'
import { SharedBudget } from '../src/driver/memory-budget.js'
import { createLayout } from '../src/metainfo/layout.js'
import type { Metainfo } from '../src/metainfo/metainfo.js'
import type { Extent } from '../src/torrent/open-piece.js'
import { Ledger } from '../src/torrent/ledger.js'
import { Torrent } from '../src/torrent/torrent.js'
import { MessageDecoder } from '../src/wire/decoder.js'
import { blockHeader, blockHeaderBytes, WireEncoder } from '../src/wire/encoder.js'

const block = 16_384
const pieceBytes = 1_048_576
const pieceCount = 2_200
const readBytes = 65_536
const messageBytes = blockHeaderBytes + block

/** A torrent whose hasher and storage answer at once, one peer that has all, and a socket that is read 64 KiB at a time. */
function download() {
  const layout = createLayout([{ lengthBytes: pieceCount * pieceBytes, offsetBytes: 0, padding: false }], pieceBytes)
  const ledger = new Ledger({
    layout,
    have: new Bits(pieceCount),
    priorities: new Uint8Array(pieceCount).fill(4),
    extentBytes: pieceBytes,
    budget: new SharedBudget(64 * pieceBytes),
    memory: memoryPool(),
    nextJobId: () => 1,
    dropHash: () => {},
    cancelled: () => {},
    idleAskers: () => 0,
  })
  const digests = { sha1: new Uint8Array(20) }
  const full: Extent[] = []
  const nothing = (): void => {}
  const torrent = new Torrent({
    decisions: {
      pick: (_, picks) => {
        picks.takePartials()
        for (let at = ledger.wanted.nextSet(0); at >= 0 && picks.left > 0; at = ledger.wanted.nextSet(at + 1))
          picks.take(at, 'next')
        return false
      },
      changed: nothing,
      reset: nothing,
      judgesBlocks: false,
      keep: () => true,
      unchoke: () => [],
      shown: () => undefined,
    },
    effects: {
      flush: nothing,
      hash: (extent) => void full.push(extent),
      readBack: nothing,
      write: (extent) => torrent.extents.written(extent),
      serve: nothing,
      keepAlive: nothing,
      fingerprint: nothing,
      drop: (_, reason) => expect.fail(reason),
      settleLater: nothing,
    },
    watch: {
      peerHas: nothing,
      pieceVerified: nothing,
      pieceRejected: nothing,
      wantedWhole: nothing,
      chokeSoon: nothing,
      extended: nothing,
      other: nothing,
    },
    allowance: { toAsk: () => Infinity, asked: nothing, refund: nothing, toSend: () => Infinity, sent: nothing },
    nextPeerKey: () => 1,
  })
  torrent.setContent(
    { layout, verifier: { kind: 'sha1', hashes: new Uint8Array(20 * pieceCount) } } as unknown as Metainfo,
    ledger,
  )
  torrent.startFetching()
  const out = new WireEncoder()
  const hello = { peerId: new Uint8Array(20), supportsFast: true, supportsExtensions: false, outgoing: true }
  const peer = torrent.peerJoined(out, hello, { kind: 'ip', host: '192.0.2.1', port: 1 }, 0)
  peer.haveAll()
  peer.choke(false)
  torrent.requests.settle(0)
  const decoder = new MessageDecoder(peer)
  const socket = new Uint8Array(readBytes)
  const header = new Uint8Array(blockHeaderBytes)
  let at = 0
  return {
    get receivedBlocks() {
      return torrent.receivedBytes / block
    },
    peer,
    /** What one read of the socket brings: the blocks in the order they were asked, wherever that cuts them. */
    read(): void {
      for (let index = Math.floor(at / messageBytes); index * messageBytes < at + readBytes; index++) {
        blockHeader(header, 0, Math.floor(index / 64), (index % 64) * block, block)
        const begin = index * messageBytes - at
        for (let byte = 0; byte < blockHeaderBytes; byte++) {
          if (begin + byte >= 0 && begin + byte < readBytes) socket[begin + byte] = header[byte] ?? 0
        }
      }
      at += readBytes
      peer.lastHeardMs = at / readBytes
      decoder.push(socket, readBytes)
      for (let extent = full.pop(); extent !== undefined; extent = full.pop())
        torrent.extents.hashed(extent, digests, false)
      torrent.requests.settle(peer.lastHeardMs)
      if (out.pendingBytes > 0) out.takeOutput()
    },
  }
}

test('a large window is refilled long before a quarter of it is empty, and requests still leave in batches', () => {
  const on = download()
  const { peer } = on
  while (peer.window.size < peer.window.most) on.read()
  let [least, refills] = [Infinity, 0]
  for (let read = 0; read < 200; read++) {
    const before = peer.requestedBytes
    on.read()
    if (peer.requestedBytes > before) refills++
    least = Math.min(least, peer.asked.size)
  }
  // A read brings up to five blocks.
  expect(least).toBeGreaterThan(peer.window.most - 32 - 5)
  expect(refills).toBeLessThanOrEqual((200 * 5) / 32)
})

async function objectsPerBlock(on: ReturnType<typeof download>, blocks: number): Promise<number> {
  const inspector = new Session()
  inspector.connect()
  const every = { samplingInterval: 1, includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true }
  await inspector.post('HeapProfiler.startSampling', every)
  const before = on.receivedBlocks
  while (on.receivedBlocks < before + blocks) on.read()
  const { profile } = await inspector.post('HeapProfiler.stopSampling')
  inspector.disconnect()
  // One for each object; the types of Node do not know of them.
  const { samples } = profile as unknown as { readonly samples: readonly unknown[] }
  return samples.length / (on.receivedBlocks - before)
}

test('a block costs two objects at the most, extents and requests included', async () => {
  const on = download()
  while (on.receivedBlocks < 10_000) on.read()
  // Code that is not compiled yet makes more.
  let least = Infinity
  for (let round = 0; round < 12 && least > 2; round++) least = Math.min(least, await objectsPerBlock(on, 10_000))
  expect(least).toBeLessThanOrEqual(2)
  // It counts: a block, or each part of one that was cut, is a view.
  expect(least).toBeGreaterThan(1)
})
