import { blockHeader, blockHeaderBytes, messageIds } from '@bitloom/core'
import type { Fifo } from './host.js'
import { SymbolicBytes } from './symbolic-bytes.js'

/** Writes of this size wait for nobody when nothing of their connection is queued: an uplink sends packets in turn. */
export const smallBytes = 2_048
/** What is sent at a stretch; blocks of data are 16 KiB. */
export const quantumBytes = 16_384 + blockHeaderBytes

/** One stretch of bytes on its way: bytes as they are, or a block whose payload is known by one fact. */
export interface Cargo {
  readonly lengthBytes: number
  /** The bytes themselves; of a symbolic block there are none, but: */
  readonly bytes: Uint8Array | undefined
  readonly payloadBytes: number
  readonly piece: number
  readonly begin: number
  readonly isGood: boolean
  /** The last stretch of a write tells it. */
  done: (() => void) | undefined
  /** The block that travels right behind, in the same stretch. */
  more: Cargo | undefined
}

/** Blocks and the small messages between them go together as far as `mostBytes` reach, and one goes in any case. */
export function shiftStretch(outbox: Fifo<Cargo>, mostBytes: number): Cargo | undefined {
  const first = outbox.shift()
  if (first?.bytes !== undefined) return first
  let last = first
  let lengthBytes = first?.lengthBytes ?? 0
  for (let next = outbox.first; last !== undefined && next !== undefined; next = outbox.first) {
    lengthBytes += next.lengthBytes
    if (!goesAlong(next) || lengthBytes > mostBytes) break
    outbox.shift()
    last.more = next
    last = next
  }
  return first
}

/** Symbolic blocks may share a stretch, also with messages that carry no data of their own. */
function goesAlong({ bytes }: Cargo): boolean {
  return bytes === undefined || (bytes.length <= smallBytes && bytes[4] !== messageIds.piece)
}

/** What a cargo and those behind it weigh together. */
export function stretchBytes(first: Cargo): number {
  let bytes = 0
  for (let cargo: Cargo | undefined = first; cargo !== undefined; cargo = cargo.more) bytes += cargo.lengthBytes
  return bytes
}

/** Tells all whose write ends in this stretch, each once. */
export function tellDone(first: Cargo | undefined): void {
  for (let cargo = first; cargo !== undefined; cargo = cargo.more) {
    const { done } = cargo
    cargo.done = undefined
    done?.()
  }
}

/**
 * Cuts a write into stretches, which are copies: the bytes are free when `done` is called, before they arrive. Of a block of
 * symbolic data only its header is remembered; a write that is not whole messages, or holds no blocks, travels as the
 * bytes it is.
 */
export function cutCargo(bytes: Uint8Array, done: () => void): Cargo[] {
  const cargo = bytes instanceof SymbolicBytes ? cutBlocks(bytes) : cutBytes(bytes.slice())
  const last = cargo.at(-1)
  if (last === undefined) done()
  else last.done = done
  return cargo
}

function cutBlocks(bytes: SymbolicBytes): Cargo[] {
  const cargo: Cargo[] = []
  for (let at = 0; at < bytes.length;) {
    const size = readUint32(bytes, at)
    if (bytes[at + 4] !== messageIds.piece || size < 9 || at + 4 + size > bytes.length) return cutBytes(bytes.slice())
    const payloadBytes = size - 9
    cargo.push({
      lengthBytes: blockHeaderBytes + payloadBytes,
      payloadBytes,
      bytes: undefined,
      piece: readUint32(bytes, at + 5),
      begin: readUint32(bytes, at + 9),
      isGood: !bytes.isSpoiltAt(at + blockHeaderBytes),
      done: undefined,
      more: undefined,
    })
    at += 4 + size
  }
  bytes.release()
  return cargo
}

function cutBytes(bytes: Uint8Array): Cargo[] {
  const cargo: Cargo[] = []
  for (let at = 0; at < bytes.length; at += quantumBytes) {
    const part = at === 0 && bytes.length <= quantumBytes ? bytes : bytes.subarray(at, at + quantumBytes)
    cargo.push(byteCargo(part))
  }
  return cargo
}

/** Bytes as they are, in one stretch; not copied. */
export function byteCargo(bytes: Uint8Array, done?: () => void): Cargo {
  return {
    lengthBytes: bytes.length,
    payloadBytes: 0,
    bytes,
    piece: 0,
    begin: 0,
    isGood: true,
    done,
    more: undefined,
  }
}

/** Writes stretches out as bytes again, one at a time: what it answers is dead after the next call. */
export class Unpacking {
  #page = new SymbolicBytes(new ArrayBuffer(quantumBytes), 0, quantumBytes)

  bytesOf(stretch: Cargo): Uint8Array {
    if (stretch.bytes !== undefined) return stretch.bytes
    const lengthBytes = stretchBytes(stretch)
    if (lengthBytes > this.#page.length) {
      this.#page = new SymbolicBytes(new ArrayBuffer(lengthBytes), 0, lengthBytes)
    }
    const page = this.#page
    page.declare(stretch.isGood || stretch.more !== undefined)
    let at = 0
    for (let cargo: Cargo | undefined = stretch; cargo !== undefined; cargo = cargo.more) {
      if (cargo.bytes === undefined) blockHeader(page, at, cargo.piece, cargo.begin, cargo.payloadBytes)
      else page.write(cargo.bytes, at)
      if (!cargo.isGood) page.spoilAt(at + blockHeaderBytes)
      at += cargo.lengthBytes
    }
    return page
  }
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) * 0x1000000 +
      (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0))) >>>
    0
  )
}
