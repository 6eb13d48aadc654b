import type { Bits } from '../bytes/bits.js'
import { Bits as BitSet } from '../bytes/bits.js'
import type { Layout } from '../metainfo/metainfo.js'
import { blockBytes } from '../metainfo/metainfo.js'
import type { Peer } from '../peer/peer.js'
import type { PartialPiece } from '../ports/resume-store.js'
import type { Picks } from '../ports/piece-picker.js'
import { type ArrivalParts, Arrivals } from './arrivals.js'
import type { TakeWatch } from './effects.js'
import { blockFree, type Extent, isAsked, type OpenPiece } from './open-piece.js'
import { OpenPieces, type OpenPiecesParts } from './open-pieces.js'

export type { MemoryBudget } from './open-pieces.js'

export interface LedgerParts extends OpenPiecesParts, ArrivalParts {
  readonly have: Bits
  /** 0 = unwanted, 1 … 7; changed by the ledger only from now on. */
  readonly priorities: Uint8Array
  /** How many of those who owe a block bring nothing: they keep nobody off it. */
  idleAskers(piece: number, block: number): number
}

type TakeHow = Parameters<TakeWatch['took']>[0]['how']

/**
 * Askers of one block at the most, in endgame and wherever a deadline wants it sooner. With four, a swarm of 60 wasted
 * three times as much in its last seconds and was done later: what is sent twice keeps others waiting.
 */
const mostAskers = 2
/** Askers of one block in any case, idle ones included. */
const mostAskersInAll = 4
/**
 * Blocks a peer has asked of it at the most when it joins in endgame: what it brings in a quarter of a second, and one in
 * any case. More would be under way for nothing when the block comes from elsewhere.
 */
const endgameBlocks = 16
const endgameSeconds = 0.25
/** A peer that needs no longer than this for a piece keeps others off it. */
const leadSeconds = 10
const leadIdleMs = 5_000
/** A peer that must bring a piece alone is helped after so long, for each MiB of it: it may be slow on purpose. */
const aloneMs = 60_000
const blocksPerMebibyte = 64

/**
 * Block truth of one torrent, and the `Picks` that pickers write into. A picker ranks pieces; which blocks of them are
 * asked, and whether at all, is decided here. `OpenPieces` holds the books of what is being fetched.
 *
 * Invariant: `wanted` = pieces with a priority that are not had; a piece is had, open, or missing; exactly one.
 */
export class Ledger implements Picks {
  readonly have: Bits
  /** Pieces that are wanted and not had. */
  readonly wanted: Bits
  readonly #parts: LedgerParts
  /** These three are made when the first piece is fetched: torrents that have all do without. */
  #books: OpenPieces | undefined
  #arrivals: Arrivals | undefined
  #exclusive: Set<number> | undefined
  #peer: Peer | undefined
  #takes: TakeWatch | undefined
  #left = 0
  #nowMs = 0
  /** An extent could not be opened since memory is short. */
  #starved = false

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

  get #open(): OpenPieces {
    this.#books ??= new OpenPieces(this.#parts)
    return this.#books
  }

  get arrivals(): Arrivals {
    this.#arrivals ??= new Arrivals(this.#open, this.#parts)
    return this.#arrivals
  }

  get openPieces(): Iterable<OpenPiece> {
    return this.#books?.all() ?? []
  }

  priority(piece: number): number {
    return this.have.has(piece) ? 0 : (this.#parts.priorities[piece] ?? 0)
  }

  /** True if the piece should be downloaded, had or not. */
  isSelected(piece: number): boolean {
    return (this.#parts.priorities[piece] ?? 0) > 0
  }

  // Picks: valid between `begin` and `end`.

  /** Nothing when memory is short: whoever ranks pieces need not try them all. */
  get left(): number {
    return this.#starved ? 0 : this.#left
  }

  /** Since `begin` something was to be had that there was no memory for. */
  get isStarved(): boolean {
    return this.#starved
  }

  /** See `MemoryBudget.frees`. */
  get frees(): number {
    return this.#parts.budget.frees
  }

  /** Some free block has its memory already. */
  get hasReady(): boolean {
    return this.#books !== undefined && this.#books.readyBlocks > 0
  }

  /** Opens the ledger for picks of one peer. `budget` is in blocks; `takes` is told of each piece that is taken of. */
  begin(peer: Peer, budget: number, nowMs: number, takes?: TakeWatch): Picks {
    this.#peer = peer
    this.#takes = takes
    this.#left = budget
    this.#nowMs = nowMs
    this.#starved = false
    return this
  }

  /** Answers how many blocks of the budget were not asked, whatever the reason. */
  end(): number {
    const left = this.#left
    this.#peer = undefined
    this.#takes = undefined
    this.#left = 0
    return left
  }

  take(piece: number, reason: string, limit = Infinity): number {
    const peer = this.#peer
    if (peer === undefined || this.#left <= 0 || !this.#mayAsk(peer, piece)) return 0
    const open = this.#open.get(piece)
    if (open?.freeBlocks === 0) return 0
    if (open !== undefined) return this.#isClosedTo(open, peer) ? 0 : this.#takeFree(open, peer, limit, 'free', reason)
    if (limit <= 0 || this.#open.isHeld(piece) || !this.#hasRoom(piece, peer)) return 0
    const fresh = this.#open.add(piece, peer.isSuspect || this.#exclusive?.has(piece) === true, this.#nowMs)
    return this.#takeFree(fresh, peer, limit, 'free', reason)
  }

  /** Asked before a piece is opened: with many peers and little memory most are refused. */
  #hasRoom(piece: number, peer: Peer): boolean {
    const count = this.layout.blockCount(piece)
    let block = 0
    while (block < count && peer.isBarred(piece, block)) block++
    if (block === count) return false
    const fits = this.#open.fits(piece, block)
    this.#starved ||= !fits
    return fits
  }

  /** Some begun piece has free blocks that the peer may be asked for; in endgame, any. */
  hasBlocksFor(peer: Peer, nowMs: number): boolean {
    this.#nowMs = nowMs
    for (const open of this.#open.partial) {
      if (this.#mayAsk(peer, open.piece) && !this.#isClosedTo(open, peer)) return true
    }
    return this.inEndgame
  }

  takePartials(): number {
    const peer = this.#peer
    if (peer === undefined || this.#left <= 0 || this.#open.partial.size === 0) return 0
    let taken = this.#takeOwn(peer)
    if (this.#left <= 0 || this.#open.partial.size === 0) return taken
    const helpful: OpenPiece[] = []
    for (const open of this.#open.partial) {
      if (!this.#mayAsk(peer, open.piece) || this.#isClosedTo(open, peer) || this.#isLed(open, peer)) continue
      helpful.push(open)
    }
    if (helpful.length > 1) helpful.sort((a, b) => a.missingBlocks - b.missingBlocks)
    // Not `for of`: an iterator makes an object for each step, and this is the path of blocks.
    for (let index = 0; index < helpful.length && this.#left > 0; index++) {
      const open = helpful[index]
      if (open !== undefined) taken += this.#takeFree(open, peer, Infinity, 'begun', 'begun piece')
    }
    return taken
  }

  /** Of pieces that the peer leads; mostly it is one, and enough. */
  #takeOwn(peer: Peer): number {
    let taken = 0
    for (const open of this.#open.partial) {
      if (open.lead !== peer || !this.#mayAsk(peer, open.piece)) continue
      taken += this.#takeFree(open, peer, Infinity, 'begun', 'begun piece')
      if (this.#left <= 0) break
    }
    return taken
  }

  takeBusy(piece: number, reason: string, limit = Infinity): number {
    const peer = this.#peer
    const open = this.#open.get(piece)
    if (peer === undefined || open === undefined || !this.#mayAsk(peer, piece) || this.#isClosedTo(open, peer)) return 0
    return this.#takeAsked(open, peer, limit, 'busy', reason)
  }

  /**
   * The last blocks are asked of several (BEP 3, "end game"); runs after the picker when nothing wanted is free. A few at
   * a time, and from the far end: what was asked last will arrive last, so that two peers meet in the middle.
   */
  takeEndgame(): number {
    const peer = this.#peer
    if (peer === undefined || peer.snubbed || this.#left <= 0 || !this.inEndgame) return 0
    let limit = Math.min(this.#left, endgameRoom(peer) - peer.asked.size)
    let taken = 0
    for (const open of this.#open.all().reverse()) {
      if (limit <= 0) break
      if (open.missingBlocks === 0 || !this.#mayAsk(peer, open.piece) || this.#isClosedTo(open, peer)) continue
      const more = this.#takeAsked(open, peer, limit, 'endgame', 'last blocks')
      taken += more
      limit -= more
    }
    return taken
  }

  /** Every block that is wanted is asked for or received. */
  get inEndgame(): boolean {
    const open = this.#open
    return open.partial.size === 0 && open.size > 0 && open.size === this.wanted.count
  }

  #mayAsk(peer: Peer, piece: number): boolean {
    return this.wanted.has(piece) && peer.haves.has(piece) && (!peer.isChoking || peer.allowed.has(piece))
  }

  /** One peer must bring this piece whole, and another is about to; or this peer must bring its own. */
  #isClosedTo(open: OpenPiece, peer: Peer): boolean {
    const isAlone = (open.exclusive || peer.isSuspect) && open.lead !== peer && this.#hasLead(open)
    return isAlone && this.#nowMs - open.openedAtMs < aloneMs * Math.max(1, open.states.length / blocksPerMebibyte)
  }

  #hasLead({ lead, piece, states }: OpenPiece): boolean {
    if (lead === undefined || lead.snubbed || lead.isBarredFrom(piece, states.length)) return false
    return !lead.isChoking || lead.allowed.has(piece)
  }

  /** Another peer is bringing this piece quickly enough by itself. */
  #isLed(open: OpenPiece, peer: Peer): boolean {
    const { lead } = open
    if (lead === undefined || lead === peer || lead.snubbed) return false
    const quick = lead.downRate * leadSeconds >= this.layout.pieceLength(open.piece)
    return quick && this.#nowMs - open.lastMoveMs < leadIdleMs
  }

  #takeFree(open: OpenPiece, peer: Peer, limit: number, how: TakeHow, reason: string): number {
    if (!this.#hasLead(open)) open.lead = peer
    const books = this.#open
    let taken = 0
    let firstBlock = -1
    const blocks = open.states.length
    for (let block = open.freeFrom; block < blocks && this.#left > 0 && taken < limit && open.freeBlocks > 0; block++) {
      if (open.states[block] !== blockFree || peer.isBarred(open.piece, block)) continue
      if (!books.admit(open, block)) {
        this.#starved = true
        break
      }
      this.#ask(open, block, peer)
      if (taken++ === 0) firstBlock = block
    }
    if (taken > 0) this.#takes?.took({ peer, piece: open.piece, firstBlock, blocks: taken, how, reason })
    return taken
  }

  #takeAsked(open: OpenPiece, peer: Peer, limit: number, how: TakeHow, reason: string): number {
    let taken = 0
    let firstBlock = -1
    for (let block = open.states.length - 1; block >= 0 && this.#left > 0 && taken < limit; block--) {
      const state = open.states[block]
      if (!isAsked(state) || this.#isTaken(open.piece, block, state)) continue
      if (peer.asked.has(open.piece, block) || peer.isBarred(open.piece, block)) continue
      this.#ask(open, block, peer)
      firstBlock = block
      taken++
    }
    if (taken > 0) this.#takes?.took({ peer, piece: open.piece, firstBlock, blocks: taken, how, reason })
    return taken
  }

  /** So many owe the block that no more are asked. */
  #isTaken(piece: number, block: number, askers: number): boolean {
    if (askers < mostAskers || askers >= mostAskersInAll) return askers >= mostAskers
    return askers - this.#parts.idleAskers(piece, block) >= mostAskers
  }

  #ask(open: OpenPiece, block: number, peer: Peer): void {
    this.#left--
    this.#books?.asked(open, block)
    peer.ask(open.piece, block, this.layout.blockLength(open.piece, block), this.#nowMs)
  }

  // Requests that came to nothing.

  /** A block that was asked of a peer will not come from it (choked, rejected, late, gone). */
  release(piece: number, block: number): void {
    const books = this.#books
    const open = books?.get(piece)
    if (open !== undefined) books?.released(open, block)
  }

  /** A peer left: nobody leads what it led. The caller has released what it was asked. */
  peerLeft(peer: Peer): void {
    if (this.#books === undefined) return
    this.arrivals.drop(peer)
    for (const open of this.#books.all()) if (open.lead === peer) open.lead = undefined
  }

  // Extents on their way to the disk.

  /** Pieces that are not whole and have extents on the disk, for a resume record. */
  partial(): PartialPiece[] {
    return this.#books?.onDisk() ?? []
  }

  /** Opens the pieces of a resume record that are wanted, as far as whole extents of them are there. */
  restore(partial: readonly PartialPiece[], nowMs: number): OpenPiece[] {
    return partial.flatMap(({ piece, blocks }) => {
      if (!this.wanted.has(piece) || this.#open.get(piece) !== undefined) return []
      return this.#open.restore(piece, blocks, nowMs) ?? []
    })
  }

  /** True while the extent still belongs to a piece that is being fetched. */
  isCurrent(extent: Extent): boolean {
    return this.#open.isCurrent(extent)
  }

  /** An extent is on the disk: its memory is free again. True: the piece is whole, good, and now had. */
  written(extent: Extent): boolean {
    extent.stage = 'written'
    this.#open.free(extent)
    const open = extent.owner
    if (open.good !== true || !open.written || !this.isCurrent(extent)) return false
    this.#open.finish(open)
    this.#exclusive?.delete(open.piece)
    this.have.add(open.piece)
    this.wanted.delete(open.piece)
    return true
  }

  /** The hash was wrong: the piece starts over. If several contributed, one peer must bring it whole next time. */
  rejected(open: OpenPiece): void {
    if (open.isMixed) {
      this.#exclusive ??= new Set()
      this.#exclusive.add(open.piece)
    }
    this.#open.close(open)
  }

  /** The piece is not begun anew before it is let go: what is on the disk of it is still needed. */
  hold(piece: number): void {
    this.#open.hold(piece)
  }

  letGo(piece: number): void {
    this.#open.letGo(piece)
  }

  /** A port failed for good: the piece starts over, and nobody is to blame. The caller lapses what is asked of it. */
  giveUp(open: OpenPiece): void {
    this.#open.close(open)
  }

  /** A port call for an extent settled whose piece was given up meanwhile. */
  settledLate(extent: Extent): void {
    this.#open.settledLate(extent)
  }

  /** Drops everything that is open; the caller has released what peers were asked. */
  closeAll(): void {
    this.#books?.closeAll()
  }

  /** See `OpenPieces.reclaim`. */
  reclaim(idleSinceMs: number): boolean {
    return this.#books?.reclaim(idleSinceMs) ?? false
  }

  // What is wanted.

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
    const open = this.#books?.get(piece)
    if (open === undefined || priority > 0 || open.missingBlocks === 0) return undefined
    this.#open.close(open)
    return open
  }
}

function endgameRoom({ downRate }: Peer): number {
  return Math.max(1, Math.min(endgameBlocks, Math.ceil((downRate * endgameSeconds) / blockBytes)))
}
