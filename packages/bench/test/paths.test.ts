import { expect, it } from 'vitest'
import { pathTable } from '../src/paths.js'

it('the table of long paths has what was allowed, reached, and the share', () => {
  const peer = { roundTripMs: 200, lineRate: 6_250_000, allowedRate: 5 * 2 ** 20, reachedRate: 4.5 * 2 ** 20 }
  const [head, row, shared, slowed] = pathTable({ farPeers: [peer], leastShare: 0.875, slowedBy: 1.1 })
  expect(head).toEqual(['long path', 'allowed', 'reached', 'share'])
  expect(row).toEqual(['one peer, 50 Mbit/s, 200 ms round trip', '5.0 MiB/s', '4.5 MiB/s', '90 %'])
  expect([shared?.at(-1), slowed?.at(-1)]).toEqual(['88 %', '110 %'])
})
