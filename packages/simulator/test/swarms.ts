import type { PeerGroup, SwarmResult, SwarmSpec } from '../src/index.js'

export const KiB = 1_024
export const MiB = 1_048_576

/** A seed and some peers, with what a test is about put over it. */
export function smallSwarm(changes: Partial<SwarmSpec> = {}): SwarmSpec {
  return {
    seed: '1',
    torrent: { lengthBytes: 4 * MiB, pieceBytes: 128 * KiB },
    groups: [seeds(1), peers(6)],
    untilMs: 1_800_000,
    ...changes,
  }
}

export function seeds(count: number, changes: Partial<PeerGroup> = {}): PeerGroup {
  return { name: 'seed', count, has: 'all', upBytesPerSecond: MiB, downBytesPerSecond: MiB, ...changes }
}

export function peers(count: number, changes: Partial<PeerGroup> = {}): PeerGroup {
  return { name: 'peer', count, upBytesPerSecond: 512 * KiB, downBytesPerSecond: 2 * MiB, ...changes }
}

export function sumOf(result: SwarmResult, what: 'uploadedBytes' | 'downloadedBytes' | 'wastedBytes'): number {
  return result.peers.reduce((sum, peer) => sum + peer[what], 0)
}
