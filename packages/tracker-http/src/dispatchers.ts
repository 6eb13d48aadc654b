import type { LookupAddress } from 'node:dns'
import { isIPv6, type LookupFunction } from 'node:net'
import { type Resolver, mayReach, resolveTracker } from '@bitloom/core'
import { Agent, type Dispatcher, ProxyAgent } from 'undici'

/** Over which address family a direct connection goes: `0` = whichever answers. */
export type Family = 0 | 4 | 6

/** The connection pools of one plugin; each is made at its first use. */
export interface Dispatchers {
  /** Connects to addresses that `mayReach` allows, and to no other. */
  direct(family: Family): Dispatcher
  /** Names go to the proxy unresolved. */
  through(proxy: string): Dispatcher
  /** Ends all connections at once. */
  close(): Promise<void>
}

interface ConnectOptions {
  readonly connectTimeoutMs: number
  readonly timeoutMs: number
  readonly ca: string | undefined
}

/** Parallel connections to one origin; further requests wait for one. */
const connectionsPerOrigin = 8

/** Connection pools over undici. Connecting has its own time limit; everything after it belongs to the caller's. */
export function dispatchers(resolver: Resolver, options: ConnectOptions): Dispatchers {
  const pools = new Map<Family | string, Dispatcher>()
  const tls = { rejectUnauthorized: true, ...(options.ca === undefined ? {} : { ca: options.ca }) }
  const shared = {
    connections: connectionsPerOrigin,
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
  }
  // Node gives each of several addresses 250 ms, which a distant tracker does not keep.
  const timing = { timeout: options.connectTimeoutMs, autoSelectFamilyAttemptTimeout: 2500 }
  const pool = (key: Family | string, make: () => Dispatcher): Dispatcher => {
    const existing = pools.get(key)
    if (existing !== undefined) return existing
    const made = make()
    pools.set(key, made)
    return made
  }
  return {
    direct: (family) =>
      pool(
        family,
        () => new Agent({ ...shared, connect: { ...tls, ...timing, lookup: checkedLookup(resolver, family) } }),
      ),
    through: (proxy) =>
      pool(
        proxy,
        () => new ProxyAgent({ ...shared, uri: proxy, proxyTunnel: false, requestTls: tls, proxyTls: timing }),
      ),
    async close() {
      const all = [...pools.values()]
      pools.clear()
      await Promise.all(all.map((dispatcher) => dispatcher.destroy()))
    },
  }
}

/**
 * Resolves at the moment of connecting, so that the address that was checked is the one connected to. Node does not call
 * it for numeric hosts: `isAllowedNumeric` is for those.
 */
function checkedLookup(resolver: Resolver, family: Family): LookupFunction {
  return (host, options, settle) => {
    const found = (addresses: readonly LookupAddress[]): void => {
      const [first] = addresses
      if (first === undefined) return settle(new Error(`${host} has no IPv${family} address`), '')
      if (options.all === true) settle(null, [...addresses])
      else settle(null, first.address, first.family)
    }
    resolveTracker(resolver, host, new AbortController().signal).then(
      (addresses) => {
        const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }))
        found(family === 0 ? all : all.filter((entry) => entry.family === family))
      },
      (error: Error) => settle(error, ''),
    )
  }
}

/** False for a numeric host that nothing may connect to (unspecified, multicast, broadcast); true for names. */
export function isAllowedHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  return !/^[\d.]+$|:/.test(bare) || mayReach(bare, bare)
}
