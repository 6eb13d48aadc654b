import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bits } from '../src/bytes/bits.js'
import { SharedBudget } from '../src/driver/memory-budget.js'
import { memoryPool } from '../src/driver/memory-pool.js'
import { createLayout } from '../src/metainfo/layout.js'
import { Peer, type PeerEvents } from '../src/peer/peer.js'
import { Ledger } from '../src/torrent/ledger.js'
import { WireEncoder } from '../src/wire/encoder.js'

const block = 16_384
const pieceBytes = 4 * block
const pieceCount = 6
const lengthBytes = (pieceCount - 1) * pieceBytes + 2 * block + 100
const layout = createLayout([{ lengthBytes, offsetBytes: 0, padding: false }], pieceBytes)

interface Asked {
  readonly piece: number
  readonly block: number
}

/** A ledger and three peers, and what a careful observer knows of them. */
function table(haves: readonly (readonly number[])[], budgetBytes: number) {
  const cancels: string[] = []
  const ledger = new Ledger({
    layout,
    have: new Bits(pieceCount),
    priorities: new Uint8Array(pieceCount).fill(4),
    extentBytes: 2 * block,
    budget: new SharedBudget(budgetBytes),
    memory: memoryPool(),
    nextJobId: () => 1,
    dropHash: () => {},
    cancelled: (piece, index) => void cancels.push(`${piece}/${index}`),
  })
  const events = {
    peerChanged: () => {},
    peerHas: () => {},
    place: (peer: Peer, piece: number, begin: number, length: number) =>
      ledger.arrivals.place(peer, piece, begin, length),
    unplaced: (_peer: Peer, piece: number, index: number, _length: number, wasAsked: boolean) => {
      if (wasAsked) ledger.release(piece, index)
    },
    received: (peer: Peer, _piece: number, _begin: number, _length: number, wasAsked: boolean) =>
      void ledger.arrivals.count(peer, true, wasAsked, 0),
  } as unknown as PeerEvents
  const hello = { peerId: new Uint8Array(20), supportsFast: true, supportsExtensions: false, outgoing: true }
  const peers = haves.map((pieces, key) => {
    const peer = new Peer(key, new WireEncoder(), hello, { kind: 'ip', host: '10.0.0.1', port: key + 1 }, events, 0)
    peer.setPieceCount(pieceCount)
    for (const piece of pieces) peer.haves.add(piece)
    peer.isChoking = false
    return peer
  })
  return { ledger, peers, cancels }
}

const askedOf = (peer: Peer): Asked[] => {
  const asked: Asked[] = []
  peer.asked.each((piece, index) => asked.push({ piece, block: index }))
  return asked
}

const action = fc.record({
  kind: fc.constantFrom(
    'take',
    'partials',
    'busy',
    'endgame',
    'receive',
    'release',
    'leave',
    'finish',
    'spoil',
    'want',
  ),
  peer: fc.nat(2),
  piece: fc.nat(pieceCount - 1),
  count: fc.integer({ min: 1, max: 6 }),
})

describe('the ledger', () => {
  it('asks only for what the peer has, we lack and want, never twice of one peer, and within the budget', () => {
    const havesOf = fc.subarray(Array.from({ length: pieceCount }, (_, piece) => piece))
    fc.assert(
      fc.property(
        fc.tuple(havesOf, havesOf, havesOf),
        fc.array(action, { maxLength: 80 }),
        fc.integer({ min: 2, max: 30 }),
        (haves, steps, budgetBlocks) => {
          const { ledger, peers } = table(haves, budgetBlocks * block)
          for (const { kind, peer: index, piece, count } of steps) {
            const peer = peers[index]
            if (peer === undefined) continue
            const before = peer.asked.size
            const picks = ledger.begin(peer, count, 0)
            if (kind === 'take') picks.take(piece, 'test')
            if (kind === 'partials') picks.takePartials()
            if (kind === 'busy') picks.takeBusy(piece, 'test')
            if (kind === 'endgame') ledger.takeEndgame()
            expect(peer.asked.size - before).toBe(count - ledger.end())
            const [first] = askedOf(peer)
            if (kind === 'receive' && first !== undefined) deliver(peer, first)
            if (kind === 'release')
              peer.asked.shift((released, releasedBlock) => ledger.release(released, releasedBlock))
            if (kind === 'leave')
              while (peer.asked.shift((released, releasedBlock) => ledger.release(released, releasedBlock))) continue
            if (kind === 'finish' || kind === 'spoil') finish(ledger, peers, kind === 'finish')
            if (kind === 'want') want(ledger, peers, piece, count > 3 ? 0 : count)
            check(ledger, peers)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('brings every piece home when peers keep answering', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2), { minLength: 1, maxLength: 400 }), (turns) => {
        const all = Array.from({ length: pieceCount }, (_, piece) => piece)
        const { ledger, peers } = table([all, all, all], 1_000 * block)
        for (let round = 0; ledger.wanted.count > 0 && round < 3_000; round++) {
          const peer = peers[turns[round % turns.length] ?? 0]
          if (peer === undefined) continue
          const picks = ledger.begin(peer, 3, 0)
          picks.takePartials()
          for (const piece of all) picks.take(piece, 'test')
          if (picks.left > 0) ledger.takeEndgame()
          ledger.end()
          const [first] = askedOf(peer)
          if (first !== undefined) deliver(peer, first)
          finish(ledger, peers, true)
          check(ledger, peers)
          if (round % 7 === 0)
            for (const other of peers) for (const asked of askedOf(other).slice(0, 2)) deliver(other, asked)
        }
        expect(ledger.have.count).toBe(pieceCount)
      }),
      { numRuns: 100 },
    )
  })
})

function deliver(peer: Peer, asked: Asked): void {
  const length = layout.blockLength(asked.piece, asked.block)
  const target = peer.blockStart(asked.piece, asked.block * block, length)
  target?.fill(1, peer.blockOffset, peer.blockOffset + length)
  if (target !== undefined) peer.blockEnd(asked.piece, asked.block * block, length)
}

/** Hashes and writes every extent that is full; the digest is right or wrong. */
function finish(ledger: Ledger, peers: readonly Peer[], good: boolean): void {
  for (const open of ledger.openPieces) {
    if (open.missingBlocks > 0) continue
    open.good = good
    if (!good) {
      ledger.rejected(open)
      for (const peer of peers) giveUp(ledger, peer, open.piece)
      continue
    }
    for (const extent of open.extents) ledger.written(extent)
  }
}

function want(ledger: Ledger, peers: readonly Peer[], piece: number, priority: number): void {
  if (ledger.want(piece, priority) === undefined) return
  for (const peer of peers) giveUp(ledger, peer, piece)
}

function giveUp(ledger: Ledger, peer: Peer, piece: number): void {
  for (const asked of askedOf(peer)) {
    if (asked.piece !== piece) continue
    peer.lapse(asked.piece, asked.block, layout.blockLength(asked.piece, asked.block), true)
    ledger.release(asked.piece, asked.block)
  }
}

function check(ledger: Ledger, peers: readonly Peer[]): void {
  const askers = new Map<string, number>()
  for (const peer of peers) {
    const asked = askedOf(peer)
    expect(new Set(asked.map((one) => `${one.piece}/${one.block}`)).size).toBe(asked.length)
    for (const { piece, block: index } of asked) {
      expect(peer.haves.has(piece)).toBe(true)
      expect(index).toBeLessThan(layout.blockCount(piece))
      askers.set(`${piece}/${index}`, (askers.get(`${piece}/${index}`) ?? 0) + 1)
    }
  }
  for (const open of ledger.openPieces) {
    expect(ledger.have.has(open.piece)).toBe(false)
    const free = open.states.filter((state) => state === 0).length
    const received = open.states.filter((state) => state === 2).length
    expect(open.freeBlocks).toBe(free)
    expect(open.missingBlocks).toBe(open.states.length - received)
    for (const [index, state] of open.states.entries()) {
      const owed = askers.get(`${open.piece}/${index}`) ?? 0
      const expected = [0, open.askers[index], owed][state]
      expect(owed).toBe(expected)
    }
  }
}
