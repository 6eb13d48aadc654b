import {
  BencodeError,
  decode,
  type Dict,
  encode,
  formatEndpoint,
  type IpEndpoint,
  readCompact,
  writeCompact,
} from '@bitloom/core'

/** Addresses of each kind, added and dropped, that one message may hold (BEP 11, "PEX message limits"). */
export const mostPerMessage = 50
/** The first message may hold more; nothing beyond this is read of any. */
const mostRead = 200

/** What `added.f` says of an address (BEP 11, "flags"). Encryption, uTP and holepunching are not told by us. */
export const pexFlags = { seed: 0x02, reachable: 0x10 } as const

/** An address and what is said of it. */
export interface PexPeer {
  readonly endpoint: IpEndpoint
  /** Bits of `pexFlags`, and others. */
  readonly flags: number
}

/** A message of `ut_pex`. */
export interface PexMessage {
  readonly added: readonly PexPeer[]
  readonly dropped: readonly IpEndpoint[]
}

const isIpv6 = ({ host }: IpEndpoint): boolean => host.includes(':')

/** The payload of a message, a fresh array. Both families go into one message. */
export function encodePex({ added, dropped }: PexMessage): Uint8Array {
  const ipv6 = added.filter(({ endpoint }) => isIpv6(endpoint))
  const ipv4 = added.filter(({ endpoint }) => !isIpv6(endpoint))
  return encode(
    new Map([
      ['added', compact(ipv4.map(({ endpoint }) => endpoint))],
      ['added.f', Uint8Array.from(ipv4, ({ flags }) => flags)],
      ['added6', compact(ipv6.map(({ endpoint }) => endpoint))],
      ['added6.f', Uint8Array.from(ipv6, ({ flags }) => flags)],
      ['dropped', compact(dropped.filter((endpoint) => !isIpv6(endpoint)))],
      ['dropped6', compact(dropped.filter(isIpv6))],
    ]),
  )
}

/**
 * Reads a payload, up to 200 addresses of each kind and family, none twice. `undefined` for one that is no dictionary, or
 * whose lists are not whole addresses. Flags that do not fit their list are left out. Never throws.
 */
export function decodePex(payload: Uint8Array): PexMessage | undefined {
  const dict = readDict(payload)
  if (dict === undefined) return undefined
  const [added, added6, dropped, dropped6] = [
    readList(dict, 'added', 4),
    readList(dict, 'added6', 6),
    readList(dict, 'dropped', 4),
    readList(dict, 'dropped6', 6),
  ]
  if (added === undefined || added6 === undefined || dropped === undefined || dropped6 === undefined) return undefined
  return {
    added: [...withFlags(dict, added, 'added.f'), ...withFlags(dict, added6, 'added6.f')],
    dropped: [...dropped, ...dropped6],
  }
}

function readDict(payload: Uint8Array): Dict | undefined {
  try {
    const value = decode(payload, { maxBytes: 65_536, maxTokens: 1_000, maxDepth: 4 })
    return value instanceof Map ? value : undefined
  } catch (error) {
    if (error instanceof BencodeError) return undefined
    throw error
  }
}

function readList(dict: Dict, key: string, family: 4 | 6): IpEndpoint[] | undefined {
  const bytes = dict.get(key)
  if (bytes === undefined) return []
  const size = family === 4 ? 6 : 18
  if (!(bytes instanceof Uint8Array) || bytes.length % size !== 0) return undefined
  return readCompact(bytes.subarray(0, mostRead * size), family)
}

function withFlags(dict: Dict, endpoints: readonly IpEndpoint[], key: string): PexPeer[] {
  const bytes = dict.get(key)
  const flags = bytes instanceof Uint8Array && bytes.length >= endpoints.length ? bytes : undefined
  const peers = endpoints.map((endpoint, index): PexPeer => ({ endpoint, flags: flags?.[index] ?? 0 }))
  return [...new Map(peers.map((peer) => [formatEndpoint(peer.endpoint), peer])).values()]
}

function compact(endpoints: readonly IpEndpoint[]): Uint8Array {
  const parts = endpoints.map(writeCompact)
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
