import { GrowingBuffer } from './growing-buffer.js'
import { type LengthLimits, MessageLengths } from './message-lengths.js'
import { messageIds as ids, readUint32 } from './messages.js'
import type { Wire } from './wire.js'

/** What a decoder accepts, and whom it tells. */
export interface DecoderLimits extends LengthLimits {
  /** A message of length 0 came. */
  readonly onKeepAlive?: () => void
}

/** The part of a message that comes next. */
type State = 'header' | 'fields' | 'payload' | 'body' | 'skip'

/**
 * Peer messages from bytes, at any split (BEP 3, "peer messages"; BEP 6, 10, 52). Length and id are checked before anything
 * of a message is kept, and what is kept grows with received bytes, never with a declared size.
 *
 * Invariant: `#left` bytes of the present part are still to come; in state `header` and `fields` the bytes of the part so
 * far are the first `#held` of `#small`, in state `body` they are in `#large`. Between messages nothing is held.
 */
export class MessageDecoder {
  readonly #sink: Wire
  readonly #lengths: MessageLengths
  readonly #onKeepAlive: (() => void) | undefined
  #state: State = 'header'
  #id = 0
  #left = 0
  readonly #small = new Uint8Array(12)
  #held = 0
  readonly #large = new GrowingBuffer()
  #piece = 0
  #begin = 0
  #length = 0
  #target: Uint8Array | undefined
  #offset = 0

  /** Calls `sink` for each message, in order and within `push`. */
  constructor(sink: Wire, limits: DecoderLimits = {}) {
    this.#sink = sink
    this.#lengths = new MessageLengths(limits)
    this.#onKeepAlive = limits.onKeepAlive
  }

  /** Bytes of an unfinished message that are held here, not counting a block's payload, which goes to its target at once. */
  get heldBytes(): number {
    return this.#held + this.#large.length
  }

  /** From the next bitfield on its length must be exactly that of so many pieces. */
  setPieceCount(pieceCount: number): void {
    this.#lengths.pieceCount = pieceCount
  }

  /** Extensions came or went: from the next message on, these base ids are claimed. */
  setClaimedIds(claimedIds: Readonly<Record<number, number>>): void {
    this.#lengths.claimedIds = claimedIds
  }

  /** The block that is arriving has lost its target: the rest of it is skipped, and `blockEnd` is not called for it. */
  skipPayload(): void {
    if (this.#state !== 'payload') return
    this.#target = undefined
    this.#state = 'skip'
  }

  /**
   * Takes the first `length` bytes of `bytes`, which are the caller's again afterwards.
   * @throws ProtocolError at the first broken message, after all before it took effect; the decoder is of no use after that
   */
  push(bytes: Uint8Array, length: number): void {
    let at = 0
    while (at < length) {
      switch (this.#state) {
        case 'header':
          at = this.#takeHeader(bytes, at, length)
          break
        case 'fields':
          at = this.#takeFields(bytes, at, length)
          break
        case 'payload':
          at = this.#takePayload(bytes, at, length)
          break
        case 'body':
          at = this.#takeBody(bytes, at, length)
          break
        case 'skip':
          at = this.#takeSkipped(at, length)
          break
      }
    }
  }

  #takeHeader(bytes: Uint8Array, at: number, end: number): number {
    if (this.#held === 0 && end - at >= 5) {
      const size = readUint32(bytes, at)
      if (size === 0) return this.#keepAlive(at + 4)
      this.#startMessage(bytes[at + 4] ?? 0, size)
      return at + 5
    }
    this.#small[this.#held++] = bytes[at] ?? 0
    if (this.#held < 4) return at + 1
    const size = readUint32(this.#small, 0)
    if (size === 0) return this.#keepAlive(at + 1)
    if (this.#held === 4) {
      this.#lengths.checkAny(size)
      return at + 1
    }
    this.#held = 0
    this.#startMessage(this.#small[4] ?? 0, size)
    return at + 1
  }

  #keepAlive(next: number): number {
    this.#held = 0
    this.#onKeepAlive?.()
    return next
  }

  #startMessage(id: number, size: number): void {
    this.#id = id
    this.#lengths.check(id, size)
    this.#length = size - 9
    if (id === ids.piece) this.#expect('fields', 8)
    else this.#expect(this.#lengths.shapeOf(id), size - 1)
  }

  #expect(state: State, lengthBytes: number): void {
    this.#state = state
    this.#left = lengthBytes
    if (lengthBytes > 0) return
    this.#state = 'header'
    if (state === 'fields') this.#dispatch(this.#small, 0)
    else if (state === 'body') this.#deliver(this.#small.subarray(0, 0))
  }

  #takeFields(bytes: Uint8Array, at: number, end: number): number {
    const size = this.#left
    if (this.#held === 0 && end - at >= size) {
      this.#finishFields(bytes, at)
      return at + size
    }
    const stop = Math.min(end, at + this.#left)
    this.#left -= stop - at
    for (let from = at; from < stop; from++) this.#small[this.#held++] = bytes[from] ?? 0
    if (this.#left === 0) {
      this.#held = 0
      this.#finishFields(this.#small, 0)
    }
    return stop
  }

  #finishFields(from: Uint8Array, at: number): void {
    this.#state = 'header'
    this.#dispatch(from, at)
  }

  #dispatch(from: Uint8Array, at: number): void {
    const sink = this.#sink
    switch (this.#id) {
      case ids.choke:
        return sink.choke(true)
      case ids.unchoke:
        return sink.choke(false)
      case ids.interested:
        return sink.interested(true)
      case ids.notInterested:
        return sink.interested(false)
      case ids.have:
        return sink.have(readUint32(from, at))
      case ids.suggest:
        return sink.suggest(readUint32(from, at))
      case ids.allowedFast:
        return sink.allowFast(readUint32(from, at))
      case ids.haveAll:
        return sink.haveAll()
      case ids.haveNone:
        return sink.haveNone()
      case ids.request:
        return sink.request(readUint32(from, at), readUint32(from, at + 4), readUint32(from, at + 8))
      case ids.cancel:
        return sink.cancel(readUint32(from, at), readUint32(from, at + 4), readUint32(from, at + 8))
      case ids.reject:
        return sink.reject(readUint32(from, at), readUint32(from, at + 4), readUint32(from, at + 8))
      default:
        return this.#startBlock(readUint32(from, at), readUint32(from, at + 4))
    }
  }

  #startBlock(piece: number, begin: number): void {
    this.#piece = piece
    this.#begin = begin
    const target = this.#sink.blockStart(piece, begin, this.#length)
    if (target === undefined) {
      this.#expect('skip', this.#length)
    } else if (this.#length === 0) {
      this.#sink.blockEnd(piece, begin, 0)
    } else {
      this.#target = target
      this.#offset = this.#sink.blockOffset ?? 0
      this.#expect('payload', this.#length)
    }
  }

  #takePayload(bytes: Uint8Array, at: number, end: number): number {
    const stop = Math.min(end, at + this.#left)
    this.#target?.set(bytes.subarray(at, stop), this.#offset + this.#length - this.#left)
    this.#left -= stop - at
    if (this.#left === 0) {
      this.#target = undefined
      this.#state = 'header'
      this.#sink.blockEnd(this.#piece, this.#begin, this.#length)
    }
    return stop
  }

  #takeBody(bytes: Uint8Array, at: number, end: number): number {
    const stop = Math.min(end, at + this.#left)
    const received = bytes.subarray(at, stop)
    this.#left -= received.length
    if (this.#left > 0) {
      this.#large.append(received)
      return stop
    }
    this.#state = 'header'
    if (this.#large.length === 0) {
      this.#deliver(received)
    } else {
      this.#large.append(received)
      this.#deliver(this.#large.take())
    }
    return stop
  }

  #deliver(body: Uint8Array): void {
    if (this.#id === ids.bitfield) this.#sink.bitfield(body)
    else if (this.#id === ids.extended) this.#sink.extended(body[0] ?? 0, body.subarray(1))
    else this.#sink.other(this.#id, body)
  }

  #takeSkipped(at: number, end: number): number {
    const stop = Math.min(end, at + this.#left)
    this.#left -= stop - at
    if (this.#left === 0) this.#state = 'header'
    return stop
  }
}
