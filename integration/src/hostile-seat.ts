import {
  type Clock,
  encodeHandshake,
  HandshakeReader,
  type Metainfo,
  MessageDecoder,
  reservedBits,
  reservedBytes,
  WireEncoder,
} from '@bitloom/core'
import type { Wire } from '@bitloom/core'

/** A byte stream to the session under attack: of a simulated network, or of TCP. */
export interface Pipe {
  write(bytes: Uint8Array): void
  onBytes(sink: (bytes: Uint8Array) => void): void
  onClose(sink: () => void): void
  /** From now on nothing is read. */
  pause(): void
  close(): void
}

export interface Greeting {
  readonly peerId?: string | Uint8Array
  readonly infoHash?: Uint8Array
  /** Default true. */
  readonly fast?: boolean
  readonly extensions?: boolean
}

/** A peer that a hostile script plays by hand. */
export class Seat {
  isClosed = false
  /** What came from the other side, by its name; `request` and `unchoke` are told as they come. */
  readonly counts = new Map<string, number>()
  onUnchoke = (): void => {}
  onRequest = (_piece: number, _begin: number, _length: number): void => {}
  /** The handshake of the other side came. */
  isShaken = false
  readonly #pipe: Pipe
  readonly #encoder = new WireEncoder()

  constructor(
    pipe: Pipe,
    readonly torrent: Metainfo,
    /** Another for each seat. */
    readonly number: number,
    readonly clock: Clock,
    /** The peer id of the session under attack. */
    readonly theirId: Uint8Array,
  ) {
    this.#pipe = pipe
    const reader = new HandshakeReader()
    const decoder = new MessageDecoder(this.#listener(), { pieceCount: torrent.layout.pieceCount })
    pipe.onClose(() => {
      this.isClosed = true
    })
    pipe.onBytes((bytes) => {
      if (this.isShaken) {
        decoder.push(bytes, bytes.length)
        return
      }
      const theirs = reader.push(bytes)
      if (theirs === undefined) return
      this.isShaken = true
      decoder.push(theirs.rest, theirs.rest.length)
    })
  }

  get infoHash(): Uint8Array {
    return this.torrent.infoHashes.v1 ?? new Uint8Array(20)
  }

  #listener(): Wire {
    const count = (name: string) => (): void => void this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
    const names = ['interested', 'have', 'bitfield', 'haveAll', 'haveNone', 'cancel', 'reject', 'suggest'] as const
    return {
      ...(Object.fromEntries(names.map((name) => [name, count(name)])) as unknown as Wire),
      allowFast: count('allowFast'),
      extended: count('extended'),
      other: count('other'),
      choke: (on) => {
        count(on ? 'choke' : 'unchoke')()
        if (!on) this.onUnchoke()
      },
      request: (piece, begin, length) => {
        count('request')()
        this.onRequest(piece, begin, length)
      },
      blockStart: (_piece, _begin, length) => new Uint8Array(length),
      blockEnd: count('block'),
    }
  }

  greet({
    peerId = `-XX0000-${String(this.number).padStart(12, '0')}`,
    infoHash,
    fast,
    extensions,
  }: Greeting = {}): void {
    const bits = [
      ...(fast === false ? [] : [reservedBits.fast]),
      ...(extensions === true ? [reservedBits.extensions] : []),
    ]
    const id = typeof peerId === 'string' ? new TextEncoder().encode(peerId) : peerId
    this.send(encodeHandshake({ infoHash: infoHash ?? this.infoHash, peerId: id, reserved: reservedBytes(bits) }))
  }

  send(bytes: Uint8Array): void {
    if (!this.isClosed) this.#pipe.write(bytes)
  }

  /** Sends what `say` puts into the encoder. */
  say(say: (wire: WireEncoder) => void): void {
    say(this.#encoder)
    const bytes = this.#encoder.takeOutput()
    if (bytes !== undefined) this.send(bytes.slice())
  }

  /** One message of so many bytes behind its id, whatever its id wants. */
  message(id: number, lengthBytes: number, fill = 0): void {
    const bytes = new Uint8Array(5 + lengthBytes).fill(fill)
    new DataView(bytes.buffer).setUint32(0, 1 + lengthBytes)
    bytes[4] = id
    this.send(bytes)
  }

  /** The head of a message, of which nothing else comes. */
  declare(sizeBytes: number, id: number): void {
    const bytes = new Uint8Array(5)
    new DataView(bytes.buffer).setUint32(0, sizeBytes)
    bytes[4] = id
    this.send(bytes)
  }

  block(piece: number, begin: number, bytes: Uint8Array): void {
    this.say((wire) => {
      wire.blockStart(piece, begin, bytes.length)?.set(bytes)
      wire.blockEnd(piece, begin, bytes.length)
    })
  }

  /** One byte at a time. */
  drip(bytes: Uint8Array, everyMs: number): void {
    for (const [at, byte] of bytes.entries()) {
      this.clock.after(at * everyMs, () => this.send(Uint8Array.of(byte)))
    }
  }

  stopReading(): void {
    this.#pipe.pause()
  }

  close(): void {
    this.#pipe.close()
  }
}
