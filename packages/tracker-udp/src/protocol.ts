/** Packets of the UDP tracker protocol (BEP 15) with its URL data (BEP 41). No I/O. All integers are big-endian. */
import {
  type AnnounceAnswer,
  type AnnounceEvent,
  type AnnounceIdentity,
  type AnnounceRequest,
  type ScrapeAnswer,
  maxPeersPerAnswer,
  readCompact,
  utf8Bytes,
} from '@bitloom/core'

/** The first field of a reply; a request has it after the connection id. */
export const actions = { connect: 0, announce: 1, scrape: 2, error: 3 } as const

/** Opens a connect request (BEP 15, "connect request"). */
const protocolId = 0x41727101980n

/** A longer path and query is not sent: the packet would no longer fit every network's MTU with room to spare. */
export const maxUrlDataBytes = 1020

/** BEP 15, "scrape request": up to about 74 fit one packet. */
export const maxScrapes = 74

const eventNumbers: Readonly<Record<AnnounceEvent, number>> = { completed: 1, started: 2, stopped: 3 }

/** 16 bytes. */
export function connectPacket(transactionId: number): Uint8Array {
  const packet = new Uint8Array(16)
  const view = viewOf(packet)
  view.setBigUint64(0, protocolId)
  view.setUint32(8, actions.connect)
  view.setUint32(12, transactionId)
  return packet
}

/**
 * 98 bytes and the options of BEP 41. `connectionId` is 8 bytes; `urlData` is path and query of the tracker's URL, at most
 * `maxUrlDataBytes` long.
 */
export function announcePacket(
  connectionId: Uint8Array,
  transactionId: number,
  announce: { readonly request: AnnounceRequest; readonly identity: AnnounceIdentity; readonly urlData: Uint8Array },
): Uint8Array {
  const { request, identity, urlData } = announce
  const options = urlDataOptions(urlData)
  const packet = new Uint8Array(98 + options.length)
  const view = requestHead(packet, connectionId, actions.announce, transactionId)
  packet.set(identity.infoHash.subarray(0, 20), 16)
  packet.set(identity.peerId.subarray(0, 20), 36)
  view.setBigUint64(56, wholeBig(request.downloaded))
  view.setBigUint64(64, wholeBig(request.left))
  view.setBigUint64(72, wholeBig(request.uploaded))
  view.setUint32(80, request.event === undefined ? 0 : eventNumbers[request.event])
  // The address field (84) stays 0: the tracker takes the sender's.
  view.setUint32(88, identity.key)
  view.setInt32(92, request.numWant < 0 ? -1 : Math.min(Math.trunc(request.numWant), 0x7fffffff))
  view.setUint16(96, request.port)
  packet.set(options, 98)
  return packet
}

/** 16 bytes and 20 for each hash, at most `maxScrapes`. */
export function scrapePacket(
  connectionId: Uint8Array,
  transactionId: number,
  infoHashes: readonly Uint8Array[],
): Uint8Array {
  const packet = new Uint8Array(16 + 20 * infoHashes.length)
  requestHead(packet, connectionId, actions.scrape, transactionId)
  for (const [index, hash] of infoHashes.entries()) packet.set(hash.subarray(0, 20), 16 + 20 * index)
  return packet
}

/**
 * Path and query of a tracker's URL as the options of BEP 41: type 2, length, data, in as many as it takes. Empty for an
 * empty path.
 */
export function urlDataOptions(urlData: Uint8Array): Uint8Array {
  const bytes: number[] = []
  for (let at = 0; at < urlData.length; at += 255) {
    const part = urlData.subarray(at, at + 255)
    bytes.push(2, part.length, ...part)
  }
  return Uint8Array.from(bytes)
}

/** What BEP 41 sends of a URL: path and query with further parameters; nothing for a bare host. */
export function urlDataOf(url: URL, params: Readonly<Record<string, string>>): Uint8Array {
  const more = Object.entries(params).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
  const query = [url.search.slice(1), ...more].filter((part) => part !== '').join('&')
  const path = url.pathname === '/' && query === '' ? '' : url.pathname
  return utf8Bytes(query === '' ? path : `${path}?${query}`)
}

/** Action and transaction id of a reply; `undefined` if it is too short to have them. */
export function readHead(bytes: Uint8Array): { readonly action: number; readonly transactionId: number } | undefined {
  if (bytes.length < 8) return undefined
  const view = viewOf(bytes)
  return { action: view.getUint32(0), transactionId: view.getUint32(4) }
}

/** The connection id of a connect reply, a copy of 8 bytes; `undefined` for any other packet or a short one. */
export function readConnect(bytes: Uint8Array): Uint8Array | undefined {
  return isReply(bytes, actions.connect, 16) ? bytes.slice(8, 16) : undefined
}

/**
 * An announce reply; `undefined` for any other packet or a short one. Peers are of the family of the socket it came by
 * (BEP 15, "IPv6"); a port of 0 is left out.
 */
export function readAnnounce(bytes: Uint8Array, family: 4 | 6): AnnounceAnswer | undefined {
  if (!isReply(bytes, actions.announce, 20)) return undefined
  const view = viewOf(bytes)
  const end = 20 + maxPeersPerAnswer * (family === 4 ? 6 : 18)
  return {
    peers: readCompact(bytes.subarray(20, end), family).filter(({ port }) => port > 0),
    intervalMs: view.getUint32(8) * 1000,
    leechers: view.getUint32(12),
    seeders: view.getUint32(16),
  }
}

/** A scrape reply, in the order asked; `undefined` for any other packet or one that is too short for all. */
export function readScrape(bytes: Uint8Array, infoHashes: readonly Uint8Array[]): ScrapeAnswer[] | undefined {
  if (!isReply(bytes, actions.scrape, 8 + 12 * infoHashes.length)) return undefined
  const view = viewOf(bytes)
  return infoHashes.map((infoHash, index) => ({
    infoHash,
    seeders: view.getUint32(8 + 12 * index),
    completed: view.getUint32(12 + 12 * index),
    leechers: view.getUint32(16 + 12 * index),
  }))
}

/** The text of an error reply, a view; `undefined` for any other packet. */
export function readError(bytes: Uint8Array): Uint8Array | undefined {
  return isReply(bytes, actions.error, 8) ? bytes.subarray(8) : undefined
}

function isReply(bytes: Uint8Array, action: number, atLeast: number): boolean {
  return bytes.length >= atLeast && viewOf(bytes).getUint32(0) === action
}

function requestHead(packet: Uint8Array, connectionId: Uint8Array, action: number, transactionId: number): DataView {
  const view = viewOf(packet)
  packet.set(connectionId, 0)
  view.setUint32(8, action)
  view.setUint32(12, transactionId)
  return view
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function wholeBig(value: number): bigint {
  return BigInt(Math.max(0, Math.trunc(value)))
}
