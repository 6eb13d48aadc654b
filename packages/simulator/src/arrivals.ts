import type { SeededRandom } from '@bitloom/core'
import type { PeerGroup } from './swarm-spec.js'

/** When each peer of a group comes, in ms from the start, in order. */
export function arrivalTimes(group: PeerGroup, random: SeededRandom): number[] {
  const { arrive, count } = group
  const share = (): number => random.below(2 ** 32) / 2 ** 32
  if (arrive === undefined) return Array.from({ length: count }, () => 0)
  if ('atMs' in arrive) return Array.from({ length: count }, () => arrive.atMs)
  if ('overMs' in arrive) return Array.from({ length: count }, () => share() * arrive.overMs).sort((a, b) => a - b)
  const meanMs = 60_000 / arrive.poissonPerMinute
  let atMs = 0
  return Array.from({ length: count }, () => (atMs += -Math.log(1 - share()) * meanMs))
}
