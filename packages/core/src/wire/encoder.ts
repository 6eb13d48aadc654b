import { messageIds as ids, writeUint32 } from './messages.js'
import type { Wire } from './wire.js'

/** What precedes a block's payload: length prefix, id, piece, begin (BEP 3, "piece"). */
export const blockHeaderBytes = 13

/** So much lives on the JavaScript heap itself (V8), which costs a fraction of a buffer outside of it. */
const smallSlabBytes = 64
const largeSlabBytes = 512

/** Writes the 13 bytes before a block of `length` bytes into `into` from `at`. */
export function blockHeader(into: Uint8Array, at: number, piece: number, begin: number, length: number): void {
  writeUint32(into, at, length + 9)
  into[at + 4] = ids.piece
  writeUint32(into, at + 5, piece)
  writeUint32(into, at + 9, begin)
}

/**
 * Peer messages to bytes: each call appends one message to a slab, which leaves whole by `takeOutput`, once a turn. A few
 * bytes leave as a copy instead, and their slab stays: most turns have one HAVE to say.
 * Whether the remote may be sent a message (fast extension, extension protocol) is the caller's concern.
 */
export class WireEncoder implements Wire {
  #room = new Uint8Array(smallSlabBytes)
  #length = 0

  /** Bytes that wait for `takeOutput`. */
  get pendingBytes(): number {
    return this.#length
  }

  /** All messages so far, in order, now the caller's; `undefined` = nothing to send. */
  takeOutput(): Uint8Array | undefined {
    const [room, length] = [this.#room, this.#length]
    if (length === 0) return undefined
    this.#length = 0
    if (room.length === smallSlabBytes) return room.slice(0, length)
    this.#room = new Uint8Array(smallSlabBytes)
    return room.subarray(0, length)
  }

  keepAlive(): void {
    const at = this.#reserve(4)
    writeUint32(this.#room, at, 0)
  }

  choke(on: boolean): void {
    this.#start(on ? ids.choke : ids.unchoke, 0)
  }

  interested(on: boolean): void {
    this.#start(on ? ids.interested : ids.notInterested, 0)
  }

  have(piece: number): void {
    this.#number(ids.have, piece)
  }

  /** Copies `bits`. */
  bitfield(bits: Uint8Array): void {
    const at = this.#start(ids.bitfield, bits.length)
    this.#room.set(bits, at)
  }

  haveAll(): void {
    this.#start(ids.haveAll, 0)
  }

  haveNone(): void {
    this.#start(ids.haveNone, 0)
  }

  request(piece: number, begin: number, length: number): void {
    this.#block(ids.request, piece, begin, length)
  }

  cancel(piece: number, begin: number, length: number): void {
    this.#block(ids.cancel, piece, begin, length)
  }

  reject(piece: number, begin: number, length: number): void {
    this.#block(ids.reject, piece, begin, length)
  }

  suggest(piece: number): void {
    this.#number(ids.suggest, piece)
  }

  allowFast(piece: number): void {
    this.#number(ids.allowedFast, piece)
  }

  /** Copies `payload`. */
  extended(id: number, payload: Uint8Array): void {
    const at = this.#start(ids.extended, payload.length + 1)
    this.#room[at] = id
    this.#room.set(payload, at + 1)
  }

  /** Copies `payload`. */
  other(id: number, payload: Uint8Array): void {
    const at = this.#start(id, payload.length)
    this.#room.set(payload, at)
  }

  /**
   * Appends a block whose payload the caller fills into the gap before anything else is encoded or taken.
   * Runs that are read asynchronously are built in a slab of their own by `blockHeader`.
   */
  blockStart(piece: number, begin: number, length: number): Uint8Array {
    const at = this.#reserve(blockHeaderBytes + length)
    blockHeader(this.#room, at, piece, begin, length)
    return this.#room.subarray(at + blockHeaderBytes, at + blockHeaderBytes + length)
  }

  /** Nothing is left to do: the gap is part of the output. */
  blockEnd(_piece: number, _begin: number, _length: number): void {}

  #number(id: number, value: number): void {
    const at = this.#start(id, 4)
    writeUint32(this.#room, at, value)
  }

  #block(id: number, piece: number, begin: number, length: number): void {
    const at = this.#start(id, 12)
    const room = this.#room
    writeUint32(room, at, piece)
    writeUint32(room, at + 4, begin)
    writeUint32(room, at + 8, length)
  }

  /** Appends prefix and id; answers where the `payloadBytes` go. */
  #start(id: number, payloadBytes: number): number {
    const at = this.#reserve(5 + payloadBytes)
    writeUint32(this.#room, at, payloadBytes + 1)
    this.#room[at + 4] = id
    return at + 5
  }

  #reserve(lengthBytes: number): number {
    const at = this.#length
    const needed = at + lengthBytes
    if (needed > this.#room.length) {
      const grown = new Uint8Array(Math.max(needed, this.#room.length * 8, largeSlabBytes))
      grown.set(this.#room)
      this.#room = grown
    }
    this.#length = needed
    return at
  }
}
