import { describe, expect, it } from 'vitest'
import { simulate, type SwarmResult } from '../src/index.js'
import { checkSeeds } from '../src/seeds.js'
import { KiB, MiB, peers, seeds, smallSwarm, sumOf } from './swarms.js'

const here = { project: 'simulator', file: 'swarm.sim' }
const bytes = 4 * MiB

const endOf = ({ finishedAtMs }: SwarmResult): number => finishedAtMs

/** How long peers took, in the mean. */
function meanOf({ peers }: SwarmResult): number {
  const took = peers.flatMap(({ joinedMs, completedMs }) => (completedMs === undefined ? [] : [completedMs - joinedMs]))
  return took.reduce((sum, ms) => sum + ms, 0) / took.length
}

describe('a swarm', () => {
  it('ends with everybody whole, no faults, and nothing uploaded that was not downloaded', async () => {
    await checkSeeds(here, ['1', '2', '3'], async (seed) => {
      const result = await simulate(smallSwarm({ seed, groups: [seeds(1), peers(12, { arrive: { overMs: 10_000 } })] }))
      expect(result.finished).toBe(true)
      expect(result.faults).toEqual([])
      for (const peer of result.peers.filter(({ group }) => group === 'peer')) {
        expect(peer.completedMs).toBeGreaterThan(peer.joinedMs)
        expect(peer.downloadedBytes - peer.wastedBytes).toBe(bytes)
      }
      // What each has read and not sent when the run ends makes the difference.
      const [up, down] = [sumOf(result, 'uploadedBytes'), sumOf(result, 'downloadedBytes')]
      expect(up).toBeGreaterThanOrEqual(down)
      expect(up - down).toBeLessThan(result.peers.length * MiB)
    })
  })

  it('lets peers give to each other: the seed gives out far less than all they take', async () => {
    const result = await simulate(smallSwarm({ groups: [seeds(1), peers(12)] }))
    const [seed] = result.peers
    expect(seed?.uploadedBytes).toBeLessThan(0.5 * sumOf(result, 'downloadedBytes'))
  })

  it('with few places for each peer is not kept by those who come first', async () => {
    const line = { upBytesPerSecond: 64 * KiB, maxPeers: 4 }
    const torrent = { lengthBytes: MiB, pieceBytes: 64 * KiB }
    const groups = [seeds(1, line), peers(20, { ...line, arrive: { overMs: 10_000 } })]
    const result = await simulate(smallSwarm({ torrent, groups }))
    expect(result.finished).toBe(true)
    // The first five alone need 30 seconds, and would have the others wait for that.
    expect(result.finishedAtMs).toBeLessThan(60_000)
  })

  it('is no faster than its lines, and not much slower', async () => {
    const result = await simulate(
      smallSwarm({
        torrent: { lengthBytes: 16 * MiB, pieceBytes: 256 * KiB },
        groups: [seeds(1, { upBytesPerSecond: MiB }), peers(1, { downBytesPerSecond: 8 * MiB })],
      }),
    )
    expect(result.finishedAtMs).toBeGreaterThan(16_000)
    expect(result.finishedAtMs).toBeLessThan(18_500)
  })

  it.each([
    { stretchMs: 64, gatherMs: 0, mostEvents: 0.75 },
    { stretchMs: 0, gatherMs: 64, mostEvents: 1.5 },
    { stretchMs: 64, gatherMs: 64, mostEvents: 0.75 },
  ])(
    'computed in coarser time comes to nearly the same end: $stretchMs and $gatherMs ms',
    async ({ mostEvents, ...coarse }) => {
      // Of one seed the ends are up to a fifth apart, either way, as those of two seeds are.
      const runs = ['1', '2', '3'].flatMap((seed) =>
        [{}, coarse].map((network) =>
          simulate(
            smallSwarm({
              seed,
              network,
              torrent: { lengthBytes: 16 * MiB, pieceBytes: 256 * KiB },
              groups: [
                seeds(1),
                peers(10, { upBytesPerSecond: MiB }),
                peers(2, { name: 'liar', behaviour: 'corrupt' }),
              ],
            }),
          ),
        ),
      )
      const results = await Promise.all(runs)
      for (const result of results) {
        expect(result.finished).toBe(true)
        expect(result.faults).toEqual([])
        for (const peer of result.peers.filter(({ group }) => group === 'peer')) {
          expect(peer.downloadedBytes - peer.wastedBytes).toBe(16 * MiB)
        }
        // Lies are found in stretches of several blocks too.
        expect(sumOf(result, 'wastedBytes')).toBeGreaterThan(0)
      }
      const exact = results.filter((_, index) => index % 2 === 0)
      const coarser = results.filter((_, index) => index % 2 === 1)
      expect(new Set(results.map(({ traceHash }) => traceHash)).size).toBe(results.length)
      const sum = (of: (result: SwarmResult) => number, all: readonly SwarmResult[]): number =>
        all.reduce((total, result) => total + of(result), 0)
      expect(sum(({ events }) => events, coarser)).toBeLessThan(mostEvents * sum(({ events }) => events, exact))
      for (const of of [endOf, meanOf]) {
        expect(Math.abs(sum(of, coarser) - sum(of, exact))).toBeLessThan(0.15 * sum(of, exact))
      }
    },
  )

  it('goes on through broken connections, split deliveries, jitter, and peers that come and go', async () => {
    await checkSeeds(here, ['1', '2'], async (seed) => {
      const result = await simulate(
        smallSwarm({
          seed,
          network: { lossPerHour: 120, split: 0.3, jitterMs: 30 },
          groups: [
            seeds(1),
            peers(8, { arrive: { poissonPerMinute: 60 }, leave: 'when-whole' }),
            peers(4, { name: 'fleeting', arrive: { overMs: 20_000 }, leave: { sessionMs: 8_000 } }),
          ],
        }),
      )
      expect(result.finished).toBe(true)
      expect(result.faults).toEqual([])
      const stayers = result.peers.filter(({ group }) => group === 'peer')
      for (const peer of stayers) expect(peer.completedMs).toBeDefined()
      for (const peer of stayers) expect(peer.leftMs ?? Infinity).toBeGreaterThanOrEqual(peer.completedMs ?? 0)
    })
  })

  it('reaches peers behind a NAT through those that can be dialled', async () => {
    const result = await simulate(
      smallSwarm({
        groups: [
          seeds(1, { reachable: false, arrive: { atMs: 5_000 } }),
          peers(5),
          peers(3, { name: 'nat', reachable: false }),
        ],
      }),
    )
    expect(result.finished).toBe(true)
    expect(result.peers.filter(({ group }) => group === 'nat').every((peer) => peer.completedMs !== undefined)).toBe(
      true,
    )
  })

  it('of nobody but NATs never starts', async () => {
    const result = await simulate(
      smallSwarm({ untilMs: 120_000, groups: [seeds(1, { reachable: false }), peers(2, { reachable: false })] }),
    )
    expect(result.finished).toBe(false)
    expect(result.finishedAtMs).toBe(120_000)
    expect(sumOf(result, 'downloadedBytes')).toBe(0)
  })
})

describe('hostile peers', () => {
  it('that send rubbish cost little, and nobody keeps any of it', async () => {
    await checkSeeds(here, ['1', '2'], async (seed) => {
      const groups = [seeds(1), peers(6), peers(2, { name: 'liar', behaviour: 'corrupt' as const })]
      const result = await simulate(smallSwarm({ seed, groups }))
      expect(result.finished).toBe(true)
      const honest = result.peers.filter(({ group }) => group === 'peer')
      const wasted = honest.reduce((sum, peer) => sum + peer.wastedBytes, 0)
      expect(wasted).toBeGreaterThan(0)
      expect(wasted).toBeLessThan(honest.length * 2 * MiB)
    })
  })

  it('that ride free get their data and give none', async () => {
    const groups = [seeds(1), peers(6), peers(2, { name: 'rider', behaviour: 'free-rider' as const })]
    const result = await simulate(smallSwarm({ groups }))
    const riders = result.peers.filter(({ group }) => group === 'rider')
    expect(riders.map((rider) => rider.uploadedBytes)).toEqual([0, 0])
    expect(riders.every((rider) => rider.downloadedBytes > 0)).toBe(true)
  })

  it('that never answer, make noise or say nothing keep nobody from finishing', async () => {
    const result = await simulate(
      smallSwarm({
        groups: [
          seeds(1),
          peers(6),
          peers(2, { name: 'silent', behaviour: 'silent' }),
          peers(2, { name: 'garbage', behaviour: 'garbage' }),
          peers(2, { name: 'mute', behaviour: 'mute' }),
        ],
      }),
    )
    expect(result.finished).toBe(true)
    expect(result.faults).toEqual([])
    const silent = result.peers.filter(({ group }) => group === 'silent')
    expect(silent.every((peer) => peer.completedMs === undefined)).toBe(true)
  })
})

describe('samples', () => {
  it('show the swarm become whole', async () => {
    const result = await simulate(smallSwarm({ sampleEveryMs: 1_000, groups: [seeds(1), peers(4)], pieceTimes: true }))
    const [first, last] = [result.samples[0], result.samples.at(-1)]
    expect(first?.wholePeers).toBe(1)
    expect(first?.copies).toBeLessThan(3)
    expect(last).toMatchObject({ peers: 5, wholePeers: 5, availabilityMin: 5, availabilityMax: 5, copies: 5 })
    for (const [index, sample] of result.samples.entries()) {
      expect(sample.availabilityMin).toBeLessThanOrEqual(sample.availabilityMean)
      expect(sample.downloadedBytes).toBeGreaterThanOrEqual(result.samples[index - 1]?.downloadedBytes ?? 0)
    }
    for (const peer of result.peers.slice(1)) {
      expect(peer.pieceTimesMs).toHaveLength(32)
      expect(Math.min(...(peer.pieceTimesMs ?? []).map((ms) => ms ?? 0))).toBe(peer.firstPieceMs)
    }
  })
})
