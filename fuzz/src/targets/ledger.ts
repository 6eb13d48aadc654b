import { Bits } from '@bitloom/core'
import * as fc from 'fast-check'
import { SharedBudget } from '../../../packages/core/src/driver/memory-budget.js'
import { memoryPool } from '../../../packages/core/src/driver/memory-pool.js'
import { createLayout } from '../../../packages/core/src/metainfo/layout.js'
import { Peer, type PeerEvents } from '../../../packages/core/src/peer/peer.js'
import { Ledger } from '../../../packages/core/src/torrent/ledger.js'
import { blockFree, blockReceived, type OpenPiece } from '../../../packages/core/src/torrent/open-piece.js'
import { WireEncoder } from '../../../packages/core/src/wire/encoder.js'
import { ensure, target } from '../target.js'

const block = 16_384
const pieceCount = 6
const lengthBytes = (pieceCount - 1) * 4 * block + 2 * block + 100
const layout = createLayout([{ lengthBytes, offsetBytes: 0, padding: false }], 4 * block)
const every = Array.from({ length: pieceCount }, (_, piece) => piece)
const kinds = [
  'have',
  'take',
  'partials',
  'busy',
  'endgame',
  'receive',
  'late',
  'timeout',
  'choke',
  'finish',
  'fail',
  'want',
]

interface Asked {
  readonly piece: number
  readonly block: number
}

/** A ledger, three peers, and a model: sets of the blocks that came, and that each peer owes. */
class Bench {
  readonly have = new Bits(pieceCount)
  readonly wanted = new Set(every)
  /** "piece/block" of what came since the piece was begun. */
  readonly came = new Set<string>()
  /** What a peer was asked and gave up: it may still come. */
  readonly late: Asked[][] = [[], [], []]
  countedBlocks = 0
  readonly ledger: Ledger
  readonly peers: Peer[]

  constructor(haves: readonly (readonly number[])[], budgetBlocks: number) {
    this.ledger = new Ledger({
      layout,
      have: this.have,
      priorities: new Uint8Array(pieceCount).fill(4),
      extentBytes: 2 * block,
      budget: new SharedBudget(budgetBlocks * block),
      memory: memoryPool(),
      nextJobId: () => 1,
      dropHash: () => {},
      // Peer 0 counts as idle.
      idleAskers: (piece, index) => Number(this.peers[0]?.asked.has(piece, index) === true),
      cancelled: (piece, index, except) => this.#cancel(piece, index, except),
    })
    const { ledger } = this
    const events = {
      peerChanged: () => {},
      peerHas: () => {},
      wasted: () => {},
      peerRejects: (_peer: Peer, piece: number, index: number) => ledger.release(piece, index),
      place: (peer: Peer, piece: number, begin: number, length: number) =>
        ledger.arrivals.place(peer, piece, begin, length),
      unplaced: (_peer: Peer, piece: number, index: number, _length: number, wasAsked: boolean) => {
        if (wasAsked) ledger.release(piece, index)
      },
      received: (peer: Peer, piece: number, begin: number, _length: number, wasAsked: boolean) => {
        if (ledger.arrivals.count(peer, true, wasAsked, 0) === undefined) return
        const name = `${piece}/${begin / block}`
        ensure(!this.came.has(name), `${name} is counted twice`)
        this.came.add(name)
        this.countedBlocks++
      },
    } as unknown as PeerEvents
    const hello = { peerId: new Uint8Array(20), supportsFast: true, supportsExtensions: false, outgoing: true }
    this.peers = haves.map((pieces, key) => {
      const peer = new Peer(key, new WireEncoder(), hello, { kind: 'ip', host: '10.0.0.1', port: key + 1 }, events, 0)
      peer.setPieceCount(pieceCount)
      for (const piece of pieces) peer.haves.add(piece)
      peer.isChoking = false
      return peer
    })
  }

  #cancel(piece: number, index: number, except: Peer): void {
    for (const peer of this.peers) {
      if (peer !== except && peer.asked.has(piece, index)) this.giveUp(peer, { piece, block: index })
    }
  }

  /** A request came to nothing: it timed out, or is not wanted any more. */
  giveUp(peer: Peer, { piece, block: index }: Asked): void {
    peer.lapse(piece, index, layout.blockLength(piece, index), true)
    this.ledger.release(piece, index)
    this.late[peer.key]?.push({ piece, block: index })
  }

  deliver(peer: Peer, { piece, block: index }: Asked): void {
    const length = layout.blockLength(piece, index)
    if (peer.blockStart(piece, index * block, length) !== undefined) peer.blockEnd(piece, index * block, length)
  }

  /** Checks and writes what is complete; the digests of whole pieces are right or wrong. */
  finish(good: boolean): void {
    for (const open of this.ledger.openPieces) {
      const isWhole = open.missingBlocks === 0
      if (isWhole) open.good = good
      if (isWhole && !good) this.ledger.rejected(open)
      else this.#write(open.extents)
      if (isWhole && good) this.wanted.delete(open.piece)
      if (isWhole) this.forget(open.piece)
    }
  }

  #write(extents: OpenPiece['extents']): void {
    for (const extent of extents) {
      if (extent.missingBlocks === 0 && extent.stage !== 'written') this.ledger.written(extent)
    }
  }

  /** What came of a piece counts no more, and nobody owes any of it. */
  forget(piece: number): void {
    for (let index = 0; index < layout.blockCount(piece); index++) this.came.delete(`${piece}/${index}`)
    for (const peer of this.peers)
      for (const asked of askedOf(peer)) if (asked.piece === piece) this.giveUp(peer, asked)
  }

  check(): void {
    const owed = new Map<string, number>()
    for (const peer of this.peers) {
      for (const { piece, block: index } of askedOf(peer)) {
        ensure(peer.haves.has(piece) && this.wanted.has(piece), 'what is asked is wanted, and the peer has it')
        owed.set(`${piece}/${index}`, (owed.get(`${piece}/${index}`) ?? 0) + 1)
      }
    }
    for (const piece of every) ensure(this.ledger.wanted.has(piece) === this.wanted.has(piece), 'what is wanted')
    let blocks = 0
    for (const { piece, states, freeBlocks, missingBlocks } of this.ledger.openPieces) {
      let free = 0
      let received = 0
      for (const [index, state] of states.entries()) {
        const name = `${piece}/${index}`
        const isHere = this.came.has(name)
        const asked = isHere ? 0 : (owed.get(name) ?? 0)
        ensure(state === (isHere ? blockReceived : asked), `${name} is in state ${state}, asked of ${asked}`)
        free += Number(state === blockFree)
        received += Number(state === blockReceived)
        owed.delete(name)
      }
      ensure(freeBlocks === free && missingBlocks === states.length - received, 'counts of an open piece')
      blocks += received
    }
    ensure(owed.size === 0, 'only blocks of open pieces are owed')
    ensure(blocks === this.came.size, 'no block is lost')
  }
}

function askedOf(peer: Peer): Asked[] {
  const asked: Asked[] = []
  peer.asked.each((piece, index) => asked.push({ piece, block: index }))
  return asked
}

interface Step {
  readonly kind: string
  readonly peer: number
  readonly piece: number
  readonly count: number
}

function act(bench: Bench, { kind, peer: key, piece, count }: Step): void {
  const { ledger } = bench
  const peer = bench.peers[key] as Peer
  const asked = askedOf(peer)
  const one = asked[count % Math.max(1, asked.length)]
  const before = asked.length
  const picks = ledger.begin(peer, count, 0)
  if (kind === 'take') picks.take(piece, 'test')
  if (kind === 'partials') picks.takePartials()
  if (kind === 'busy') picks.takeBusy(piece, 'test')
  if (kind === 'endgame') ledger.takeEndgame()
  ensure(peer.asked.size - before === count - ledger.end(), 'the budget pays for what is asked')
  if (kind === 'have') peer.haves.add(piece)
  if (kind === 'receive' && one !== undefined) bench.deliver(peer, one)
  if (kind === 'late') {
    const [late] = bench.late[key]?.splice(0, 1) ?? []
    if (late !== undefined) bench.deliver(peer, late)
  }
  if (kind === 'timeout' && one !== undefined) bench.giveUp(peer, one)
  if (kind === 'choke') for (const each of asked) bench.giveUp(peer, each)
  if (kind === 'finish' || kind === 'fail') bench.finish(kind === 'finish')
  if (kind === 'want') want(bench, piece, count > 3)
}

function want(bench: Bench, piece: number, isWanted: boolean): void {
  const dropped = bench.ledger.want(piece, isWanted ? 4 : 0)
  if (isWanted && !bench.have.has(piece)) bench.wanted.add(piece)
  else bench.wanted.delete(piece)
  if (!isWanted)
    for (const peer of bench.peers) for (const each of askedOf(peer)) if (each.piece === piece) bench.giveUp(peer, each)
  if (dropped !== undefined) bench.forget(piece)
}

/** Three seeds that answer: everything wanted comes home, each block once. */
function end(bench: Bench): void {
  for (const piece of every) want(bench, piece, true)
  for (const peer of bench.peers) for (const piece of every) peer.haves.add(piece)
  for (let round = 0; bench.wanted.size > 0; round++) {
    ensure(round < 300, 'it finishes')
    const peer = bench.peers[round % bench.peers.length] as Peer
    const picks = bench.ledger.begin(peer, 6, 0)
    picks.takePartials()
    for (const piece of every) picks.take(piece, 'test')
    if (picks.left > 0) bench.ledger.takeEndgame()
    bench.ledger.end()
    for (const asked of askedOf(peer)) bench.deliver(peer, asked)
    bench.finish(true)
    bench.check()
  }
  ensure(bench.have.count === pieceCount && bench.came.size === 0, 'every piece is had')
}

const input = fc.record({
  haves: fc.tuple(fc.subarray(every), fc.subarray(every), fc.subarray(every)),
  budgetBlocks: fc.integer({ min: 2, max: 30 }),
  steps: fc.array(
    fc.record({
      kind: fc.constantFrom(...kinds),
      peer: fc.nat(2),
      piece: fc.nat(pieceCount - 1),
      count: fc.integer({ min: 1, max: 6 }),
    }),
    { maxLength: 30, size: 'max' },
  ),
})

export const ledger = target('ledger', input, ({ haves, budgetBlocks, steps }) => {
  const bench = new Bench(haves, budgetBlocks)
  for (const step of steps) {
    act(bench, step)
    bench.check()
  }
  end(bench)
})
