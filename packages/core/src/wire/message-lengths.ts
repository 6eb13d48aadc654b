import { blockBytes } from '../bytes/block-bytes.js'
import { ProtocolError } from '../bytes/errors.js'
import { messageIds as ids } from './messages.js'

/** Which lengths are accepted; sizes in bytes. */
export interface LengthLimits {
  /** `undefined` while the metadata is unknown: then a bitfield is bounded by `maxBitfieldBytes` instead. */
  readonly pieceCount?: number | undefined
  /** Largest payload of a `piece` message. Default 16,384: we never ask for more. */
  readonly maxBlockBytes?: number
  /** Longest bitfield while the piece count is unknown. Default 32 KiB. */
  readonly maxBitfieldBytes?: number
  /** Longest extended, hashes or unknown message, with its id. Default 1 MiB. */
  readonly maxMessageBytes?: number
  /** Base ids that an extension claimed, with the exact payload length of each. */
  readonly claimedIds?: Readonly<Record<number, number>> | undefined
}

/** The rules on message lengths (LIMITS, "message length"): a message is judged by its prefix and id alone. */
export class MessageLengths {
  pieceCount: number | undefined
  claimedIds: Readonly<Record<number, number>>
  readonly #maxBlockBytes: number
  readonly #maxBitfieldBytes: number
  readonly #maxMessageBytes: number

  constructor(limits: LengthLimits) {
    this.pieceCount = limits.pieceCount
    this.claimedIds = limits.claimedIds ?? {}
    this.#maxBlockBytes = limits.maxBlockBytes ?? blockBytes
    this.#maxBitfieldBytes = limits.maxBitfieldBytes ?? 32_768
    this.#maxMessageBytes = limits.maxMessageBytes ?? 1_048_576
  }

  /** What no message may exceed, known before its id is. @throws ProtocolError */
  checkAny(size: number): void {
    const bitfieldBytes = this.pieceCount === undefined ? this.#maxBitfieldBytes : (this.pieceCount + 7) >>> 3
    const most = Math.max(this.#maxMessageBytes, this.#maxBlockBytes + 9, bitfieldBytes + 1)
    if (size > most) throw new ProtocolError(`a message of ${size} bytes`, 'PROTOCOL_LIMIT')
  }

  /** `size` is what the prefix says: with the id. @throws ProtocolError */
  check(id: number, size: number): void {
    const exact = this.#exactLength(id)
    if (exact === undefined) this.#checkVarying(id, size)
    else if (size !== exact) throw new ProtocolError(`message ${id} of ${size} bytes instead of ${exact}`)
  }

  /** How what follows the id is taken: as a few numbers, as a whole, or not at all. */
  shapeOf(id: number): 'fields' | 'body' | 'skip' {
    if (id === ids.bitfield || id === ids.port) return 'body'
    if (id < ids.port || (id >= ids.suggest && id <= ids.allowedFast)) return 'fields'
    if (id >= ids.extended && id <= ids.hashReject) return 'body'
    return this.claimedIds[id] === undefined ? 'skip' : 'body'
  }

  #checkVarying(id: number, size: number): void {
    if (id === ids.piece) {
      if (size < 9) throw new ProtocolError(`a block message of ${size} bytes`)
      if (size > this.#maxBlockBytes + 9) throw new ProtocolError(`a block of ${size - 9} bytes`, 'PROTOCOL_LIMIT')
      return
    }
    const most = id === ids.bitfield ? this.#maxBitfieldBytes + 1 : this.#maxMessageBytes
    if (size > most) throw new ProtocolError(`message ${id} of ${size} bytes`, 'PROTOCOL_LIMIT')
    if (id === ids.extended && size < 2) throw new ProtocolError('an extended message without an id')
    if (id === ids.hashes && (size < 49 || (size - 49) % 32 !== 0)) {
      throw new ProtocolError(`a hashes message of ${size} bytes`)
    }
  }

  /** With its id; `undefined` = the length varies. */
  #exactLength(id: number): number | undefined {
    switch (id) {
      case ids.choke:
      case ids.unchoke:
      case ids.interested:
      case ids.notInterested:
      case ids.haveAll:
      case ids.haveNone:
        return 1
      case ids.have:
      case ids.suggest:
      case ids.allowedFast:
        return 5
      case ids.request:
      case ids.cancel:
      case ids.reject:
        return 13
      case ids.bitfield:
        return this.pieceCount === undefined ? undefined : 1 + ((this.pieceCount + 7) >>> 3)
      case ids.piece:
      case ids.extended:
        return undefined
    }
    const claimed = this.claimedIds[id]
    if (claimed !== undefined) return claimed + 1
    if (id === ids.port) return 3
    return id === ids.hashRequest || id === ids.hashReject ? 49 : undefined
  }
}
