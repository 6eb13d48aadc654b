import type { PeerGroup, PeerResult, SwarmResult, SwarmSpec } from '@bitloom/simulator'

/** A swarm as a scenario describes it: without what the lab sets itself. */
export type Swarm = Omit<SwarmSpec, 'seed' | 'onProgress' | 'onTrace' | 'pieceTimes'>

/** Seconds from joining until whole; `Infinity` for a peer that never was. */
export function completionSeconds({ joinedMs, completedMs = Infinity }: PeerResult): number {
  return (completedMs - joinedMs) / 1000
}

/** Payload that was of use. */
export function usefulBytes({ downloadedBytes, wastedBytes }: PeerResult): number {
  return downloadedBytes - wastedBytes
}

/** Mean useful bytes/s while the peer was there and not whole. */
export function downloadRate(peer: PeerResult, { finishedAtMs }: Pick<SwarmResult, 'finishedAtMs'>): number {
  const end = peer.completedMs ?? peer.leftMs ?? finishedAtMs
  return end > peer.joinedMs ? (usefulBytes(peer) * 1000) / (end - peer.joinedMs) : 0
}

/** Bytes given / useful bytes received, of the peers that received any. */
export function shareRatios(peers: readonly PeerResult[]): number[] {
  return peers.filter((peer) => usefulBytes(peer) > 0).map((peer) => peer.uploadedBytes / usefulBytes(peer))
}

/** True for a group whose peers have everything at the start. */
export function isSeeding({ has }: PeerGroup): boolean {
  return has === 'all' || has === 1
}

/** The peers that had everything at the start. */
function seedersOf(swarm: Swarm, peers: readonly PeerResult[]): readonly PeerResult[] {
  const seeding = new Set(swarm.groups.filter(isSeeding).map(({ name }) => name))
  return peers.filter(({ group }) => seeding.has(group))
}

/** What the peers that had everything at the start uploaded. */
export function seederBytes(swarm: Swarm, { peers }: Pick<SwarmResult, 'peers'>): number {
  return sumOf(seedersOf(swarm, peers).map((peer) => peer.uploadedBytes))
}

/** The first sample at which each piece was with somebody who did not come with everything; `undefined`: at none. */
export function allOutMs(swarm: Swarm, { peers, samples }: Pick<SwarmResult, 'peers' | 'samples'>): number | undefined {
  const seeders = seedersOf(swarm, peers)
  const seedersAt = (atMs: number): number =>
    seeders.filter(({ joinedMs, leftMs = Infinity }) => joinedMs <= atMs && atMs < leftMs).length
  return samples.find(({ atMs, availabilityMin }) => availabilityMin > seedersAt(atMs))?.atMs
}

/** Uploaded by honest peers / what their links could carry while they were there, until the last peer was whole; in percent. */
export function uploadUse(
  swarm: Swarm,
  { peers, finishedAtMs }: Pick<SwarmResult, 'peers' | 'finishedAtMs'>,
): number | undefined {
  const wholeMs = peers.flatMap(({ completedMs }) => (completedMs === undefined ? [] : [completedMs]))
  const endMs = wholeMs.length === 0 ? finishedAtMs : Math.max(...wholeMs)
  const honest = new Map(
    swarm.groups.filter(({ behaviour = 'honest' }) => behaviour === 'honest').map((group) => [group.name, group]),
  )
  let uploaded = 0
  let capacity = 0
  for (const { group, joinedMs, leftMs = endMs, uploadedBytes } of peers) {
    const { upBytesPerSecond = 0 } = honest.get(group) ?? {}
    if (!honest.has(group)) continue
    uploaded += uploadedBytes
    capacity += (upBytesPerSecond * Math.max(0, Math.min(leftMs, endMs) - joinedMs)) / 1000
  }
  return Number.isFinite(capacity) ? percent(uploaded, capacity) : undefined
}

/** The peers that play what they download. */
export function playbacks(peers: readonly PeerResult[]): (PeerResult & Required<Pick<PeerResult, 'playback'>>)[] {
  return peers.flatMap((peer) => (peer.playback === undefined ? [] : [{ ...peer, playback: peer.playback }]))
}

export function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

/** `undefined` of nothing. */
export function meanOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : sumOf(values) / values.length
}

/** `part` of `whole` in percent; `undefined` of nothing. */
export function percent(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : (100 * part) / whole
}
