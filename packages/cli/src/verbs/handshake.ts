import {
  HandshakeReader,
  MessageDecoder,
  Random,
  type Wire,
  WireEncoder,
  clientName,
  decodeExtendedHandshake,
  encodeExtendedHandshake,
  encodeHandshake,
  hasReservedBit,
  peerIdPrefix,
  reservedBits,
  reservedBytes,
  version,
} from '@bitloom/core'
import { lookup } from 'node:dns/promises'
import { connect, type Socket } from 'node:net'
import { CliError, systemReason } from '../exit-codes.js'
import { parseHostPort } from '../options.js'
import { hex, printable } from '../output.js'
import { withHost } from '../probe.js'
import type { Runtime } from '../runtime.js'
import { identify, wireHashOf } from '../torrents.js'

interface HandshakeOptions {
  /** Milliseconds. */
  readonly timeout?: number
}

const defaultTimeoutMs = 10_000
/** How long to listen for what follows a handshake: an extension handshake and what the peer has. */
const afterwardsMs = 1500

/** What a peer said of itself. */
interface Said {
  peerId?: Uint8Array
  client?: string
  reserved?: Uint8Array
  extensions?: Record<string, number>
  extensionClient?: string | undefined
  has?: string
}

/** `handshake ID HOST:PORT`: shakes hands with one peer and prints who it is. 6 when none comes, 2 when it is late. */
export async function handshake(
  runtime: Runtime,
  [id = '', address = '']: readonly string[],
  options: HandshakeOptions,
): Promise<number> {
  const at = parseHostPort(address)
  const found = await identify(id, runtime)
  const infoHash = wireHashOf((found.kind === 'torrent' ? found.torrent : found.link).infoHashes)
  const peerId = await withHost(runtime, async (host) => {
    return Buffer.concat([Buffer.from(peerIdPrefix(version), 'latin1'), host.get(Random).bytes(12)])
  })
  const host = (await lookup(at.host).catch(() => ({ address: at.host }))).address
  const socket = connect({ host, port: at.port })
  try {
    const said = await converse(socket, address, infoHash, peerId, options.timeout ?? defaultTimeoutMs, runtime)
    print(runtime, address, infoHash, said)
    return 0
  } finally {
    socket.destroy()
  }
}

function converse(
  socket: Socket,
  address: string,
  infoHash: Uint8Array,
  peerId: Uint8Array,
  timeoutMs: number,
  { stop }: Runtime,
): Promise<Said> {
  return new Promise((resolve, reject) => {
    const said: Said = {}
    const reader = new HandshakeReader()
    const decoder = new MessageDecoder(listener(said, () => resolve(said)))
    const fail = (reason: string): void => reject(new CliError('NETWORK', `${address}: ${reason}`))
    const late = (): void =>
      reject(new CliError('TIMEOUT', `${address} did not shake hands within ${timeoutMs / 1000} s`))
    let timer = setTimeout(late, timeoutMs)
    const onShaken = (reserved: Uint8Array): void => {
      clearTimeout(timer)
      timer = setTimeout(() => resolve(said), afterwardsMs)
      if (hasReservedBit(reserved, reservedBits.extensions)) socket.write(extensionHello())
    }
    const onBytes = (bytes: Uint8Array): void => {
      if (said.peerId !== undefined) return decoder.push(bytes, bytes.length)
      const shaken = reader.push(bytes)
      if (shaken === undefined) return
      if (hex(shaken.infoHash) !== hex(infoHash)) return fail('the peer answered for another torrent')
      said.peerId = shaken.peerId
      said.client = clientName(shaken.peerId)
      said.reserved = shaken.reserved
      onShaken(shaken.reserved)
      decoder.push(shaken.rest, shaken.rest.length)
    }
    socket.on('connect', () => {
      const reserved = reservedBytes([reservedBits.fast, reservedBits.extensions])
      socket.write(encodeHandshake({ infoHash, peerId, reserved }))
    })
    socket.on('data', (chunk) => {
      try {
        onBytes(chunk)
      } catch (error) {
        fail(error instanceof Error ? error.message : String(error))
      }
    })
    socket.on('error', (error) => (said.peerId === undefined ? fail(systemReason(error)) : resolve(said)))
    socket.on('close', () => {
      clearTimeout(timer)
      if (said.peerId === undefined) fail('the peer closed the connection without a handshake')
      else resolve(said)
    })
    stop.signal.addEventListener('abort', () => reject(new CliError('INTERRUPTED', 'Stopped')), { once: true })
  })
}

function extensionHello(): Uint8Array {
  const encoder = new WireEncoder()
  encoder.extended(0, encodeExtendedHandshake({ messages: new Map(), client: `Bitloom ${version}` }))
  return encoder.takeOutput() ?? new Uint8Array()
}

/** Keeps what matters of the first messages; `done` when both the extension handshake and what it has are known. */
function listener(said: Said, done: () => void): Wire {
  const ignore = (): void => {}
  const has = (text: string): void => {
    said.has = text
    if (said.extensions !== undefined) done()
  }
  return {
    choke: ignore,
    interested: ignore,
    have: ignore,
    bitfield(bits) {
      let count = 0
      for (const byte of bits) for (let rest = byte; rest > 0; rest &= rest - 1) count++
      has(`${count} pieces`)
    },
    haveAll: () => has('all pieces'),
    haveNone: () => has('no pieces'),
    request: ignore,
    cancel: ignore,
    reject: ignore,
    suggest: ignore,
    allowFast: ignore,
    extended(id, payload) {
      const theirs = id === 0 ? decodeExtendedHandshake(payload) : undefined
      if (theirs === undefined) return
      said.extensions = Object.fromEntries(theirs.messages)
      said.extensionClient = theirs.client
      if (said.has !== undefined) done()
    },
    other: ignore,
    blockStart: () => undefined,
    blockEnd: ignore,
  }
}

function print({ output }: Runtime, address: string, infoHash: Uint8Array, said: Said): void {
  const reserved = said.reserved ?? new Uint8Array(8)
  const supports = Object.entries(reservedBits).flatMap(([name, bit]) => (hasReservedBit(reserved, bit) ? [name] : []))
  const client = said.extensionClient ?? said.client
  output.document({
    address,
    infoHash: hex(infoHash),
    peerId: hex(said.peerId ?? new Uint8Array()),
    client,
    reserved: hex(reserved),
    supports,
    extensions: said.extensions ?? {},
    has: said.has,
  })
  const rows: [string, string | undefined][] = [
    ['Client', client],
    ['Peer id', hex(said.peerId ?? new Uint8Array())],
    ['Supports', supports.join(', ') || 'nothing beyond the base protocol'],
    ['Extensions', said.extensions && (Object.keys(said.extensions).join(', ') || 'none')],
    ['Has', said.has],
  ]
  output.result(
    rows
      .flatMap(([label, value]) => (value === undefined ? [] : [`${label.padEnd(11)} ${printable(value)}`]))
      .join('\n'),
  )
}
