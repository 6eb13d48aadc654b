/**
 * What a tracker URL from outside may lead to, and what may be repeated of it. A torrent names its trackers, so they are
 * hostile input: a public name must not become a way to knock at the user's own network (LIMITS, "Trackers and URLs").
 */
import { utf8 } from '../bytes/text.js'
import { formatIp, ipScope, parseIp, type IpScope } from './endpoint.js'

const localSuffixes = ['.localhost', '.local', '.lan', '.internal', '.home.arpa']
const localScopes: readonly (IpScope | undefined)[] = ['loopback', 'link-local', 'private']

/**
 * True for a host that says by itself that it is near: a numeric loopback, link-local or private address, a name without
 * a dot, or one below `localhost`, `local`, `lan`, `internal` or `home.arpa`. IPv6 with or without brackets.
 */
export function isLocalName(host: string): boolean {
  const name = normalName(host)
  const scope = scopeOf(name)
  if (scope !== undefined) return localScopes.includes(scope)
  return !name.includes('.') || localSuffixes.some((suffix) => name.endsWith(suffix))
}

/**
 * Whether `host` may be connected to at this numeric address: public addresses always, near ones only for a host that is
 * local by its name. Multicast, broadcast and unspecified addresses never, nor text that is no address.
 */
export function mayReach(host: string, address: string): boolean {
  const scope = scopeOf(address)
  return scope === 'public' || (localScopes.includes(scope) && isLocalName(host))
}

/** Whether one host may redirect to another by name; the address of the other is checked by `mayReach` besides. */
export function mayRedirect(from: string, to: string): boolean {
  return !isLocalName(to) || isLocalName(from)
}

/**
 * A tracker's text, fit for logs, events and errors: UTF-8 in one line, at most 300 characters, and what may be a secret
 * of the URL (which trackers like to repeat) replaced by `***`.
 */
export function trackerText(bytes: Uint8Array, url: string): string {
  const line = utf8(bytes.subarray(0, 4096))
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
  const safe = hideSecrets(line, url)
  return safe.length > 300 ? `${safe.slice(0, 300)}…` : safe
}

/** The text without what `redactUrl` would hide of that URL: user info, long path parts and query values. */
export function hideSecrets(text: string, url: string): string {
  if (!URL.canParse(url)) return url === '' ? text : text.replaceAll(url, '***')
  let safe = text
  for (const secret of secretsOf(new URL(url))) safe = safe.replaceAll(secret, '***')
  return safe
}

function secretsOf(url: URL): string[] {
  const pathParts = url.pathname.split('/').filter((part) => part.length >= 16)
  const values = url.search
    .slice(1)
    .split('&')
    .map((pair) => pair.slice(pair.indexOf('=') + 1))
  const raw = [...pathParts, ...values, url.username, url.password].filter((secret) => secret.length >= 4)
  const all = [...raw, ...raw.map(unescapeSafely)]
  return all.sort((a, b) => b.length - a.length)
}

function unescapeSafely(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function normalName(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
}

/** The scope of the address that packets would end at: NAT64 (RFC 6052) and 6to4 (RFC 3056) carry an IPv4 address. */
function scopeOf(address: string): IpScope | undefined {
  const bytes = parseIp(address)
  if (bytes === undefined) return undefined
  const embedded = embeddedIpv4(bytes)
  return ipScope(embedded === undefined ? address : formatIp(embedded))
}

function embeddedIpv4(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length !== 16) return undefined
  if (bytes[0] === 0x20 && bytes[1] === 0x02) return bytes.subarray(2, 6)
  const nat64 = [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]
  return nat64.every((byte, index) => bytes[index] === byte) ? bytes.subarray(12) : undefined
}
