import { expect } from 'vitest'
import { Bits } from '../../src/bytes/bits.js'
import { Fingerprint } from '../../src/driver/fingerprint.js'
import { SharedBudget } from '../../src/driver/memory-budget.js'
import { createLayout } from '../../src/metainfo/layout.js'
import type { Metainfo } from '../../src/metainfo/metainfo.js'
import type { Peer } from '../../src/peer/peer.js'
import type { Hasher } from '../../src/ports/hasher.js'
import type { PiecePicker } from '../../src/ports/piece-picker.js'
import type { Decisions, Effects } from '../../src/torrent/effects.js'
import { keepHouse } from '../../src/torrent/housekeeping.js'
import { Ledger } from '../../src/torrent/ledger.js'
import { blockFree, blockReceived, type Extent, type OpenPiece } from '../../src/torrent/open-piece.js'
import { Torrent } from '../../src/torrent/torrent.js'
import { WireEncoder } from '../../src/wire/encoder.js'
import { WatchedMemory } from './watched-memory.js'
import { digest } from './world.js'

export const block = 16_384
const blocksPerPiece = 4
export const pieceBytes = blocksPerPiece * block
export const pieceCount = 5
const lengthBytes = (pieceCount - 1) * pieceBytes + 2 * block + 100
export const layout = createLayout([{ lengthBytes, offsetBytes: 0, padding: false }], pieceBytes)

/** What every byte of a block is. */
const fillOf = (piece: number, index: number): number => 1 + piece * blocksPerPiece + index

/** Thousands of checks in each run: `expect` is only for one that fails. */
function same<T>(actual: T, expected: T, what: string): void {
  if (!Object.is(actual, expected)) throw new Error(`${what}: ${String(actual)} instead of ${String(expected)}`)
}

interface Call {
  readonly kind: 'hash' | 'readBack' | 'write' | 'fingerprint'
  readonly extent: Extent
  readonly last: boolean
  bytes: Uint8Array | undefined
  readonly fingerprint?: Fingerprint
}

interface Arriving {
  readonly piece: number
  readonly begin: number
  readonly length: number
  readonly good: boolean
  target: Uint8Array | undefined
}

export interface Seat {
  readonly peer: Peer
  arriving: Arriving | undefined
  /** Every block it was ever asked. */
  readonly everAsked: Set<string>
}

/** One torrent without I/O, and peers that do what a test says. It knows what a careful observer knows. */
export class TorrentBench {
  readonly memory = new WatchedMemory()
  readonly budget: SharedBudget
  readonly calls: Call[] = []
  readonly seats: Seat[] = []
  readonly disk = new Uint8Array(pieceCount * pieceBytes)
  readonly torrent: Torrent
  readonly ledger: Ledger
  readonly dropped: Peer[] = []
  readonly droppedJobs = new Set<number>()
  /** Jobs with a hash state that nobody finished or dropped. */
  readonly begunJobs = new Set<number>()
  chargedBytes = 0
  wholeTimes = 0
  /** Who brought a block that was wrong. */
  readonly liars = new Set<Peer>()
  /** What the hook `storeBlock` says. */
  keeps = true
  nowMs = 1_000
  #key = 0
  #job = 0

  constructor(budgetBlocks: number, picker: PiecePicker, extentBytes = 2 * block) {
    this.budget = new SharedBudget(budgetBlocks * block)
    this.ledger = new Ledger({
      layout,
      have: new Bits(pieceCount),
      priorities: new Uint8Array(pieceCount).fill(4),
      extentBytes,
      budget: this.budget,
      memory: this.memory,
      nextJobId: () => ++this.#job,
      cancelled: (piece, index, except, others) => this.torrent.requests.cancelled(piece, index, except, others),
      idleAskers: (piece, index) => this.torrent.requests.idle.owing(piece, index),
      dropHash: (job) => {
        this.droppedJobs.add(job.id)
        this.begunJobs.delete(job.id)
      },
    })
    const picking = picker.create(
      { ...layout, nextWanted: (from: number) => this.ledger.wanted.nextSet(from) } as never,
      undefined as never,
    )
    this.torrent = new Torrent({
      decisions: {
        pick: (peer, picks) => (picking.pick(peer, picks), false),
        changed: () => {},
        reset: () => {},
        judgesBlocks: true,
        keep: () => this.keeps,
        unchoke: () => [],
        shown: () => undefined,
      } satisfies Decisions,
      effects: this.#effects(),
      watch: {
        peerHas: () => {},
        pieceVerified: () => {},
        pieceRejected: () => {},
        wantedWhole: () => void this.wholeTimes++,
        chokeSoon: () => {},
        extended: () => {},
        other: () => {},
      },
      allowance: {
        toAsk: () => Infinity,
        asked: (length) => void (this.chargedBytes += length),
        refund: (length) => void (this.chargedBytes -= length),
        toSend: () => Infinity,
        sent: () => {},
      },
      nextPeerKey: () => ++this.#key,
    })
    const hashes = new Uint8Array(20 * pieceCount).fill(7)
    this.torrent.setContent({ layout, verifier: { kind: 'sha1', hashes } } as unknown as Metainfo, this.ledger)
    this.torrent.startFetching()
  }

  #effects(): Effects {
    const call = (kind: Call['kind'], extent: Extent, last: boolean): void => {
      const bytes = kind === 'readBack' ? this.memory.take(extent.lengthBytes) : extent.bytes
      if (kind === 'hash') extent.bytes = undefined
      this.calls.push({ kind, extent, last, bytes })
    }
    return {
      flush: () => {},
      hash: (extent, last) => call('hash', extent, last),
      readBack: (extent, last) => call('readBack', extent, last),
      fingerprint: (open) => this.#fingerprint(open),
      write: (extent) => call('write', extent, true),
      serve: () => {},
      keepAlive: () => {},
      drop: (peer, reason) => {
        if (reason === 'sent corrupt data') expect(this.liars, 'nobody honest is banned').toContain(peer)
        this.dropped.push(peer)
      },
      settleLater: () => {},
    }
  }

  #fingerprint(open: OpenPiece): void {
    const fingerprint = new Fingerprint(open, { digest } as Hasher)
    const [extent] = fingerprint.missing
    if (extent === undefined) this.torrent.extents.fingerprinted(open, fingerprint.prints)
    else this.calls.push({ kind: 'fingerprint', extent, last: true, bytes: undefined, fingerprint })
  }

  turn(input: () => void): void {
    this.nowMs += 10
    for (const { peer } of this.seats) peer.lastHeardMs = this.nowMs
    input()
    this.torrent.requests.settle(this.nowMs)
    for (const peer of this.dropped.splice(0)) this.leave(peer)
    this.torrent.requests.settle(this.nowMs)
  }

  join(fast: boolean): Seat {
    const hello = { peerId: new Uint8Array(20), supportsFast: fast, supportsExtensions: false, outgoing: true }
    const out = new WireEncoder()
    const endpoint = { kind: 'ip', host: '10.0.0.1', port: this.#key + 1 } as const
    const everAsked = new Set<string>()
    const request = out.request.bind(out)
    out.request = (piece, begin, length) => {
      everAsked.add(`${piece}/${begin / block}`)
      request(piece, begin, length)
    }
    const seat: Seat = {
      peer: this.torrent.peerJoined(out, hello, endpoint, this.nowMs),
      arriving: undefined,
      everAsked,
    }
    seat.peer.abandonBlock = () => {
      if (seat.arriving !== undefined) seat.arriving.target = undefined
    }
    this.seats.push(seat)
    return seat
  }

  /** What is done once a second. */
  housekeep(): void {
    keepHouse(this.torrent, this.#effects(), this.nowMs)
    if (this.budget.refusals > 0) this.ledger.reclaim(this.nowMs - 10_000)
  }

  leave(peer: Peer): void {
    const at = this.seats.findIndex((seat) => seat.peer === peer)
    if (at >= 0) this.seats.splice(at, 1)
    this.torrent.peerLeft(peer)
  }

  /** The first half of a block arrives. */
  startBlock(seat: Seat, piece: number, index: number, good: boolean, length = layout.blockLength(piece, index)): void {
    if (seat.arriving !== undefined) return
    const begin = index * block
    const whole = seat.peer.blockStart(piece, begin, length)
    if (whole === undefined) return
    const target = whole.subarray(seat.peer.blockOffset, seat.peer.blockOffset + length)
    seat.arriving = { piece, begin, length, good, target }
    this.#fill(seat.arriving, 0, length >> 1)
  }

  #fill(arriving: Arriving, from: number, to: number): void {
    const { target } = arriving
    if (target === undefined) return
    expect(this.memory.held.has(target.buffer), 'a block goes where memory is held').toBe(true)
    expect(target.length).toBe(arriving.length)
    target.fill(arriving.good ? fillOf(arriving.piece, arriving.begin / block) : 0xff, from, to)
  }

  endBlock(seat: Seat): void {
    const { arriving } = seat
    if (arriving === undefined) return
    this.#fill(arriving, arriving.length >> 1, arriving.length)
    seat.arriving = undefined
    if (!arriving.good) this.liars.add(seat.peer)
    if (arriving.target !== undefined) seat.peer.blockEnd(arriving.piece, arriving.begin, arriving.length)
  }

  /** Settles a port call. */
  settleCall(at: number, fails: boolean): void {
    const [call] = this.calls.splice(at, 1)
    if (call === undefined) return
    const { extent, kind, last } = call
    if (call.fingerprint !== undefined) {
      this.torrent.extents.fingerprinted(extent.owner, fails ? undefined : this.#printsOf(call.fingerprint))
      return
    }
    const { job, piece } = extent.owner
    if (kind === 'write') {
      if (!fails && call.bytes !== undefined) {
        expect(this.memory.held.has(call.bytes.buffer), 'bytes are lent until the write settles').toBe(true)
        this.disk.set(call.bytes, piece * pieceBytes + extent.begin)
      }
      if (fails) this.torrent.extents.lost(extent)
      else this.torrent.extents.written(extent)
      return
    }
    const at0 = piece * pieceBytes + extent.begin
    const seen = kind === 'hash' ? call.bytes : this.disk.slice(at0, at0 + extent.lengthBytes)
    if (fails) {
      if (call.bytes !== undefined) this.memory.give(call.bytes)
      this.begunJobs.delete(job.id)
      this.torrent.extents.lost(extent)
      return
    }
    this.#hash(extent, seen, last)
    if (call.bytes !== undefined && kind === 'readBack') this.memory.give(call.bytes)
    if (call.bytes !== undefined && kind === 'hash') extent.bytes = this.memory.move(call.bytes)
    const digests = last ? { sha1: new Uint8Array(20).fill(this.#badJobs.has(job.id) ? 0 : 7) } : undefined
    this.torrent.extents.hashed(extent, digests, kind === 'readBack')
  }

  #printsOf(fingerprint: Fingerprint): Uint8Array {
    for (const extent of fingerprint.missing) {
      const from = extent.owner.piece * pieceBytes + extent.begin
      fingerprint.add(extent, this.disk.subarray(from, from + extent.lengthBytes))
    }
    return fingerprint.prints
  }

  readonly #badJobs = new Set<number>()

  #hash(extent: Extent, bytes: Uint8Array | undefined, last: boolean): void {
    const { job, piece } = extent.owner
    if (last) this.begunJobs.delete(job.id)
    else if (!this.droppedJobs.has(job.id)) this.begunJobs.add(job.id)
    const right = bytes?.every((byte, at) => byte === fillOf(piece, Math.floor((extent.begin + at) / block))) === true
    if (!right) this.#badJobs.add(job.id)
  }

  /** What must hold between turns. */
  check(): void {
    this.#checkRequests()
    this.#checkCounts()
    this.#checkMemory()
  }

  #checkRequests(): void {
    const askers = new Map<string, number>()
    for (const { peer } of this.seats) {
      const seen = new Set<string>()
      peer.asked.each((piece, index) => seen.add(`${piece}/${index}`))
      same(seen.size, peer.asked.size, 'what peers and pieces say')
      for (const name of seen) askers.set(name, (askers.get(name) ?? 0) + 1)
    }
    let known = 0
    for (const open of this.ledger.openPieces) {
      for (const [index, state] of open.states.entries()) {
        const owed = askers.get(`${open.piece}/${index}`) ?? 0
        known += owed
        same(owed, state === blockReceived ? 0 : state, 'askers of a block, none of one that is free or received')
      }
      same(open.freeBlocks, open.states.filter((state) => state === blockFree).length, 'what peers and pieces say')
      same(open.states.subarray(0, open.freeFrom).includes(blockFree), false, 'a block before the first that is free')
      same(
        open.missingBlocks,
        open.states.filter((state) => state !== blockReceived).length,
        'what peers and pieces say',
      )
    }
    same(
      known,
      [...askers.values()].reduce((a, b) => a + b, 0),
      'everything asked belongs to an open piece',
    )
  }

  #checkCounts(): void {
    const { ledger, torrent } = this
    const lengthOf = (bits: { nextSet(from: number): number }): number => {
      let sum = 0
      for (let piece = bits.nextSet(0); piece >= 0; piece = bits.nextSet(piece + 1)) sum += layout.pieceLength(piece)
      return sum
    }
    same(torrent.leftBytes, lengthOf(ledger.wanted), 'left')
    same(torrent.verifiedBytes, lengthOf(ledger.have), 'verified')
    for (let piece = 0; piece < pieceCount; piece++) {
      const count = this.seats.filter(({ peer }) => peer.haves.has(piece)).length
      same(torrent.availability.of(piece), count, 'availability')
    }
    for (const { peer } of this.seats) {
      const isOffered = (piece: number): boolean => ledger.wanted.has(piece) && peer.haves.has(piece)
      const offers = Array.from({ length: pieceCount }, (_, piece) => piece).filter(isOffered)
      same(peer.amInterested, offers.length > 0, 'interest')
      same(peer.amInterested ? offers.includes(peer.watched) : peer.watched === -1, true, 'what is watched of a peer')
    }
    let askedBytes = 0
    for (const { peer } of this.seats)
      peer.asked.each((piece, index) => (askedBytes += layout.blockLength(piece, index)))
    same(
      this.chargedBytes,
      askedBytes + torrent.receivedBytes,
      'the rate limit is charged for what is asked and what came',
    )
  }

  #checkMemory(): void {
    const extents = new Set<Extent>(this.calls.map(({ extent }) => extent))
    for (const open of this.ledger.openPieces) for (const extent of open.extents) extents.add(extent)
    const held = new Set<ArrayBufferLike>()
    let charged = 0
    for (const extent of extents) {
      if (extent.charged) charged += extent.lengthBytes
      if (extent.bytes !== undefined) held.add(extent.bytes.buffer)
    }
    for (const { bytes } of this.calls) if (bytes !== undefined) held.add(bytes.buffer)
    for (const { peer } of this.seats) {
      const scratch = peer.placing?.scratch
      if (scratch !== undefined) held.add(scratch.buffer)
    }
    same(this.budget.usedBytes, charged, 'budget')
    same(this.memory.held.size, held.size, 'memory')
  }

  /** Everybody leaves, everything settles: nothing may be left. */
  end(): void {
    this.turn(() => {
      this.torrent.stopFetching()
      for (const { peer } of [...this.seats]) this.leave(peer)
      this.ledger.closeAll()
    })
    while (this.calls.length > 0) this.turn(() => this.settleCall(0, false))
    expect(this.budget.usedBytes).toBe(0)
    expect(this.memory.held.size).toBe(0)
    expect(this.begunJobs.size, 'hash jobs are dropped').toBe(0)
  }
}
