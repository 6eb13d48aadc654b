import { expect, it } from 'vitest'
import { Bits } from '../src/bytes/bits.js'
import type { Peer } from '../src/peer/peer.js'
import { Interest } from '../src/torrent/interest.js'

const bits = (picture: string): Bits => {
  const set = new Bits(picture.length)
  for (const [at, sign] of [...picture].entries()) if (sign === '#') set.add(at)
  return set
}

function peerOf(key: number, picture: string): Peer {
  return { key, haves: bits(picture), watched: -1, isHere: true } as unknown as Peer
}

it('tells of each peer once that it has nothing since, in the order in which they joined, and of none that left', () => {
  const interest = new Interest()
  const wanted = bits('##..')
  const peers = [3, 1, 4, 2].map((key) => peerOf(key, '.#..'))
  const rich = peerOf(5, '##..')
  for (let round = 0; round < 3; round++) for (const peer of [...peers, rich]) interest.renew(peer, wanted)
  expect(peers.map(({ watched }) => watched)).toEqual([1, 1, 1, 1])
  const [, , left] = peers
  if (left === undefined) throw new Error('there are four')
  interest.delete(left)
  left.isHere = false
  wanted.delete(1)
  expect(interest.came(1, wanted).map(({ key }) => key)).toEqual([1, 2, 3])
  expect(rich.watched).toBe(0)
  expect(interest.came(1, wanted)).toEqual([])
  wanted.delete(0)
  expect(interest.came(0, wanted)).toEqual([rich])
})
