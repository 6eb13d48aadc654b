import type { HashJob } from '../ports/hasher.js'
import type { Layout } from '../metainfo/metainfo.js'
import { blockBytes } from '../metainfo/metainfo.js'
import type { Peer } from '../peer/peer.js'

/**
 * A contiguous run of blocks of one piece: what is hashed and written in one go.
 * `filling` → (all blocks there) `full` → `hashing` → `writing` → `written`. An extent that is full before those in
 * front of it goes `full` → `writing` → `written` and is read back for hashing later (`unhashed` stays true till then).
 */
export interface Extent {
  readonly owner: OpenPiece
  readonly index: number
  readonly begin: number
  readonly lengthBytes: number
  /** Its buffer, from the first block received until it is written. */
  bytes: Uint8Array | undefined
  missingBlocks: number
  stage: 'filling' | 'full' | 'hashing' | 'writing' | 'written'
  unhashed: boolean
  /** Its memory is charged to the budget. */
  charged: boolean
}

/** States of a block; one between them is asked, of so many peers. */
export const blockFree = 0
export const blockReceived = 255

/** `state` is `undefined` where there is no such block. */
export function isAsked(state: number | undefined): state is number {
  return state !== undefined && state !== blockFree && state !== blockReceived
}

/** A wanted piece that is being fetched. Plain data with its own bookkeeping; the ledger decides. */
export class OpenPiece {
  /** By block: `blockFree`, how many peers owe it to us, or `blockReceived`. */
  readonly states: Uint8Array
  readonly extents: readonly Extent[]
  freeBlocks: number
  /** No block before this one is free. */
  freeFrom = 0
  missingBlocks: number
  /** The next extent to hash. */
  hashNext = 0
  /** The digests match; set when the last extent was hashed. */
  good: boolean | undefined
  /** Who opened it: others leave it alone while this peer is quick. */
  lead: Peer | undefined
  lastMoveMs: number
  readonly openedAtMs: number
  /** An earlier run brought some of it, and nobody knows of whom. */
  isRestored = false
  /** Who brought all that is there, as long as that is one peer. */
  #giver: Peer | undefined
  /** Who brought each block, once that is more than one. */
  #givers: (Peer | undefined)[] | undefined

  constructor(
    readonly piece: number,
    readonly job: HashJob,
    /** After a mixed failure: one peer must bring it whole. */
    readonly exclusive: boolean,
    layout: Layout,
    extentBytes: number,
    nowMs: number,
  ) {
    const blocks = layout.blockCount(piece)
    this.states = new Uint8Array(blocks)
    this.freeBlocks = blocks
    this.missingBlocks = blocks
    this.lastMoveMs = nowMs
    this.openedAtMs = nowMs
    const length = (blocks - 1) * blockBytes + layout.blockLength(piece, blocks - 1)
    // Mostly it is the only one: an array that grows has room for 17.
    const extents = [newExtent(this, 0, 0, Math.min(extentBytes, length))]
    for (let begin = extentBytes; begin < length; begin += extentBytes) {
      extents.push(newExtent(this, extents.length, begin, Math.min(extentBytes, length - begin)))
    }
    this.extents = extents
  }

  /** Some of it is there from an earlier run; comes before those blocks do. */
  restore(): void {
    this.isRestored = true
    this.#givers = this.#giversSoFar()
  }

  /** Notes who brings a block, before it counts as received. */
  gave(block: number, peer: Peer): void {
    this.#giver ??= peer
    if (this.#giver !== peer) this.#givers ??= this.#giversSoFar()
    if (this.#givers !== undefined) this.#givers[block] = peer
  }

  #giversSoFar(): (Peer | undefined)[] {
    const givers: (Peer | undefined)[] = []
    for (let block = 0; block < this.states.length; block++) {
      givers.push(this.states[block] === blockReceived ? this.#giver : undefined)
    }
    return givers
  }

  /** Who brought each block. */
  get givers(): readonly (Peer | undefined)[] {
    return this.#givers ?? this.#giversSoFar()
  }

  get contributors(): readonly Peer[] {
    return [...new Set(this.givers)].filter((giver) => giver !== undefined)
  }

  /** If it is bad it cannot be told at once who is to blame. */
  get isMixed(): boolean {
    return this.isRestored || this.contributors.length > 1
  }

  get written(): boolean {
    for (let index = 0; index < this.extents.length; index++) {
      if (this.extents[index]?.stage !== 'written') return false
    }
    return true
  }

  /** That of a block of the piece which begins there. */
  extentAt(begin: number): Extent | undefined {
    const first = this.extents[0]
    if (this.extents.length === 1) return first
    return this.extents[Math.floor(begin / (first?.lengthBytes ?? blockBytes))]
  }
}

function newExtent(owner: OpenPiece, index: number, begin: number, lengthBytes: number): Extent {
  return {
    owner,
    index,
    begin,
    lengthBytes,
    bytes: undefined,
    missingBlocks: Math.ceil(lengthBytes / blockBytes),
    stage: 'filling',
    unhashed: true,
    charged: false,
  }
}
