import { describe, expect, it } from 'vitest'
import { simulate, type SwarmResult } from '../src/index.js'
import { KiB, MiB, peers, seeds, smallSwarm } from './swarms.js'

const torrent = { lengthBytes: 32 * MiB, pieceBytes: 256 * KiB }

/** A line that makes half of a path of so many milliseconds there and back. */
const half = (roundTripMs: number, bytesPerSecond: number) => ({
  upBytesPerSecond: bytesPerSecond,
  downBytesPerSecond: bytesPerSecond,
  latencyMs: roundTripMs / 4,
})

const completedMs = ({ peers }: SwarmResult, group: string): number[] =>
  peers.filter((peer) => peer.group === group).map((peer) => peer.completedMs ?? Infinity)

describe('a long path', () => {
  it.each([
    [50, 16],
    [200, 4],
    [400, 2],
  ])('of %d ms there and back, %d MiB a second, is filled by one peer', async (roundTripMs, mib) => {
    const line = half(roundTripMs, mib * MiB)
    const result = await simulate(smallSwarm({ torrent, groups: [seeds(1, line), peers(1, line)] }))
    const shortestMs = (torrent.lengthBytes / (mib * MiB)) * 1_000
    expect(result.finishedAtMs).toBeLessThan(shortestMs / 0.8)
  })

  it('gets as much of a swarm as a short one', async () => {
    const near = half(10, 4 * MiB)
    const far = half(200, 4 * MiB)
    const groups = [seeds(1, near), peers(2, { ...near, name: 'near' }), peers(2, { ...far, name: 'far' })]
    const result = await simulate(smallSwarm({ torrent, groups }))
    expect(Math.max(...completedMs(result, 'far'))).toBeLessThan(1.2 * Math.min(...completedMs(result, 'near')))
  })
})

describe('slow peers', () => {
  it('hold no piece hostage: with six of them a download ends hardly later than from the quick one alone', async () => {
    const quick = half(50, 4 * MiB)
    const slow = { ...half(400, 8 * KiB), name: 'slow' }
    const run = (groups: Parameters<typeof smallSwarm>[0]) => simulate(smallSwarm({ torrent, ...groups }))
    const alone = await run({ groups: [seeds(1, quick), peers(1, quick)] })
    const crowded = await run({ groups: [seeds(1, quick), seeds(6, slow), peers(1, quick)] })
    expect(crowded.finishedAtMs).toBeLessThan(1.1 * alone.finishedAtMs)
    expect(crowded.peers.at(-1)?.wastedBytes).toBeLessThan(0.05 * torrent.lengthBytes)
  })
})
