import { describe, expect, it } from 'vitest'
import { describeGroup, describeSwarm, sizeText, timeText, wrapWords } from '../src/words.js'

const plain = { name: 'peers', count: 2, upBytesPerSecond: 131_072, downBytesPerSecond: 1_048_576 }

describe('words', () => {
  it.each([
    [{}, 'up 128 KiB/s, down 1 MiB/s'],
    [{ upBytesPerSecond: Infinity }, 'up without limit, down 1 MiB/s'],
    [{ has: 'all' as const }, 'up 128 KiB/s, down 1 MiB/s, has everything'],
    [{ has: 0.25, arrive: { atMs: 90_000 } }, 'up 128 KiB/s, down 1 MiB/s, has 25 %, come at 90 s'],
    [{ leave: { sessionMs: 120_000 } }, 'up 128 KiB/s, down 1 MiB/s, leave after 2 min, whole or not'],
    [
      { arrive: { poissonPerMinute: 3 }, leave: { afterWholeMs: 500 }, behaviour: 'silent' as const, reachable: false },
      'up 128 KiB/s, down 1 MiB/s, silent, come 3 a minute, leave 0.5 s after they are whole, behind NAT',
    ],
  ])('of a group with %j', (changes, expected) => expect(describeGroup({ ...plain, ...changes })).toBe(expected))

  it('of a swarm', () => {
    const torrent = { lengthBytes: 1_000_000, pieceBytes: 262_144 }
    expect(describeSwarm({ torrent, groups: [plain] })).toBe(
      '977 KiB in 4 pieces of 256 KiB; 2 peers (up 128 KiB/s, down 1 MiB/s)',
    )
  })

  it('of sizes and times', () => {
    expect([0, 1023, 1536, 1024 ** 3].map(sizeText)).toEqual(['0 B', '1023 B', '1.5 KiB', '1 GiB'])
    expect([0, 1500, 60_000, 120_000, 125_000].map(timeText)).toEqual(['0 s', '1.5 s', '60 s', '2 min', '125 s'])
  })

  it('are cut into lines between them', () => {
    expect(wrapWords('one two three incomprehensibilities', 9)).toEqual(['one two', 'three', 'incomprehensibilities'])
  })
})
