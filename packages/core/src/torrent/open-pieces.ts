import { Bits } from '../bytes/bits.js'
import type { Layout } from '../metainfo/metainfo.js'
import { blockBytes } from '../metainfo/metainfo.js'
import type { HashJob, HashPlan } from '../ports/hasher.js'
import type { Memory } from '../ports/memory.js'
import type { PartialPiece } from '../ports/resume-store.js'
import { blockFree, blockReceived, type Extent, isAsked, OpenPiece } from './open-piece.js'

/** Bytes asked and not yet written, shared by all torrents of a session. */
export interface MemoryBudget {
  /** How often somebody was refused so far: tells whether memory is short. */
  readonly refusals: number
  /** Grows whenever memory may have become free: what was refused before may do now. */
  readonly frees: number
  /** As `tryTake`, but takes nothing. */
  fits(lengthBytes: number): boolean
  tryTake(lengthBytes: number): boolean
  give(lengthBytes: number): void
}

export interface OpenPiecesParts {
  readonly layout: Layout
  /** A multiple of 16 KiB. */
  readonly extentBytes: number
  readonly budget: MemoryBudget
  readonly memory: Memory
  /** A fresh id for a hash job, unique in the session. */
  nextJobId(): number
  /** A job that was begun will not be finished. */
  dropHash(job: HashJob): void
}

/** That of pieces without padding at their end: all have the same. */
const plainPlan: HashPlan = Object.freeze({ sha1: true, leaves: false, zeroTailBytes: 0 })

/**
 * The pieces of one torrent that are being fetched, with the memory of their extents.
 *
 * Invariant: the state of a block that is asked is the number of peers whose `asked` queue holds it. An extent holds its
 * budget from the first ask, its buffer from the first block, and both until it is written or given up; while a port call
 * is under way they go with that call's settlement.
 */
export class OpenPieces {
  readonly #open = new Map<number, OpenPiece>()
  readonly #partial = new Set<OpenPiece>()
  /** What is still under way for pieces that were given up: such a piece is not opened before that is over. */
  readonly #settling = new Map<number, number>()
  readonly #parts: OpenPiecesParts
  #readyBlocks = 0

  constructor(parts: OpenPiecesParts) {
    this.#parts = parts
  }

  get size(): number {
    return this.#open.size
  }

  /** Those with free blocks. */
  get partial(): ReadonlySet<OpenPiece> {
    return this.#partial
  }

  /** Free blocks that have their memory. */
  get readyBlocks(): number {
    return this.#readyBlocks
  }

  /** In the order they were opened. */
  all(): OpenPiece[] {
    return [...this.#open.values()]
  }

  get(piece: number): OpenPiece | undefined {
    return this.#open.get(piece)
  }

  /** True while the extent still belongs to a piece that is being fetched. */
  isCurrent(extent: Extent): boolean {
    return this.#open.get(extent.owner.piece) === extent.owner
  }

  /** Port calls of an earlier try are under way: their late writes would spoil another one, so none is opened. */
  isHeld(piece: number): boolean {
    return this.#settling.has(piece)
  }

  /** Opens a piece that is neither open nor held. */
  add(piece: number, exclusive: boolean, nowMs: number): OpenPiece {
    const { layout, extentBytes } = this.#parts
    const zeroTailBytes = layout.zeroTailBytes(piece)
    const plan = zeroTailBytes === 0 ? plainPlan : { ...plainPlan, zeroTailBytes }
    const open = new OpenPiece(piece, { id: this.#parts.nextJobId(), plan }, exclusive, layout, extentBytes, nowMs)
    this.#open.set(piece, open)
    this.#partial.add(open)
    return open
  }

  /** Blocks that are on the disk of pieces that are not whole. */
  onDisk(): PartialPiece[] {
    return this.all().flatMap((open) => {
      const blocks = new Bits(open.states.length)
      for (const extent of open.extents) {
        if (extent.stage === 'written') for (const block of blocksOf(extent)) blocks.add(block)
      }
      return blocks.count === 0 ? [] : { piece: open.piece, blocks: blocks.toBytes() }
    })
  }

  /** Opens a piece with blocks of an earlier run; only whole extents count. `undefined`: there is none, or it cannot be. */
  restore(piece: number, blocks: Uint8Array, nowMs: number): OpenPiece | undefined {
    const count = this.#parts.layout.blockCount(piece)
    if (blocks.length !== (count + 7) >> 3) return undefined
    if (this.isHeld(piece)) return undefined
    const there = Bits.from(blocks, count)
    const open = this.add(piece, false, nowMs)
    const extents = open.extents.filter((extent) => blocksOf(extent).every((block) => there.has(block)))
    if (extents.length === 0) {
      this.close(open)
      return undefined
    }
    open.restore()
    for (const extent of extents) {
      for (const block of blocksOf(extent)) this.received(open, extent, block, nowMs)
      extent.stage = 'written'
    }
    return open
  }

  /** Whether a piece that is not open could get the extent of a block; false when memory is short. */
  fits(piece: number, block: number): boolean {
    const { layout, budget, extentBytes } = this.#parts
    const begin = Math.floor((block * blockBytes) / extentBytes) * extentBytes
    return budget.fits(Math.min(extentBytes, layout.pieceLength(piece) - begin))
  }

  /** Room for the extent of a block; false when memory is short. */
  admit(open: OpenPiece, block: number): boolean {
    const extent = open.extentAt(block * blockBytes)
    if (extent === undefined) return false
    if (extent.charged) return true
    extent.charged = this.#parts.budget.tryTake(extent.lengthBytes)
    if (extent.charged) this.#readyBlocks += freeBlocksOf(extent)
    return extent.charged
  }

  /** One more peer was asked for a block that is not received. */
  asked(open: OpenPiece, block: number): void {
    const askers = open.states[block] ?? 0
    open.states[block] = askers + 1
    if (askers !== blockFree) return
    if (block === open.freeFrom) open.freeFrom++
    this.#lessFree(open, open.extentAt(block * blockBytes))
  }

  /** A block that one peer was asked for will not come from it. */
  released(open: OpenPiece, block: number): void {
    const state = open.states[block]
    if (!isAsked(state)) return
    open.states[block] = state - 1
    if (state > 1) return
    open.freeBlocks++
    open.freeFrom = Math.min(open.freeFrom, block)
    if (open.extentAt(block * blockBytes)?.charged === true) this.#readyBlocks++
    this.#partial.add(open)
  }

  /** A block is there. Answers how many peers still owe it, the one that brought it included. */
  received(open: OpenPiece, extent: Extent, block: number, nowMs: number): number {
    const askers = open.states[block] ?? 0
    if (askers === blockFree) this.#lessFree(open, extent)
    open.states[block] = blockReceived
    open.missingBlocks--
    open.lastMoveMs = nowMs
    if (--extent.missingBlocks === 0) extent.stage = 'full'
    return askers
  }

  /** The piece is had: nothing of it is held any more. */
  finish(open: OpenPiece): void {
    this.#open.delete(open.piece)
    this.#partial.delete(open)
  }

  /** Gives a piece up and frees its memory. The caller lapses what peers were asked of it. */
  close(open: OpenPiece): void {
    this.finish(open)
    let hashing = false
    for (const extent of open.extents) {
      hashing ||= extent.stage === 'hashing'
      if (extent.stage === 'hashing' || extent.stage === 'writing') this.hold(open.piece)
      else this.free(extent)
    }
    if (!hashing && open.hashNext > 0 && open.good === undefined) this.#parts.dropHash(open.job)
  }

  closeAll(): void {
    for (const open of this.all()) this.close(open)
  }

  /** A port call settled for an extent whose piece was given up meanwhile. */
  settledLate(extent: Extent): void {
    if (extent.stage === 'hashing') this.#parts.dropHash(extent.owner.job)
    this.free(extent)
    this.letGo(extent.owner.piece)
  }

  /** The piece is not opened before it is let go as often as it was held. */
  hold(piece: number): void {
    this.#settling.set(piece, (this.#settling.get(piece) ?? 0) + 1)
  }

  letGo(piece: number): void {
    const count = (this.#settling.get(piece) ?? 0) - 1
    if (count > 0) this.#settling.set(piece, count)
    else this.#settling.delete(piece)
  }

  free(extent: Extent): void {
    if (extent.bytes !== undefined) this.#parts.memory.give(extent.bytes)
    extent.bytes = undefined
    if (!extent.charged) return
    this.#readyBlocks -= freeBlocksOf(extent)
    this.#parts.budget.give(extent.lengthBytes)
    extent.charged = false
  }

  #lessFree(open: OpenPiece, extent: Extent | undefined): void {
    if (extent?.charged === true) this.#readyBlocks--
    if (--open.freeBlocks === 0) this.#partial.delete(open)
  }

  /**
   * Memory is short: gives up pieces that hold some and that nobody is bringing since `idleSinceMs`, so that a paused
   * torrent, or one whose peers went, does not keep the others from downloading. True if any was given up.
   */
  reclaim(idleSinceMs: number): boolean {
    let found = false
    for (const open of this.all()) {
      const holds = open.extents.some((extent) => extent.charged && extent.stage === 'filling')
      if (!holds || open.lastMoveMs > idleSinceMs || open.states.some(isAsked)) continue
      this.close(open)
      found = true
    }
    return found
  }
}

function freeBlocksOf({ owner, begin, lengthBytes }: Extent): number {
  if (owner.freeBlocks === 0) return 0
  const end = Math.ceil((begin + lengthBytes) / blockBytes)
  let free = 0
  for (let block = begin / blockBytes; block < end; block++) if (owner.states[block] === blockFree) free++
  return free
}

function blocksOf({ begin, lengthBytes }: Extent): number[] {
  const first = begin / blockBytes
  return Array.from({ length: Math.ceil(lengthBytes / blockBytes) }, (_, index) => first + index)
}
