import { describe, expect, it } from 'vitest'
import { simulate } from '../src/index.js'
import { KiB, MiB, peers, seeds, sumOf } from './swarms.js'

/** What a run may cost: a multiple of what an idle core takes, since tests share theirs with others. */
const timesSlower = 5

describe('what a swarm costs', () => {
  it.each([
    { count: 20, mebibytes: 64, seconds: 3 },
    { count: 200, mebibytes: 32, seconds: 60 },
  ])(
    '$count peers and $mebibytes MiB: $seconds s, every block accounted',
    { timeout: 1_200_000 },
    async ({ count, mebibytes, seconds }) => {
      const lengthBytes = mebibytes * MiB
      const before = process.cpuUsage()
      const result = await simulate({
        seed: '1',
        network: { stretchMs: 64, gatherMs: 64 },
        torrent: { lengthBytes, pieceBytes: 256 * KiB },
        groups: [
          seeds(Math.ceil(count / 100), { upBytesPerSecond: 4 * MiB, downBytesPerSecond: 4 * MiB }),
          peers(count - Math.ceil(count / 100), {
            upBytesPerSecond: MiB,
            downBytesPerSecond: 4 * MiB,
            arrive: { overMs: 10_000 },
          }),
        ],
      })
      const { user, system } = process.cpuUsage(before)
      expect(result.finished).toBe(true)
      expect(result.faults).toEqual([])
      const leechers = result.peers.filter(({ group }) => group === 'peer')
      for (const { downloadedBytes, wastedBytes } of leechers) expect(downloadedBytes - wastedBytes).toBe(lengthBytes)
      expect(sumOf(result, 'wastedBytes')).toBeLessThan(0.08 * sumOf(result, 'downloadedBytes'))
      expect((user + system) / 1e6).toBeLessThan(seconds * timesSlower)
    },
  )
})
