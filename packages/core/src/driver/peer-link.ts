import { ProtocolError } from '../bytes/errors.js'
import type { Peer } from '../peer/peer.js'
import type { Run } from '../peer/request-inbox.js'
import type { Memory } from '../ports/memory.js'
import type { Connection } from '../ports/transport.js'
import type { MessageDecoder } from '../wire/decoder.js'
import { blockHeader, blockHeaderBytes, WireEncoder } from '../wire/encoder.js'
import type { Turns } from './turns.js'

/** Bytes on their way to a peer that does not read before the connection is given up. LIMITS, "asks and never reads". */
const outputLimitBytes = 2_097_152
/** With more under way, extensions wait: what they then send still fits. */
const outputFullBytes = outputLimitBytes - 131_072

export interface LinkOwner {
  /** The connection is over; called once, unless `close` was. */
  linkEnded(link: PeerLink, reason: string, fault: Error | undefined): void
}

/**
 * One connection after the handshake: bytes in → decoder → peer; peer → encoder → bytes out, once a turn.
 * The peer is bound after construction, since its `out` is this link's encoder.
 */
export class PeerLink {
  readonly encoder = new WireEncoder()
  readonly #connection: Connection
  readonly #turns: Turns
  readonly #memory: Memory
  readonly #owner: LinkOwner
  #decoder: MessageDecoder | undefined
  #peer: Peer | undefined
  #pendingBytes = 0
  #flushQueued = false
  #closed = false

  constructor(connection: Connection, turns: Turns, memory: Memory, owner: LinkOwner) {
    this.#connection = connection
    this.#turns = turns
    this.#memory = memory
    this.#owner = owner
  }

  get connection(): Connection {
    return this.#connection
  }

  /** Nothing more should be given to it that can wait. */
  get isFull(): boolean {
    return this.#closed || this.#pendingBytes + this.encoder.pendingBytes > outputFullBytes
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Starts reading; `rest` came behind the handshake. */
  bind(peer: Peer, decoder: MessageDecoder, rest: Uint8Array): void {
    this.#peer = peer
    this.#decoder = decoder
    peer.abandonBlock = () => decoder.skipPayload()
    this.#connection.onClose((error) => this.#turns.run(() => this.#end('closed by the peer', error)))
    const receive = (bytes: Uint8Array, length: number): void => this.#receive(bytes, length)
    this.#connection.onBytes((bytes, length) => this.#turns.runBytes(bytes, length, receive))
    if (rest.length > 0) this.#receive(rest, rest.length)
    this.#connection.resume()
  }

  #receive(bytes: Uint8Array, length: number): void {
    if (this.#closed || this.#peer === undefined) return
    this.#peer.lastHeardMs = this.#turns.nowMs
    try {
      this.#decoder?.push(bytes, length)
      if (this.encoder.pendingBytes > 0) this.flush()
    } catch (error) {
      if (error instanceof ProtocolError) {
        this.#end(error.message, error)
        return
      }
      // Our own fault: the decoder is of no use any more, but the others go on.
      this.#end('a fault in the engine', undefined)
      throw error
    }
  }

  /** Sends what the encoder holds at the end of the turn. */
  flush(): void {
    if (this.#flushQueued || this.#closed) return
    this.#flushQueued = true
    this.#turns.effect(this.#sendQueued)
  }

  readonly #sendQueued = (): void => {
    this.#flushQueued = false
    this.#sendEncoded()
  }

  #sendEncoded(): void {
    const bytes = this.encoder.takeOutput()
    if (bytes === undefined || this.#closed) return
    this.#send(bytes, () => {})
    if (this.#pendingBytes > outputLimitBytes) this.#end('does not read what it asked for', undefined)
  }

  #send(bytes: Uint8Array, done: () => void): void {
    const { length } = bytes
    this.#pendingBytes += length
    if (this.#peer !== undefined) this.#peer.lastSentMs = this.#turns.nowMs
    this.#connection.write(bytes, () => {
      this.#pendingBytes -= length
      done()
    })
  }

  /** A slab for one run: a gap for each block's payload behind its header. Given back by `sendRun` or `dropRun`. */
  prepareRun(run: Run): { slab: Uint8Array; gaps: Uint8Array[] } {
    const slab = this.#memory.take(run.lengthBytes + run.lengths.length * blockHeaderBytes)
    const gaps: Uint8Array[] = []
    let at = 0
    let { begin } = run
    for (const length of run.lengths) {
      blockHeader(slab, at, run.piece, begin, length)
      gaps.push(slab.subarray(at + blockHeaderBytes, at + blockHeaderBytes + length))
      at += blockHeaderBytes + length
      begin += length
    }
    return { slab, gaps }
  }

  /** Sends a filled slab; `sent` when the bytes left or were dropped. */
  sendRun(slab: Uint8Array, sent: () => void): void {
    const done = (): void => {
      this.#memory.give(slab)
      sent()
    }
    if (this.#closed) {
      done()
      return
    }
    this.#sendEncoded()
    this.#send(slab, done)
  }

  #end(reason: string, fault: Error | undefined): void {
    if (this.#closed) return
    this.close()
    this.#owner.linkEnded(this, reason, fault)
  }

  /** Ends the connection after what is encoded has been handed over. */
  close(): void {
    if (this.#closed) return
    this.#sendEncoded()
    this.#closed = true
    this.#connection.close()
  }
}
