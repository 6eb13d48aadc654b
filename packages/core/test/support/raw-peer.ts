import type { Metainfo } from '../../src/metainfo/metainfo.js'
import type { IpEndpoint } from '../../src/ports/endpoint.js'
import { MessageDecoder } from '../../src/wire/decoder.js'
import { WireEncoder } from '../../src/wire/encoder.js'
import { encodeHandshake, HandshakeReader, reservedBits, reservedBytes } from '../../src/wire/handshake.js'
import type { Wire } from '../../src/wire/wire.js'
import type { End } from './memory-network.js'
import type { World } from './world.js'

/** A peer that a test plays by hand: it sees every message of the engine as text and sends what the test says. */
export class RawPeer {
  readonly heard: string[] = []
  readonly encoder = new WireEncoder()
  isClosed = false
  /** The engine's handshake came. */
  isAnswered = false
  /** Called for each request of the engine. */
  onRequest: (piece: number, begin: number, length: number) => void = () => {}
  readonly #end: End
  readonly #decoder: MessageDecoder

  private constructor(end: End, metainfo: Metainfo, peerId: string, bits: readonly number[]) {
    this.#end = end
    this.#decoder = new MessageDecoder(this.#listener(), { pieceCount: metainfo.layout.pieceCount })
    const reader = new HandshakeReader()
    let shaken = false
    const reserved = reservedBytes(bits)
    const infoHash = metainfo.infoHashes.v1 ?? new Uint8Array(20)
    end.onClose(() => {
      this.isClosed = true
    })
    end.onBytes((bytes, length) => {
      if (shaken) {
        this.#decoder.push(bytes, length)
        return
      }
      const theirs = reader.push(bytes.subarray(0, length))
      if (theirs === undefined) return
      shaken = true
      this.isAnswered = true
      const rest = theirs.rest.slice()
      if (rest.length > 0) this.#decoder.push(rest, rest.length)
    })
    this.sendBytes(encodeHandshake({ infoHash, peerId: new TextEncoder().encode(peerId.padEnd(20, '-')), reserved }))
  }

  /** Dials the engine at `host` and shakes hands. */
  static async dial(
    world: World,
    host: string,
    metainfo: Metainfo,
    options: { from?: string; id?: string; fast?: boolean; extensions?: boolean } = {},
  ): Promise<RawPeer> {
    const transport = world.network.transport(options.from ?? '10.9.9.9')
    const at: IpEndpoint = { kind: 'ip', host, port: 6881 }
    const end = (await transport.dial(at, new AbortController().signal)) as End
    const peer = new RawPeer(end, metainfo, options.id ?? 'raw', [
      ...(options.fast === false ? [] : [reservedBits.fast]),
      ...(options.extensions === true ? [reservedBits.extensions] : []),
    ])
    await world.clock.advance(20)
    return peer
  }

  #listener(): Wire {
    const say =
      (name: string) =>
      (...values: unknown[]): void =>
        void this.heard.push(
          [
            name,
            ...values.map((value) => (value instanceof Uint8Array ? `${value.length} bytes` : String(value))),
          ].join(' '),
        )
    return {
      choke: say('choke'),
      interested: say('interested'),
      have: say('have'),
      bitfield: say('bitfield'),
      haveAll: say('haveAll'),
      haveNone: say('haveNone'),
      request: (piece, begin, length) => {
        say('request')(piece, begin, length)
        this.onRequest(piece, begin, length)
      },
      cancel: say('cancel'),
      reject: say('reject'),
      suggest: say('suggest'),
      allowFast: say('allowFast'),
      extended: say('extended'),
      other: say('other'),
      blockStart: (_piece, _begin, length) => new Uint8Array(length),
      blockEnd: say('block'),
    }
  }

  /** Sends what `say` puts into the encoder. */
  say(say: (wire: WireEncoder) => void): void {
    say(this.encoder)
    const bytes = this.encoder.takeOutput()
    if (bytes !== undefined) this.sendBytes(bytes)
  }

  sendBytes(bytes: Uint8Array): void {
    this.#end.write(bytes, () => {})
  }

  /** A block with the given payload. */
  sendBlock(piece: number, begin: number, bytes: Uint8Array): void {
    const message = new Uint8Array(13 + bytes.length)
    const view = new DataView(message.buffer)
    view.setUint32(0, 9 + bytes.length)
    message[4] = 7
    view.setUint32(5, piece)
    view.setUint32(9, begin)
    message.set(bytes, 13)
    this.sendBytes(message)
  }

  count(prefix: string): number {
    return this.heard.filter((line) => line.startsWith(prefix)).length
  }

  /** From now on nothing is read; answers how much the engine has written since. */
  stopReading(): () => number {
    this.#end.isStalled = true
    return () => this.#end.peer?.heldBytes ?? 0
  }

  close(): void {
    this.#end.close()
  }
}
