import { formatEndpoint, type IpEndpoint, ipScope } from '@bitloom/core'
import { mostPerMessage, type PexMessage, type PexPeer } from './protocol.js'

/** What one peer has been told: the addresses that it still takes for connected to us. */
export class Told {
  readonly #told = new Map<string, IpEndpoint>()

  /**
   * What changed since the last message, at most 50 added and 50 dropped; `undefined` = nothing. What is left over comes
   * with the next. It counts as told by `tell`.
   */
  news(connected: readonly PexPeer[]): PexMessage | undefined {
    const now = new Map(connected.map((peer) => [formatEndpoint(peer.endpoint), peer]))
    const added = [...now].filter(([name]) => !this.#told.has(name)).map(([, peer]) => peer)
    const dropped = [...this.#told].filter(([name]) => !now.has(name)).map(([, endpoint]) => endpoint)
    if (added.length === 0 && dropped.length === 0) return undefined
    return { added: added.slice(0, mostPerMessage), dropped: dropped.slice(0, mostPerMessage) }
  }

  /** The message was sent. */
  tell({ added, dropped }: PexMessage): void {
    for (const { endpoint } of added) this.#told.set(formatEndpoint(endpoint), endpoint)
    for (const endpoint of dropped) this.#told.delete(formatEndpoint(endpoint))
  }
}

/** May an address be told to, or taken from, a peer at `host`? Those of a private network are nobody's business outside. */
export function mayPass(endpoint: IpEndpoint, host: string): boolean {
  return ipScope(endpoint.host) === 'public' || ipScope(host) !== 'public'
}
