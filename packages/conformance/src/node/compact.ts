import type { IpEndpoint } from '@bitloom/core'

/** IPv4 peers, 6 bytes each (BEP 23). */
export function compact(peers: readonly IpEndpoint[]): Uint8Array {
  return Uint8Array.from(
    peers.flatMap(({ host, port }) => [...host.split('.').map(Number), Math.floor(port / 256), port % 256]),
  )
}
