import { expect, it } from 'vitest'
import { simulate } from '../src/index.js'
import { KiB, MiB, peers, seeds } from './swarms.js'

it('200 leechers on one seeder all finish, the last within four times the time of the first', async () => {
  const result = await simulate({
    seed: '1',
    network: { stretchMs: 64, gatherMs: 64 },
    torrent: { lengthBytes: MiB, pieceBytes: 32 * KiB },
    groups: [seeds(1, { upBytesPerSecond: 4 * MiB }), peers(200, { maxPeers: 20 })],
  })
  expect(result.faults).toEqual([])
  const times = result.peers.flatMap(({ completedMs }) => completedMs ?? [])
  const ratio = Math.max(...times) / Math.min(...times)
  console.log(`limits: 200 leechers on one seeder: the slowest takes ${ratio.toFixed(2)} times as long as the quickest`)
  expect(times).toHaveLength(200)
  expect(ratio).toBeLessThanOrEqual(4)
})
