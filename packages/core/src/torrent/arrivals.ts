import { blockBytes, type Layout } from '../metainfo/metainfo.js'
import type { Peer } from '../peer/peer.js'
import type { Memory } from '../ports/memory.js'
import { blockReceived, type Extent } from './open-piece.js'
import type { OpenPieces } from './open-pieces.js'

export interface ArrivalParts {
  readonly layout: Layout
  readonly memory: Memory
  /** Cancels are due: `except` brought a block that so many others owe. */
  cancelled(piece: number, block: number, except: Peer, others: number): void
}

/**
 * Blocks on their way from the socket into extents.
 *
 * Invariant: a peer brings one block at a time, `peer.placing`. It goes straight into its extent only when that peer alone
 * was asked for it, else into memory of its own (`scratch`): two that wrote into one place could mix a lie into good data.
 */
export class Arrivals {
  readonly #open: OpenPieces
  readonly #parts: ArrivalParts

  constructor(open: OpenPieces, parts: ArrivalParts) {
    this.#open = open
    this.#parts = parts
  }

  /** Where an arriving block goes, from `peer.blockOffset` on; `undefined` = it is of no use any more. */
  place(peer: Peer, piece: number, begin: number, length: number): Uint8Array | undefined {
    const open = this.#open.get(piece)
    const block = begin / blockBytes
    if (open === undefined || open.states[block] === undefined || open.states[block] === blockReceived) return undefined
    if (length !== this.#parts.layout.blockLength(piece, block)) return undefined
    const extent = open.extentAt(begin)
    if (extent === undefined || !extent.charged) return undefined
    const { memory } = this.#parts
    const alone = open.states[block] === 1 && peer.asked.has(piece, block)
    const scratch = alone ? undefined : memory.take(length)
    const { place } = peer
    place.piece = piece
    place.begin = begin
    place.scratch = scratch
    place.owner = open
    extent.bytes ??= memory.take(extent.lengthBytes)
    peer.blockOffset = scratch === undefined ? begin - extent.begin : 0
    return scratch ?? extent.bytes
  }

  /** The bytes of the block that is arriving from `peer`, before it is counted; `undefined` if it is of no use any more. */
  bytesOf(peer: Peer, length: number): Uint8Array | undefined {
    const { placing } = peer
    if (placing === undefined) return undefined
    const { piece, begin, scratch, owner } = placing
    const open = this.#open.get(piece)
    if (open === undefined || open !== owner || open.states[begin / blockBytes] === blockReceived) return undefined
    const extent = open.extentAt(begin)
    const at = begin - (extent?.begin ?? 0)
    return scratch ?? extent?.bytes?.subarray(at, at + length)
  }

  /**
   * Counts the block that `peer` was bringing, or gives it up unless `keep`. `wasAsked`: it was among what the peer owed.
   * Answers its extent, or `undefined` when the block was not taken.
   */
  count(peer: Peer, keep: boolean, wasAsked: boolean, nowMs: number): Extent | undefined {
    const { placing } = peer
    if (placing === undefined) return undefined
    const { piece, begin, scratch, owner } = placing
    const open = this.#open.get(piece)
    const block = begin / blockBytes
    const extent = open?.extentAt(begin)
    const isOpen = open !== undefined && open === owner && open.states[block] !== blockReceived
    if (!keep || !isOpen || extent?.bytes === undefined) {
      this.drop(peer)
      if (wasAsked && open !== undefined) this.#open.released(open, block)
      return undefined
    }
    if (scratch !== undefined) extent.bytes.set(scratch, begin - extent.begin)
    this.drop(peer)
    open.gave(block, peer)
    const owed = this.#open.received(open, extent, block, nowMs)
    const others = owed - Number(wasAsked)
    if (others > 0) this.#parts.cancelled(piece, block, peer, others)
    return extent
  }

  /** The block that is arriving from this peer has no place any more. */
  drop(peer: Peer): void {
    const { place } = peer
    const { scratch } = place
    place.scratch = undefined
    place.owner = undefined
    if (scratch !== undefined) this.#parts.memory.give(scratch)
  }
}
