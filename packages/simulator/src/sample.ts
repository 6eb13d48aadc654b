import type { SwarmMember } from './swarm-member.js'
import type { Sample } from './swarm-spec.js'

/** The swarm as it is now; `copies` tells by piece how many peers have it. */
export function sampleOf(atMs: number, members: readonly SwarmMember[], copies: Int32Array): Sample {
  let [peers, wholePeers, uploadedBytes, downloadedBytes] = [0, 0, 0, 0]
  for (const member of members) {
    member.measure()
    uploadedBytes += member.uploadedBytes
    downloadedBytes += member.downloadedBytes
    if (!member.isPresent || !member.isEarnest) continue
    peers++
    if (member.isWhole) wholePeers++
  }
  let [least, most, sum] = [Infinity, 0, 0]
  for (const count of copies) {
    least = Math.min(least, count)
    most = Math.max(most, count)
    sum += count
  }
  let more = 0
  for (const count of copies) if (count > least) more++
  return {
    atMs,
    peers,
    wholePeers,
    availabilityMin: least,
    availabilityMean: sum / copies.length,
    availabilityMax: most,
    copies: least + more / copies.length,
    uploadedBytes,
    downloadedBytes,
  }
}
