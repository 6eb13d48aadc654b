import { ProtocolError } from '../bytes/errors.js'
import { latin1Bytes } from '../bytes/text.js'

/** Length of a handshake in bytes: 1 + 19 + 8 + 20 + 20 (BEP 3, "peer protocol"). */
export const handshakeBytes = 68

/** Bits of the 64 reserved ones, counted from the lowest of the last byte. */
export const reservedBits = {
  /** BEP 5: a DHT node listens. */
  dht: 0,
  /** BEP 6. */
  fast: 2,
  /** BEP 52: speaks of v2 torrents; in the swarm of a hybrid. */
  v2: 4,
  /** BEP 10. */
  extensions: 20,
} as const

/** A handshake that was read. The arrays are the receiver's, except `rest`. */
export interface Handshake {
  /** 20 bytes: of v2 the first 20. */
  readonly infoHash: Uint8Array
  /** 20 bytes. */
  readonly peerId: Uint8Array
  /** 8 bytes; see `hasReservedBit`. */
  readonly reserved: Uint8Array
  /** What followed in the last chunk: a view of it. */
  readonly rest: Uint8Array
}

const protocol = latin1Bytes('\x13BitTorrent protocol')

/** The 8 reserved bytes with these bits set. */
export function reservedBytes(bits: Iterable<number>): Uint8Array {
  const reserved = new Uint8Array(8)
  for (const bit of bits) {
    const index = 7 - (bit >> 3)
    reserved[index] = (reserved[index] ?? 0) | (1 << (bit & 7))
  }
  return reserved
}

/** Is a bit of the 8 reserved bytes set? */
export function hasReservedBit(reserved: Uint8Array, bit: number): boolean {
  return ((reserved[7 - (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0
}

/** The 68 bytes, a fresh array. */
export function encodeHandshake(handshake: Omit<Handshake, 'rest'>): Uint8Array {
  const bytes = new Uint8Array(handshakeBytes)
  bytes.set(protocol)
  bytes.set(handshake.reserved.subarray(0, 8), 20)
  bytes.set(handshake.infoHash.subarray(0, 20), 28)
  bytes.set(handshake.peerId.subarray(0, 20), 48)
  return bytes
}

/** Reads one handshake at any split and never holds more than its 68 bytes. */
export class HandshakeReader {
  readonly #bytes = new Uint8Array(handshakeBytes)
  #length = 0

  /**
   * The handshake, once it is whole. Not to be called after that.
   * @throws ProtocolError HANDSHAKE_FAILED at the first byte that is not of the protocol's name
   */
  push(bytes: Uint8Array): Handshake | undefined {
    const before = this.#length
    const used = Math.min(bytes.length, handshakeBytes - before)
    for (let at = before; at < Math.min(before + used, protocol.length); at++) {
      if (bytes[at - before] !== protocol[at]) {
        throw new ProtocolError('the other side does not speak the BitTorrent protocol', 'HANDSHAKE_FAILED')
      }
    }
    this.#bytes.set(bytes.subarray(0, used), before)
    this.#length += used
    if (this.#length < handshakeBytes) return undefined
    return {
      reserved: this.#bytes.slice(20, 28),
      infoHash: this.#bytes.slice(28, 48),
      peerId: this.#bytes.slice(48, 68),
      rest: bytes.subarray(used),
    }
  }
}
