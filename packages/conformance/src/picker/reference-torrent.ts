import type { PeerView, PickView, ReadonlyBits } from '@bitloom/core'
import { NumberSet } from '../kit/bits.js'
import { broken } from '../kit/expect.js'
import { peerView } from '../kit/views.js'

/** Free, asked of so many peers, or here. */
export type BlockState =
  { readonly kind: 'free' | 'received' } | { readonly kind: 'asked'; readonly of: readonly ReferencePeer[] }

export const free: BlockState = { kind: 'free' }
export const received: BlockState = { kind: 'received' }

/** A connected peer. */
export interface ReferencePeer {
  readonly view: PeerView
  readonly haves: NumberSet
  /** Pieces it gives while it chokes us (BEP 6). */
  readonly allowed: ReadonlySet<number>
  isChoking: boolean
}

/** How often a picker may ask torrent, peer and picks in one call: no honest ranking needs more. */
const stepsPerPiece = 100
const stepsBesides = 10_000

/**
 * A torrent that is being downloaded, as plain as can be: the truth that pickers are compared with. Every question is
 * answered by looking at everything, and every question of the picker is counted.
 *
 * Invariant: a piece is had, open (in `open`, block by block), or missing; exactly one.
 */
export class ReferenceTorrent {
  readonly pieceCount: number
  readonly blocksPerPiece: number
  readonly have: NumberSet
  readonly priorities: number[]
  readonly peers = new Set<ReferencePeer>()
  readonly open = new Map<number, BlockState[]>()
  /** Who brings a piece so quickly that others are kept off it. */
  readonly leads = new Map<number, ReferencePeer>()
  /** How many pieces may be open, for want of memory. */
  mostOpen = Infinity
  readonly #seeds = { count: 0 }
  #steps = 0
  #nextKey = 0

  constructor(shape: { readonly pieceCount: number; readonly blocksPerPiece: number }) {
    this.pieceCount = shape.pieceCount
    this.blocksPerPiece = shape.blocksPerPiece
    this.have = new NumberSet(shape.pieceCount)
    this.priorities = Array.from({ length: shape.pieceCount }, () => 4)
  }

  /** Counts one question of the picker. */
  step(): void {
    const most = stepsPerPiece * this.pieceCount + stepsBesides
    if (++this.#steps > most) {
      broken(
        `the picker asked more than ${most} questions in one call, with ${this.pieceCount} pieces: it does not end`,
      )
    }
  }

  /** A call of the picker begins. */
  beginCall(): void {
    this.#steps = 0
  }

  /** What the picker is made with. */
  view(): PickView {
    const { pieceCount, blocksPerPiece } = this
    const pieceLengthBytes = blocksPerPiece * 16_384
    const counted = <T>(answer: T): T => {
      this.step()
      return answer
    }
    return {
      pieceCount,
      pieceLengthBytes,
      lengthBytes: pieceCount * pieceLengthBytes,
      pieceLength: () => counted(pieceLengthBytes),
      zeroTailBytes: () => counted(0),
      blockCount: () => counted(blocksPerPiece),
      blockLength: () => counted(16_384),
      availability: (piece) => counted(this.availability(piece)),
      priority: (piece) => counted(this.priority(piece)),
      nextWanted: (from) => counted(this.nextWanted(from)),
    }
  }

  availability(piece: number): number {
    let count = this.#seeds.count
    for (const { haves } of this.peers) if (haves.has(piece)) count++
    return count
  }

  priority(piece: number): number {
    return this.have.has(piece) ? 0 : (this.priorities[piece] ?? 0)
  }

  nextWanted(from: number): number {
    for (let piece = Math.max(0, from); piece < this.pieceCount; piece++) if (this.priority(piece) > 0) return piece
    return -1
  }

  /** A peer joins; the caller tells the picker. */
  join(
    haves: NumberSet,
    facts: { readonly isChoking?: boolean; readonly allowed?: Iterable<number> } = {},
  ): ReferencePeer {
    const peer: { -readonly [K in keyof ReferencePeer]: ReferencePeer[K] } = {
      haves,
      allowed: new Set(facts.allowed),
      isChoking: facts.isChoking ?? false,
      view: peerView(0),
    }
    const counted = this.#counted(haves)
    peer.view = peerView(++this.#nextKey, {
      haves: counted,
      get isChoking() {
        return peer.isChoking
      },
      get isSeed() {
        return haves.count === haves.length
      },
    })
    this.peers.add(peer)
    return peer
  }

  #counted(haves: NumberSet): ReadonlyBits {
    const count = (): void => this.step()
    return {
      length: haves.length,
      get count() {
        count()
        return haves.count
      },
      has: (index) => (count(), haves.has(index)),
      nextSet: (from) => (count(), haves.nextSet(from)),
      nextClear: (from) => (count(), haves.nextClear(from)),
      toBytes: () => (count(), haves.toBytes()),
    }
  }

  /** What was asked of it is free again. */
  leave(peer: ReferencePeer): void {
    this.peers.delete(peer)
    this.lapse(peer)
    for (const [piece, lead] of this.leads) if (lead === peer) this.leads.delete(piece)
  }

  /** A seed that only counts: it is never asked. Nobody tells the picker of those. */
  changeSeeds(by: number): void {
    this.#seeds.count = Math.max(0, this.#seeds.count + by)
  }

  /** Requests to this peer came to nothing. */
  lapse(peer: ReferencePeer): void {
    for (const states of this.open.values()) {
      for (const [block, state] of states.entries()) {
        if (state.kind !== 'asked' || !state.of.includes(peer)) continue
        const of = state.of.filter((other) => other !== peer)
        states[block] = of.length === 0 ? free : { kind: 'asked', of }
      }
    }
  }

  /** Blocks that this peer owes us. */
  owed(peer: ReferencePeer): { readonly piece: number; readonly block: number }[] {
    return [...this.open].flatMap(([piece, states]) =>
      states.flatMap((state, block) => (state.kind === 'asked' && state.of.includes(peer) ? [{ piece, block }] : [])),
    )
  }

  /** A block came. True: its piece has all of them. */
  arrive(piece: number, block: number): boolean {
    const states = this.open.get(piece)
    if (states === undefined) return false
    states[block] = received
    return states.every(({ kind }) => kind === 'received')
  }

  /** A whole piece was hashed: had, or missing again. */
  finish(piece: number, isGood: boolean): void {
    this.open.delete(piece)
    this.leads.delete(piece)
    if (isGood) this.have.add(piece)
  }

  /** Whether the ledger would let this peer be asked for blocks of this piece at all. */
  mayAsk(peer: ReferencePeer, piece: number): boolean {
    return this.priority(piece) > 0 && peer.haves.has(piece) && (!peer.isChoking || peer.allowed.has(piece))
  }

  freeBlocks(piece: number): number {
    const states = this.open.get(piece)
    return states === undefined ? this.blocksPerPiece : states.filter(({ kind }) => kind === 'free').length
  }

  /** Pieces of which this peer could be asked for something right now. */
  askable(peer: ReferencePeer): number[] {
    const pieces: number[] = []
    for (let piece = 0; piece < this.pieceCount; piece++) {
      if (this.mayAsk(peer, piece) && this.freeBlocks(piece) > 0) pieces.push(piece)
    }
    return pieces
  }

  /** Begun pieces that this peer should help with, nearest to whole first. */
  partials(peer: ReferencePeer): number[] {
    const missing = (piece: number): number =>
      this.open.get(piece)?.filter(({ kind }) => kind !== 'received').length ?? 0
    return this.askable(peer)
      .filter((piece) => this.open.has(piece) && (this.leads.get(piece) ?? peer) === peer)
      .sort((a, b) => missing(a) - missing(b))
  }
}
