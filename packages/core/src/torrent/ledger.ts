import type { Bits } from '../bytes/bits.js'
import { Bits as BitSet } from '../bytes/bits.js'
import { blockBytes, type Layout } from '../metainfo/metainfo.js'
import type { Peer } from '../peer/peer.js'
import type { Memory } from '../ports/memory.js'
import type { Picks } from '../ports/piece-picker.js'
import { blockAsked, blockFree, blockReceived, type Extent, OpenPiece } from './open-piece.js'

/** Bytes asked and not yet written, shared by all torrents of a session. */
export interface MemoryBudget {
  tryTake(lengthBytes: number): boolean
  give(lengthBytes: number): void
}

export interface LedgerParts {
  readonly layout: Layout
  readonly have: Bits
  /** 0 = unwanted, 1 … 7; owned by the ledger from now on. */
  readonly priorities: Uint8Array
  /** A multiple of 16 KiB. */
  readonly extentBytes: number
  readonly budget: MemoryBudget
  readonly memory: Memory
  /** A fresh id for a hash job, unique in the session. */
  nextJobId(): number
  /** A cancel is due: somebody else brought the block. */
  cancelled(piece: number, block: number, except: Peer): void
}

/** Askers of one block at the most, outside endgame and in it. */
const busyAskers = 2
const endgameAskers = 4
/** Blocks a peer has asked of it at the most when it joins in endgame. */
const endgameBlocks = 16
/** A peer that needs no longer than this for a piece keeps others off it. */
const leadSeconds = 10
const leadIdleMs = 5_000

/**
 * Block truth of one torrent, and the `Picks` that pickers write into.
 *
 * Invariant: a block of a wanted missing piece is free, asked, or received; exactly one. `askers` counts the peers whose
 * `asked` queue holds it. An extent holds memory from its first block until it is written, and its budget from the first ask.
 */
export class Ledger implements Picks {
  readonly have: Bits
  /** Pieces that are wanted and not had. */
  readonly wanted: Bits
  readonly #open = new Map<number, OpenPiece>()
  /** Open pieces with free blocks. */
  readonly #partial = new Set<OpenPiece>()
  readonly #exclusive = new Set<number>()
  /** Port calls still under way for pieces that were given up: such a piece is not opened before they settle. */
  readonly #settling = new Map<number, number>()
  readonly #parts: LedgerParts
  #peer: Peer | undefined
  #left = 0
  #nowMs = 0
  /** An extent could not be opened since memory is short. */
  starved = false

  constructor(parts: LedgerParts) {
    this.#parts = parts
    this.have = parts.have
    this.wanted = new BitSet(parts.layout.pieceCount)
    for (let piece = 0; piece < parts.layout.pieceCount; piece++) {
      if (this.priority(piece) > 0) this.wanted.add(piece)
    }
  }

  get layout(): Layout {
    return this.#parts.layout
  }

  get openPieces(): Iterable<OpenPiece> {
    return this.#open.values()
  }

  priority(piece: number): number {
    return this.have.has(piece) ? 0 : (this.#parts.priorities[piece] ?? 0)
  }

  /** True if the piece should be downloaded, had or not. */
  isSelected(piece: number): boolean {
    return (this.#parts.priorities[piece] ?? 0) > 0
  }

  state(piece: number): 'missing' | 'open' | 'checking' | 'have' {
    if (this.have.has(piece)) return 'have'
    const open = this.#open.get(piece)
    if (open === undefined) return 'missing'
    return open.missingBlocks === 0 ? 'checking' : 'open'
  }

  // Picks: valid between `begin` and `end`.

  /** Nothing when memory is short: whoever ranks pieces need not try them all. */
  get left(): number {
    return this.starved ? 0 : this.#left
  }

  /** Blocks of the budget that were not asked, whatever the reason. */
  get unasked(): number {
    return this.#left
  }

  /** Opens the ledger for picks of one peer. `budget` is in blocks. */
  begin(peer: Peer, budget: number, nowMs: number): Picks {
    this.#peer = peer
    this.#left = budget
    this.#nowMs = nowMs
    this.starved = false
    return this
  }

  end(): void {
    this.#peer = undefined
    this.#left = 0
  }

  take(piece: number, _reason: string, limit = Infinity): number {
    const peer = this.#peer
    if (peer === undefined || this.#left <= 0 || !this.#mayAsk(peer, piece)) return 0
    const open = this.#open.get(piece)
    if (open !== undefined) return this.#isClosedTo(open, peer) ? 0 : this.#takeFree(open, peer, limit)
    return this.#takeNew(piece, peer, limit)
  }

  takePartials(): number {
    const peer = this.#peer
    if (peer === undefined || this.#left <= 0 || this.#partial.size === 0) return 0
    const helpful: OpenPiece[] = []
    for (const open of this.#partial) {
      if (this.#mayAsk(peer, open.piece) && !this.#isClosedTo(open, peer) && !this.#isLed(open, peer))
        helpful.push(open)
    }
    helpful.sort((a, b) => Number(b.lead === peer) - Number(a.lead === peer) || a.missingBlocks - b.missingBlocks)
    let taken = 0
    for (const open of helpful) {
      if (this.#left <= 0) break
      taken += this.#takeFree(open, peer, Infinity)
    }
    return taken
  }

  takeBusy(piece: number, _reason: string, limit = Infinity): number {
    const peer = this.#peer
    const open = this.#open.get(piece)
    if (peer === undefined || open === undefined || !this.#mayAsk(peer, piece) || open.exclusive) return 0
    return this.#takeAsked(open, peer, limit, busyAskers)
  }

  /**
   * The last blocks are asked of several (BEP 3, "end game"); runs after the picker when nothing wanted is free. A few at
   * a time, and from the far end: what was asked last will arrive last, so that two peers meet in the middle.
   */
  takeEndgame(): number {
    const peer = this.#peer
    if (peer === undefined || this.#left <= 0 || !this.inEndgame) return 0
    let limit = Math.min(this.#left, endgameBlocks - peer.asked.size)
    let taken = 0
    for (const open of [...this.#open.values()].reverse()) {
      if (limit <= 0) break
      if (open.missingBlocks === 0 || open.exclusive || !this.#mayAsk(peer, open.piece)) continue
      const more = this.#takeAsked(open, peer, limit, endgameAskers)
      taken += more
      limit -= more
    }
    return taken
  }

  /** Every block that is wanted is asked for or received. */
  get inEndgame(): boolean {
    return this.#partial.size === 0 && this.#open.size > 0 && this.#open.size === this.wanted.count
  }

  #mayAsk(peer: Peer, piece: number): boolean {
    return this.wanted.has(piece) && peer.haves.has(piece) && (!peer.isChoking || peer.allowed.has(piece))
  }

  #isClosedTo(open: OpenPiece, peer: Peer): boolean {
    return open.exclusive && open.lead !== undefined && open.lead !== peer
  }

  /** Another peer is bringing this piece quickly enough by itself. */
  #isLed(open: OpenPiece, peer: Peer): boolean {
    const lead = open.lead
    if (lead === undefined || lead === peer || lead.snubbed) return false
    const quick = lead.downRate * leadSeconds >= this.layout.pieceLength(open.piece)
    return quick && this.#nowMs - open.lastMoveMs < leadIdleMs
  }

  #takeNew(piece: number, peer: Peer, limit: number): number {
    if (this.#settling.has(piece)) return 0
    const { layout, extentBytes } = this.#parts
    const plan = { sha1: true, leaves: false, zeroTailBytes: layout.zeroTailBytes(piece) }
    const job = { id: this.#parts.nextJobId(), plan }
    const open = new OpenPiece(piece, job, this.#exclusive.has(piece), layout, extentBytes, this.#nowMs)
    open.lead = peer
    this.#open.set(piece, open)
    this.#partial.add(open)
    const taken = this.#takeFree(open, peer, limit)
    if (taken === 0) this.#close(open)
    return taken
  }

  #takeFree(open: OpenPiece, peer: Peer, limit: number): number {
    open.lead ??= peer
    let taken = 0
    for (let block = 0; block < open.states.length && this.#left > 0 && taken < limit && open.freeBlocks > 0; block++) {
      if (open.states[block] !== blockFree || peer.isBarred(open.piece, block)) continue
      if (!this.#admit(open, block)) break
      open.states[block] = blockAsked
      open.askers[block] = 1
      open.freeBlocks--
      this.#ask(open, block, peer)
      taken++
    }
    if (open.freeBlocks === 0) this.#partial.delete(open)
    return taken
  }

  #takeAsked(open: OpenPiece, peer: Peer, limit: number, mostAskers: number): number {
    let taken = 0
    for (let block = open.states.length - 1; block >= 0 && this.#left > 0 && taken < limit; block--) {
      const askers = open.askers[block] ?? 0
      if (open.states[block] !== blockAsked || askers >= mostAskers) continue
      if (peer.asked.has(open.piece, block) || peer.isBarred(open.piece, block)) continue
      open.askers[block] = askers + 1
      this.#ask(open, block, peer)
      taken++
    }
    return taken
  }

  #admit(open: OpenPiece, block: number): boolean {
    const extent = open.extentAt(block * blockBytes)
    if (extent === undefined || extent.charged) return extent !== undefined
    extent.charged = this.#parts.budget.tryTake(extent.lengthBytes)
    this.starved ||= !extent.charged
    return extent.charged
  }

  #ask(open: OpenPiece, block: number, peer: Peer): void {
    this.#left--
    peer.ask(open.piece, block, this.layout.blockLength(open.piece, block), this.#nowMs)
  }

  // Blocks arriving.

  /** Where an arriving block goes; `undefined` = it is of no use any more. */
  place(peer: Peer, piece: number, begin: number, length: number): Uint8Array | undefined {
    const open = this.#open.get(piece)
    const block = begin / blockBytes
    if (open === undefined || open.states[block] === undefined || open.states[block] === blockReceived) return undefined
    if (length !== this.layout.blockLength(piece, block)) return undefined
    const extent = open.extentAt(begin)
    if (extent === undefined || !extent.charged) return undefined
    const alone = open.askers[block] === 1 && peer.asked.has(piece, block)
    const scratch = alone ? undefined : this.#parts.memory.take(length)
    peer.placing = { piece, begin, scratch }
    extent.bytes ??= this.#parts.memory.take(extent.lengthBytes)
    return scratch ?? extent.bytes.subarray(begin - extent.begin, begin - extent.begin + length)
  }

  /** The bytes of the block that is arriving from `peer`, before it is counted. */
  arrived(peer: Peer, piece: number, begin: number, length: number): Uint8Array | undefined {
    if (peer.placing?.piece !== piece || peer.placing.begin !== begin) return undefined
    const extent = this.#open.get(piece)?.extentAt(begin)
    return peer.placing.scratch ?? extent?.bytes?.subarray(begin - extent.begin, begin - extent.begin + length)
  }

  /** Counts a block whose payload is complete; answers its extent, or `undefined` when it was of no use. */
  received(peer: Peer, piece: number, begin: number, keep: boolean, nowMs: number): Extent | undefined {
    const placing = peer.placing
    peer.placing = undefined
    const open = this.#open.get(piece)
    const block = begin / blockBytes
    const useful =
      placing?.piece === piece && placing.begin === begin && open !== undefined && open.states[block] !== blockReceived
    if (!useful || !keep) {
      this.#dropScratch(placing?.scratch)
      if (open !== undefined) this.#oneAskerLess(open, block)
      return undefined
    }
    const extent = open.extentAt(begin)
    if (extent?.bytes === undefined) return undefined
    if (placing.scratch !== undefined) extent.bytes.set(placing.scratch, begin - extent.begin)
    this.#dropScratch(placing.scratch)
    this.#count(open, extent, block, peer, nowMs)
    return extent
  }

  #count(open: OpenPiece, extent: Extent, block: number, peer: Peer, nowMs: number): void {
    const others =
      open.states[block] === blockAsked && (open.askers[block] ?? 0) > Number(peer.asked.has(open.piece, block))
    if (open.states[block] === blockFree) open.freeBlocks--
    if (open.freeBlocks === 0) this.#partial.delete(open)
    open.states[block] = blockReceived
    open.askers[block] = 0
    open.missingBlocks--
    open.lastMoveMs = nowMs
    open.contributors.add(peer)
    if (--extent.missingBlocks === 0) extent.stage = 'full'
    if (others) this.#parts.cancelled(open.piece, block, peer)
  }

  #dropScratch(scratch: Uint8Array | undefined): void {
    if (scratch !== undefined) this.#parts.memory.give(scratch)
  }

  /** A block that was asked of a peer will not come from it (choked, rejected, late, gone). */
  release(piece: number, block: number): void {
    const open = this.#open.get(piece)
    if (open !== undefined) this.#oneAskerLess(open, block)
  }

  #oneAskerLess(open: OpenPiece, block: number): void {
    if (open.states[block] !== blockAsked) return
    const askers = Math.max(0, (open.askers[block] ?? 0) - 1)
    open.askers[block] = askers
    if (askers > 0) return
    open.states[block] = blockFree
    open.freeBlocks++
    this.#partial.add(open)
  }

  /** The block that is arriving from this peer has no place any more. */
  dropPlacing(peer: Peer): void {
    this.#dropScratch(peer.placing?.scratch)
    peer.placing = undefined
  }

  /** A peer left: nobody leads what it led. The caller has released what it was asked. */
  peerLeft(peer: Peer): void {
    this.dropPlacing(peer)
    for (const open of this.#open.values()) if (open.lead === peer) open.lead = undefined
  }

  // Extents on their way to the disk.

  /** An extent is on the disk: its memory is free again. True: the piece is whole, good, and now had. */
  written(extent: Extent): boolean {
    extent.stage = 'written'
    this.freeExtent(extent)
    const open = extent.owner
    if (open.good !== true || !open.written || this.#open.get(open.piece) !== open) return false
    this.#open.delete(open.piece)
    this.#exclusive.delete(open.piece)
    this.have.add(open.piece)
    this.wanted.delete(open.piece)
    return true
  }

  freeExtent(extent: Extent): void {
    if (extent.bytes !== undefined) this.#parts.memory.give(extent.bytes)
    extent.bytes = undefined
    if (extent.charged) this.#parts.budget.give(extent.lengthBytes)
    extent.charged = false
  }

  /** The hash was wrong: the piece starts over. Answers who contributed. With several, one peer must bring it whole next time. */
  rejected(open: OpenPiece): readonly Peer[] {
    const contributors = [...open.contributors]
    if (contributors.length > 1) this.#exclusive.add(open.piece)
    this.#close(open)
    return contributors
  }

  /** Stops fetching a piece: frees its memory. Extents with a port call under way are freed by its settlement. */
  #close(open: OpenPiece): void {
    this.#open.delete(open.piece)
    this.#partial.delete(open)
    for (const extent of open.extents) {
      if (extent.stage === 'hashing' || extent.stage === 'writing') this.#settle(open.piece, 1)
      else this.freeExtent(extent)
    }
  }

  /** A port call for an extent settled whose piece was given up meanwhile. */
  settledLate(extent: Extent): void {
    this.freeExtent(extent)
    this.#settle(extent.owner.piece, -1)
  }

  #settle(piece: number, change: number): void {
    const count = (this.#settling.get(piece) ?? 0) + change
    if (count > 0) this.#settling.set(piece, count)
    else this.#settling.delete(piece)
  }

  /** True while the extent still belongs to a piece that is being fetched. */
  isCurrent(extent: Extent): boolean {
    return this.#open.get(extent.owner.piece) === extent.owner
  }

  /** Drops everything that is open; the caller has released what peers were asked. */
  closeAll(): void {
    for (const open of this.#open.values()) this.#close(open)
  }

  /** A piece that was had is lost. */
  forget(piece: number): void {
    this.have.delete(piece)
    if (this.priority(piece) > 0) this.wanted.add(piece)
  }

  /** Changes a priority; 0 = unwanted. An open piece that becomes unwanted is dropped unless it is being checked. */
  want(piece: number, priority: number): OpenPiece | undefined {
    this.#parts.priorities[piece] = priority
    if (priority > 0 && !this.have.has(piece)) this.wanted.add(piece)
    else this.wanted.delete(piece)
    const open = this.#open.get(piece)
    if (open === undefined || priority > 0 || open.missingBlocks === 0) return undefined
    this.#close(open)
    return open
  }
}
