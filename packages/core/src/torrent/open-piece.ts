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

export const blockFree = 0
export const blockAsked = 1
export const blockReceived = 2

/** A wanted piece that is being fetched. Plain data with its own bookkeeping; the ledger decides. */
export class OpenPiece {
  readonly states: Uint8Array
  /** How many peers owe us each block. */
  readonly askers: Uint8Array
  readonly extents: readonly Extent[]
  freeBlocks: number
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
  /** Who brought each block. */
  readonly givers: (Peer | undefined)[]

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
    this.askers = new Uint8Array(blocks)
    this.givers = Array.from<Peer | undefined>({ length: blocks })
    this.freeBlocks = blocks
    this.missingBlocks = blocks
    this.lastMoveMs = nowMs
    this.openedAtMs = nowMs
    const length = (blocks - 1) * blockBytes + layout.blockLength(piece, blocks - 1)
    this.extents = Array.from({ length: Math.ceil(length / extentBytes) }, (_, index): Extent => {
      const begin = index * extentBytes
      const lengthBytes = Math.min(extentBytes, length - begin)
      const missingBlocks = Math.ceil(lengthBytes / blockBytes)
      return {
        owner: this,
        index,
        begin,
        lengthBytes,
        bytes: undefined,
        missingBlocks,
        stage: 'filling',
        unhashed: true,
        charged: false,
      }
    })
  }

  get contributors(): readonly Peer[] {
    return [...new Set(this.givers)].filter((giver) => giver !== undefined)
  }

  /** If it is bad it cannot be told at once who is to blame. */
  get isMixed(): boolean {
    return this.isRestored || this.contributors.length > 1
  }

  get written(): boolean {
    return this.extents.every((extent) => extent.stage === 'written')
  }

  extentAt(begin: number): Extent | undefined {
    const size = this.extents[0]?.lengthBytes ?? blockBytes
    return this.extents[Math.floor(begin / size)]
  }
}
