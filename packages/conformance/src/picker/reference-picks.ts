import type { Picks } from '@bitloom/core'
import { show } from '../kit/expect.js'
import { free, type ReferencePeer, type ReferenceTorrent } from './reference-torrent.js'

/** Blocks of one piece that were taken by one call. */
export interface Taken {
  readonly piece: number
  readonly blocks: number
  readonly reason: string
  /** It was missing whole: this began it. */
  readonly isNew: boolean
}

/** What a picker did that no ledger could hold against it, and that is wrong all the same. */
export interface Misuse {
  readonly kind: 'piece' | 'reason' | 'after the call'
  readonly what: string
}

/** The most askers of one block outside of endgame. */
const busyAskers = 2

/** `Picks` of one call over a reference torrent: it notes what is taken and what is asked amiss. */
export class ReferencePicks implements Picks {
  readonly taken: Taken[] = []
  readonly misuses: Misuse[] = []
  readonly #torrent: ReferenceTorrent
  readonly #peer: ReferencePeer
  /** Called before blocks of a piece are taken. */
  readonly #watch: (piece: number) => unknown
  #left: number
  #isShort = false
  #isOver = false

  constructor(
    torrent: ReferenceTorrent,
    peer: ReferencePeer,
    budget: number,
    watch: (piece: number) => unknown = () => {},
  ) {
    this.#torrent = torrent
    this.#peer = peer
    this.#left = budget
    this.#watch = watch
  }

  /** The call is over: from here on the picks are dead. */
  end(): void {
    this.#isOver = true
  }

  /** Blocks of the budget that nobody took. */
  get unused(): number {
    return this.#isShort ? 0 : this.#left
  }

  get left(): number {
    return this.#isAlive('left') ? this.unused : 0
  }

  take(piece: number, reason: string, limit = Infinity): number {
    if (!this.#isAlive('take') || !this.#isSound('take', piece, reason)) return 0
    if (this.#left <= 0 || !this.#torrent.mayAsk(this.#peer, piece)) return 0
    return this.#takeFree(piece, reason, limit)
  }

  takePartials(): number {
    if (!this.#isAlive('takePartials')) return 0
    let taken = 0
    for (const piece of this.#torrent.partials(this.#peer)) {
      if (this.#left > 0) taken += this.#takeFree(piece, 'partial', Infinity)
    }
    return taken
  }

  takeBusy(piece: number, reason: string, limit = Infinity): number {
    if (!this.#isAlive('takeBusy') || !this.#isSound('takeBusy', piece, reason)) return 0
    const states = this.#torrent.open.get(piece)
    if (states === undefined || !this.#torrent.mayAsk(this.#peer, piece)) return 0
    let blocks = 0
    for (const [block, state] of states.entries()) {
      if (this.#left <= 0 || blocks >= limit) break
      if (state.kind !== 'asked' || state.of.length >= busyAskers || state.of.includes(this.#peer)) continue
      states[block] = { kind: 'asked', of: [...state.of, this.#peer] }
      this.#left--
      blocks++
    }
    return this.#note(piece, blocks, reason, false)
  }

  #takeFree(piece: number, reason: string, limit: number): number {
    const { open, mostOpen, blocksPerPiece } = this.#torrent
    const isNew = !open.has(piece)
    if (isNew && open.size >= mostOpen) {
      this.#isShort = true
      return 0
    }
    const blocks = Math.min(this.#left, Math.max(0, Math.floor(limit)), this.#torrent.freeBlocks(piece))
    if (!(blocks > 0)) return 0
    this.#watch(piece)
    const states = open.get(piece) ?? Array.from({ length: blocksPerPiece }, () => free)
    open.set(piece, states)
    for (let asked = 0; asked < blocks; asked++) {
      states[states.findIndex(({ kind }) => kind === 'free')] = { kind: 'asked', of: [this.#peer] }
    }
    this.#left -= blocks
    return this.#note(piece, blocks, reason, isNew)
  }

  #note(piece: number, blocks: number, reason: string, isNew: boolean): number {
    if (blocks > 0) this.taken.push({ piece, blocks, reason, isNew })
    return blocks
  }

  #isAlive(call: string): boolean {
    this.#torrent.step()
    if (this.#isOver) this.misuses.push({ kind: 'after the call', what: `picks.${call} after pick had returned` })
    return !this.#isOver
  }

  #isSound(call: string, piece: number, reason: unknown): boolean {
    const { pieceCount } = this.#torrent
    const isPiece = Number.isInteger(piece) && piece >= 0 && piece < pieceCount
    if (!isPiece) this.misuses.push({ kind: 'piece', what: `picks.${call}(${show(piece)}), with ${pieceCount} pieces` })
    if (typeof reason !== 'string' || reason === '') {
      this.misuses.push({ kind: 'reason', what: `picks.${call}(${piece}, ${show(reason)})` })
    }
    return isPiece
  }
}
