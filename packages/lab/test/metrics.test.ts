import type { PeerResult, SwarmResult } from '@bitloom/simulator'
import { describe, expect, it } from 'vitest'
import { type MetricName, metricNames, metrics } from '../src/metrics.js'
import { peer, result, sample, seeder, swarm, unfinished } from './hand-made.js'

const watched = (startupMs: number | undefined, stalls: number, stalledMs: number): PeerResult =>
  peer({ playback: { ...(startupMs === undefined ? {} : { startupMs }), stalls, stalledMs } })

function figure(name: MetricName, peers: readonly PeerResult[], changes: Partial<SwarmResult> = {}) {
  const run = result(peers, changes)
  return metrics[name].of({ swarm, result: run, peers: run.peers.filter(({ group }) => group === 'peers') })
}

const rows: readonly (readonly [MetricName, string, readonly PeerResult[], number | undefined])[] = [
  [
    'completion-median',
    'from joining, not from the start',
    [peer({ joinedMs: 4000 }), peer({ completedMs: 12_000 }), peer({ joinedMs: 1000 })],
    9,
  ],
  ['completion-median', 'with a minority that never was whole', [peer(), peer(), unfinished()], 10],
  ['completion-median', 'is absent when most never were', [peer(), unfinished(), unfinished()], undefined],
  ['completion-p95', 'is absent when one of three never was', [peer(), peer(), unfinished()], undefined],
  ['completion-mean', 'of those that were', [peer(), peer({ completedMs: 20_000 }), unfinished()], 15],
  ['finished', '', [peer(), peer(), peer(), unfinished()], 75],
  ['makespan', 'from the start of the swarm', [peer({ joinedMs: 5000, completedMs: 30_000 }), peer()], 30],
  ['makespan', 'is absent when one never was whole', [peer(), unfinished()], undefined],
  ['first-piece', '', [peer({ joinedMs: 500 })], 0.5],
  ['first-piece', 'is absent when it never came', [unfinished()], undefined],
  [
    'speed',
    'of useful bytes until whole, gone or the end',
    [
      peer({ downloadedBytes: 20_480, wastedBytes: 10_240 }),
      unfinished({ leftMs: 5000, downloadedBytes: 10_240 }),
      unfinished({ downloadedBytes: 61_440 }),
    ],
    2,
  ],
  ['fairness-speed', 'of twice the rate', [peer(), peer({ completedMs: 5000 })], 0.9],
  ['fairness-giving', 'of who gave all', [peer({ uploadedBytes: 100 }), peer()], 0.5],
  ['fairness-giving', 'leaves out who received nothing', [peer({ uploadedBytes: 9 }), peer({ downloadedBytes: 0 })], 1],
  ['share-ratio', 'of useful bytes', [peer({ uploadedBytes: 40, wastedBytes: 20 })], 0.5],
  ['seeder-copies', '', [seeder(250), peer({ uploadedBytes: 50 })], 2.5],
  ['seeder-share', '', [seeder(150), peer({ uploadedBytes: 50 })], 75],
  // Until 10 s the seeder could send 100 and the peer, which came at 5 s, 50.
  ['upload-use', 'while they were there', [seeder(50), peer({ joinedMs: 5000, uploadedBytes: 25 })], 50],
  [
    'peer-upload-use',
    'without seeders',
    [seeder(50), peer({ joinedMs: 5000, uploadedBytes: 25 }), peer({ uploadedBytes: 20 })],
    30,
  ],
  ['all-out', 'is absent without samples', [seeder(50)], undefined],
  ['waste', '', [peer({ downloadedBytes: 200, wastedBytes: 50 })], 25],
  ['startup', '', [watched(2000, 0, 0), watched(4000, 1, 0), watched(undefined, 0, 0)], 4],
  ['stalls', '', [watched(2000, 0, 0), watched(4000, 3, 9000)], 1.5],
  ['stalled', '', [watched(2000, 0, 0), watched(4000, 3, 9000)], 4.5],
  ['stalls', 'is absent when nobody watches', [peer()], undefined],
  ['availability', 'is absent without samples', [peer()], undefined],
]

describe('figures', () => {
  it.each([
    ['more have the rarest piece than came with everything', [sample(0, 1), sample(1000, 1), sample(2000, 2)], 2],
    ['the seeder has left', [sample(0, 1), sample(4000, 0), sample(6000, 1)], 6],
    ['never', [sample(0, 1), sample(6000, 0)], undefined],
  ])('all-out: %s', (_, samples, expected) => {
    expect(figure('all-out', [{ ...seeder(50), leftMs: 3000 }, peer()], { samples })).toBe(expected)
  })

  it.each(rows)('%s %s', (name, _, peers, expected) => {
    const rounded = (value: number | undefined) => (value === undefined ? undefined : Number(value.toFixed(9)))
    expect(rounded(figure(name, peers))).toBe(expected)
  })

  it('availability is the mean of the rarest piece over the samples', () => {
    expect(figure('availability', [peer()], { samples: [sample(0, 1), sample(1000, 4)] })).toBe(2.5)
  })

  it('upload use does not exist with links without limit', () => {
    const unlimited = { ...swarm, groups: swarm.groups.map((group) => ({ ...group, upBytesPerSecond: Infinity })) }
    const run = result([peer({ uploadedBytes: 5 })])
    expect(metrics['upload-use'].of({ swarm: unlimited, result: run, peers: run.peers })).toBeUndefined()
  })

  it('of nobody are absent or nothing, never NaN', () => {
    for (const name of metricNames) expect(figure(name, [])).not.toBeNaN()
  })

  it.each(metricNames)('%s says what it means', (name) => {
    expect(metrics[name].meaning).toMatch(/^.{30,}\.$/)
    expect(metrics[name].title).not.toBe('')
  })
})
