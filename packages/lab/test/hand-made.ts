import type { PeerResult, Sample, SwarmResult } from '@bitloom/simulator'
import type { Swarm } from '../src/facts.js'
import type { RunRecord } from '../src/record.js'
import type { Scenario } from '../src/scenario.js'

/** A peer that joined at 0, took 100 bytes and was whole after 10 s, unless it says otherwise. */
export function peer(changes: Partial<PeerResult> = {}): PeerResult {
  return {
    group: 'peers',
    name: 'peer',
    joinedMs: 0,
    firstPieceMs: 1000,
    completedMs: 10_000,
    uploadedBytes: 0,
    downloadedBytes: 100,
    wastedBytes: 0,
    ...changes,
  }
}

/** One that never became whole. */
export function unfinished(changes: Partial<PeerResult> = {}): PeerResult {
  const { completedMs: _completedMs, firstPieceMs: _firstPieceMs, ...rest } = peer(changes)
  return { ...rest, ...changes }
}

/** One that had everything. */
export function seeder(uploadedBytes: number): PeerResult {
  return unfinished({ group: 'seeder', name: 'seeder', uploadedBytes, downloadedBytes: 0 })
}

export function sample(atMs: number, availabilityMin: number): Sample {
  return {
    atMs,
    peers: 3,
    wholePeers: 1,
    availabilityMin,
    availabilityMean: availabilityMin + 1,
    availabilityMax: availabilityMin + 2,
    copies: availabilityMin,
    uploadedBytes: 0,
    downloadedBytes: 0,
  }
}

export function result(peers: readonly PeerResult[], changes: Partial<SwarmResult> = {}): SwarmResult {
  return {
    seed: '1',
    traceHash: 'abc',
    finishedAtMs: 20_000,
    events: 1,
    finished: true,
    peers,
    samples: [],
    faults: [],
    sentBytes: 0,
    receivedBytes: 0,
    ...changes,
  }
}

export const swarm: Swarm = {
  torrent: { lengthBytes: 100, pieceBytes: 10 },
  groups: [
    { name: 'seeder', count: 1, has: 'all', upBytesPerSecond: 10, downBytesPerSecond: 10 },
    { name: 'peers', count: 2, upBytesPerSecond: 10, downBytesPerSecond: 100 },
  ],
}

export const scenario: Scenario = {
  name: 'by-hand',
  summary: 'Two strategies',
  swarm,
  strategies: [{ name: 'slow' }, { name: 'fast', summary: 'twice as fast', source: 'ourselves' }],
  seeds: 3,
}

/** A run in which the measured peers took so long. */
export function run(strategy: string, seed: string, completionSeconds: readonly number[]): RunRecord {
  const middle = completionSeconds[Math.floor((completionSeconds.length - 1) / 2)] ?? 0
  const scope = { peers: completionSeconds.length, figures: { 'completion-median': middle }, completionSeconds }
  return {
    strategy,
    seed,
    traceHash: `${strategy}-${seed}`,
    seconds: completionSeconds.at(-1) ?? 0,
    measured: scope,
    groups: { peers: scope },
    samples: [
      { atSeconds: 0, rarest: 1, copies: 1 },
      { atSeconds: 10, rarest: 3, copies: 4 },
    ],
    faults: [],
  }
}
