/** Where a peer can be reached: an address, or a URL (a web seed). */
export type Endpoint = IpEndpoint | UrlEndpoint

export interface IpEndpoint {
  readonly kind: 'ip'
  /** A numeric IPv4 or IPv6 address in canonical text (RFC 5952), never a name; IPv4-mapped IPv6 is written as IPv4. */
  readonly host: string
  readonly port: number
}

export interface UrlEndpoint {
  readonly kind: 'url'
  readonly url: string
}

/** `10.0.0.1:6881`, `[2001:db8::1]:6881` or the URL. Unique per endpoint, so it serves as a map key. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === 'url') return endpoint.url
  return endpoint.host.includes(':') ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`
}

/** Bytes of an address text: 4 for IPv4, 16 for IPv6, `undefined` for anything else (names, zones, bad numbers). */
export function parseIp(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

function parseIpv4(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(4)
  let at = 0
  for (let index = 0; index < 4; index++) {
    const start = at
    let value = 0
    for (let digit = digitAt(text, at); digit >= 0; digit = digitAt(text, ++at)) value = value * 10 + digit
    const hasLeadingZero = at - start > 1 && digitAt(text, start) === 0
    if (at === start || at - start > 3 || value > 255 || hasLeadingZero) return undefined
    if (index < 3 && text.charCodeAt(at++) !== dot) return undefined
    bytes[index] = value
  }
  return at === text.length ? bytes : undefined
}

const dot = 46

/** -1 = no digit. */
function digitAt(text: string, at: number): number {
  const value = text.charCodeAt(at) - 48
  return value >= 0 && value <= 9 ? value : -1
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = parseGroups(halves[0] ?? '', halves.length === 1)
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : []
  if (head === undefined || tail === undefined) return undefined
  const gap = 16 - head.length - tail.length
  if (halves.length === 2 ? gap < 2 : gap !== 0) return undefined
  return Uint8Array.from([...head, ...Array.from({ length: gap }, () => 0), ...tail])
}

function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const groups = text.split(':')
  for (const [index, group] of groups.entries()) {
    if (group.includes('.')) {
      const ipv4 = parseIpv4(group)
      if (ipv4 === undefined || !mayEndInIpv4 || index !== groups.length - 1) return undefined
      bytes.push(...ipv4)
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 0xff)
    }
  }
  return bytes.length > 16 ? undefined : bytes
}

/** The canonical text of 4 or 16 address bytes (RFC 5952); an IPv4-mapped IPv6 address becomes IPv4. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const mapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff
  if (mapped) return bytes.subarray(12).join('.')
  const groups = Array.from({ length: 8 }, (_, index) => ((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0))
  const run = longestZeroRun(groups)
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(':')
  if (run.length < 2) return text(groups)
  return `${text(groups.slice(0, run.start))}::${text(groups.slice(run.start + run.length))}`
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  return best
}

/** One spelling per address, whatever it is written like; a text that is none stays as it is. */
export function canonicalHost(host: string): string {
  const bytes = parseIp(host)
  return bytes === undefined ? host : formatIp(bytes)
}

/** An endpoint from an address text in any spelling and a port; `undefined` if the host is no address or the port no port. */
export function ipEndpoint(host: string, port: number): IpEndpoint | undefined {
  const bytes = parseIp(host)
  if (bytes === undefined || !Number.isInteger(port) || port < 0 || port > 65_535) return undefined
  return { kind: 'ip', host: formatIp(bytes), port }
}

/**
 * Endpoints of a compact list: 6 bytes each for IPv4 (BEP 23), 18 for IPv6 (BEP 7). A trailing rest that fills no
 * entry is ignored.
 */
export function readCompact(bytes: Uint8Array, family: 4 | 6): IpEndpoint[] {
  const size = family === 4 ? 6 : 18
  const endpoints: IpEndpoint[] = []
  for (let at = 0; at + size <= bytes.length; at += size) {
    const port = ((bytes[at + size - 2] ?? 0) << 8) | (bytes[at + size - 1] ?? 0)
    endpoints.push({ kind: 'ip', host: formatIp(bytes.subarray(at, at + size - 2)), port })
  }
  return endpoints
}

/** The compact form of one endpoint: 6 bytes for IPv4, 18 for IPv6. */
export function writeCompact(endpoint: IpEndpoint): Uint8Array {
  const address = parseIp(endpoint.host) ?? new Uint8Array(4)
  return Uint8Array.from([...address, endpoint.port >> 8, endpoint.port & 0xff])
}

/** What kind of network an address belongs to. `public` is everything that is none of the others. */
export type IpScope = 'unspecified' | 'loopback' | 'link-local' | 'private' | 'multicast' | 'broadcast' | 'public'

/** The scope of a numeric address; `undefined` for text that is none. */
export function ipScope(host: string): IpScope | undefined {
  const bytes = parseIp(host)
  if (bytes === undefined) return undefined
  if (bytes.length === 4) return ipv4Scope(bytes)
  const mapped = formatIp(bytes)
  return mapped.includes(':') ? ipv6Scope(bytes) : ipv4Scope(parseIpv4(mapped) ?? bytes)
}

function ipv4Scope(bytes: Uint8Array): IpScope {
  const [a = 0, b = 0] = bytes
  if (bytes.every((byte) => byte === 255)) return 'broadcast'
  if (a === 0) return 'unspecified'
  if (a === 127) return 'loopback'
  if (a === 169 && b === 254) return 'link-local'
  if (a >= 224) return 'multicast'
  const isPrivate =
    a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 100 && b >= 64 && b < 128)
  return isPrivate ? 'private' : 'public'
}

function ipv6Scope(bytes: Uint8Array): IpScope {
  const [a = 0, b = 0] = bytes
  const head = bytes.subarray(0, 15).every((byte) => byte === 0)
  if (head && bytes[15] === 0) return 'unspecified'
  if (head && bytes[15] === 1) return 'loopback'
  if (a === 0xff) return 'multicast'
  if (a === 0xfe && (b & 0xc0) === 0x80) return 'link-local'
  return (a & 0xfe) === 0xfc ? 'private' : 'public'
}
