import { type AnnounceEvent, type AnnounceIdentity, type AnnounceRequest, seededRandom } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { simulate, SimulatedTracker, type TrackerSpec, VirtualClock } from '../src/index.js'
import { KiB, peers, seeds, smallSwarm, sumOf } from './swarms.js'

const identity: AnnounceIdentity = {
  infoHash: new Uint8Array(20).fill(1),
  peerId: new Uint8Array(20).fill(2),
  key: 3,
  private: false,
}

/** A tracker with so many peers on its list, of whom every tenth is a seed. */
function trackerOf(count: number, spec: TrackerSpec = {}) {
  const tracker = new SimulatedTracker(new VirtualClock(), seededRandom('tracker'), spec)
  const announce = (from: number, event?: AnnounceEvent, numWant = 200) => {
    const request: AnnounceRequest = {
      ...{ url: '', event, port: 6_881, numWant, params: {}, headers: {} },
      ...{ uploaded: 0, downloaded: 0, left: from % 10 === 0 ? 0 : 5 },
    }
    return tracker.announce(request, identity, `10.0.0.${from}`)
  }
  for (let from = 0; from < count; from++) announce(from, 'started')
  const hostsFor = (from: number, numWant?: number): string[] =>
    announce(from, undefined, numWant).peers.map((peer) => (peer.kind === 'ip' ? peer.host : ''))
  return { announce, hostsFor }
}

describe('the tracker', () => {
  it('answers with others drawn at random, none twice, as many as are wanted and it gives', () => {
    const { hostsFor } = trackerOf(60)
    const drawn = [hostsFor(7), hostsFor(7), hostsFor(7, 5)]
    expect(drawn.map(({ length }) => length)).toEqual([50, 50, 5])
    for (const hosts of drawn) expect(new Set(hosts).size).toBe(hosts.length)
    for (const hosts of drawn) expect(hosts).not.toContain('10.0.0.7')
    expect(drawn[0]).not.toEqual(drawn[1])
    expect(trackerOf(60, { peersPerAnswer: 8 }).hostsFor(7)).toHaveLength(8)
  })

  it('counts seeds and others, and forgets who stops', () => {
    const { announce, hostsFor } = trackerOf(20)
    expect(announce(1)).toMatchObject({ seeders: 2, leechers: 18, externalIp: '10.0.0.1' })
    announce(0, 'stopped')
    announce(2, 'stopped')
    expect(announce(1)).toMatchObject({ seeders: 1, leechers: 17 })
    expect(hostsFor(1)).toHaveLength(17)
    for (const gone of ['10.0.0.0', '10.0.0.2']) expect(hostsFor(1)).not.toContain(gone)
  })

  it('that is out for a while keeps everybody waiting, and then the swarm starts by itself', async () => {
    const outages = [[0, 120_000]] as const
    const out = await simulate(smallSwarm({ tracker: { outages }, untilMs: 119_000 }))
    expect(sumOf(out, 'downloadedBytes')).toBe(0)
    const later = await simulate(smallSwarm({ tracker: { outages } }))
    expect(later.finished).toBe(true)
    for (const peer of later.peers.slice(1)) expect(peer.firstPieceMs).toBeGreaterThan(120_000)
  })
})

describe('who watches while it downloads', () => {
  it('starts once the begin is there, and stalls on a line that is too slow', async () => {
    const watching = async (bytesPerSecond: number) => {
      const playback = { bytesPerSecond }
      const viewer = peers(1, { picker: 'sequential', downBytesPerSecond: 256 * KiB, playback })
      return (await simulate(smallSwarm({ groups: [seeds(1), viewer] }))).peers.at(-1)?.playback
    }
    const [slow, fast] = [await watching(128 * KiB), await watching(512 * KiB)]
    expect(slow).toMatchObject({ stalls: 0, stalledMs: 0 })
    expect(slow?.startupMs).toBeGreaterThan(1_000)
    expect(slow?.startupMs).toBeLessThan(6_000)
    expect(fast?.stalls).toBeGreaterThan(0)
    // 4 MiB take 16 s to come and 8 s to play.
    expect((fast?.startupMs ?? 0) + (fast?.stalledMs ?? 0)).toBeGreaterThan(7_000)
    expect((fast?.startupMs ?? 0) + (fast?.stalledMs ?? 0)).toBeLessThan(12_000)
  })
})
