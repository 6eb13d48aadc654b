import { type IpEndpoint, latin1 } from '@bitloom/core'
import { defaultNumWant, join, maxNumWant, maxScrapes } from './http-protocol.js'
import type { Announce, AnnounceOutcome, SwarmCounts } from './swarm.js'

/** First field of a connect request (BEP 15). */
export const connectMagic = 0x417_2710_1980n

const action = { connect: 0, announce: 1, scrape: 2, error: 3 } as const
const events = [undefined, 'completed', 'started', 'stopped'] as const
/** An answer should fit one packet: IPv6's least MTU less the headers. */
const answerBytes = 1232
const announceHead = 20

/** A packet that is one of the three requests, by its length, action and (for connect) magic. */
export type UdpRequest =
  | { readonly kind: 'connect'; readonly transaction: number }
  | {
      readonly kind: 'announce'
      readonly transaction: number
      /** The 8 bytes to be checked; a view of the packet. */
      readonly connectionId: Uint8Array
      readonly announce: Announce
    }
  | {
      readonly kind: 'scrape'
      readonly transaction: number
      readonly connectionId: Uint8Array
      readonly infoHashes: readonly string[]
    }

/**
 * Reads a request from `host`; `undefined` = not one, which deserves no answer. The address in the packet is ignored as
 * in HTTP, and so are options after it (BEP 41).
 */
export function readRequest(packet: Uint8Array, host: string): UdpRequest | undefined {
  if (packet.length < 16) return undefined
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
  const transaction = view.getUint32(12)
  const connectionId = packet.subarray(0, 8)
  switch (view.getUint32(8)) {
    case action.connect:
      return view.getBigUint64(0) === connectMagic ? { kind: 'connect', transaction } : undefined
    case action.announce:
      if (packet.length < 98) return undefined
      return { kind: 'announce', transaction, connectionId, announce: readAnnounce(packet, view, host) }
    case action.scrape: {
      const infoHashes = readHashes(packet)
      return infoHashes.length === 0 ? undefined : { kind: 'scrape', transaction, connectionId, infoHashes }
    }
    default:
      return undefined
  }
}

function readAnnounce(packet: Uint8Array, view: DataView, host: string): Announce {
  const wanted = view.getInt32(92)
  const families = host.includes(':') ? 6 : 4
  const most = Math.min(maxNumWant, Math.floor((answerBytes - announceHead) / (families === 6 ? 18 : 6)))
  const endpoint: IpEndpoint = { kind: 'ip', host, port: view.getUint16(96) }
  return {
    infoHash: latin1(packet.subarray(16, 36)),
    peerId: latin1(packet.subarray(36, 56)),
    endpoint,
    event: events[view.getUint32(80)],
    left: Number(view.getBigUint64(64)),
    numWant: Math.min(wanted < 0 ? defaultNumWant : wanted, most),
    families,
  }
}

function readHashes(packet: Uint8Array): string[] {
  const count = Math.min(Math.floor((packet.length - 16) / 20), maxScrapes)
  return Array.from({ length: count }, (_, index) => latin1(packet.subarray(16 + index * 20, 36 + index * 20)))
}

/** 16 bytes. `connectionId`: 8 bytes. */
export function writeConnect(transaction: number, connectionId: Uint8Array): Uint8Array {
  const { bytes } = packet(action.connect, transaction, 16)
  bytes.set(connectionId, 8)
  return bytes
}

/** 20 bytes and 6 or 18 for each peer. */
export function writeAnnounce(
  transaction: number,
  outcome: AnnounceOutcome,
  intervalSeconds: number,
  family: 4 | 6,
): Uint8Array {
  const peers = join(outcome.peers, family === 6 ? 18 : 6)
  const { bytes, view } = packet(action.announce, transaction, announceHead + peers.length)
  view.setUint32(8, intervalSeconds)
  view.setUint32(12, outcome.leechers)
  view.setUint32(16, outcome.seeds)
  bytes.set(peers, announceHead)
  return bytes
}

/** 8 bytes and 12 for each torrent, in the order they were asked. */
export function writeScrape(transaction: number, rows: readonly SwarmCounts[]): Uint8Array {
  const { bytes, view } = packet(action.scrape, transaction, 8 + rows.length * 12)
  for (const [index, row] of rows.entries()) {
    view.setUint32(8 + index * 12, row.seeds)
    view.setUint32(12 + index * 12, row.completed)
    view.setUint32(16 + index * 12, row.leechers)
  }
  return bytes
}

/** 8 bytes and the reason. */
export function writeError(transaction: number, reason: string): Uint8Array {
  const text = new TextEncoder().encode(reason)
  const { bytes } = packet(action.error, transaction, 8 + text.length)
  bytes.set(text, 8)
  return bytes
}

function packet(kind: number, transaction: number, lengthBytes: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(lengthBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, kind)
  view.setUint32(4, transaction)
  return { bytes, view }
}
