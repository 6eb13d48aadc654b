import type { PeerResult, SwarmResult } from '@bitloom/simulator'
import {
  type Swarm,
  allOutMs,
  completionSeconds,
  downloadRate,
  meanOf,
  percent,
  playbacks,
  seederBytes,
  shareRatios,
  sumOf,
  uploadUse,
} from './facts.js'
import { jain, quantile } from './statistics.js'

/** One run, and the peers that a figure is asked about. Times in a result are virtual ms since the swarm began. */
export interface Measured {
  readonly swarm: Swarm
  readonly result: Omit<SwarmResult, 'faults'>
  /** The peers to be measured: the downloaders, or those of one group. */
  readonly peers: readonly PeerResult[]
}

/** What a figure is, for the report and for people who ask. */
export interface Metric {
  readonly title: string
  readonly unit: 's' | '%' | 'copies' | 'KiB/s' | 'per peer' | ''
  /** Which way is good; `neither` where it depends. */
  readonly better: 'lower' | 'higher' | 'neither'
  /** What it means and how it is computed, in one or two sentences. */
  readonly meaning: string
  /** Where it comes from, if it is not ours. */
  readonly source?: string
  /** Digits after the point in tables. */
  readonly digits: number
  /** The largest it can be, where there is such a value; the least is 0 for all. */
  readonly most?: number
  /** True where it is a figure of the whole swarm, the same for each group. */
  readonly ofSwarm?: true
  /** `undefined` where the run has no such value. */
  of(run: Measured): number | undefined
}

/** Every figure of the lab, by the name that scenarios and JSON use. */
export const metrics = {
  'completion-median': {
    title: 'Median completion',
    unit: 's',
    better: 'lower',
    digits: 1,
    meaning:
      'The time from joining until a peer is whole, for the peer in the middle. A peer that never became whole counts as infinitely slow, so there is no value when half of them did not.',
    of: ({ peers }) => quantile(peers.map(completionSeconds), 0.5),
  },
  'completion-p95': {
    title: '95 % complete',
    unit: 's',
    better: 'lower',
    digits: 1,
    meaning:
      'The time from joining within which 95 % of the peers were whole: how the slow ones fare. No value when more than 5 % never were.',
    of: ({ peers }) => quantile(peers.map(completionSeconds), 0.95),
  },
  'completion-mean': {
    title: 'Mean completion',
    unit: 's',
    better: 'lower',
    digits: 1,
    meaning:
      'The mean time from joining until whole, of the peers that became whole. Compare it only where the share that finished is alike.',
    of: ({ peers }) => meanOf(peers.map(completionSeconds).filter(Number.isFinite)),
  },
  finished: {
    title: 'Finished',
    unit: '%',
    most: 100,
    better: 'higher',
    digits: 1,
    meaning: 'The share of the peers that became whole before they left or the run ended.',
    of: ({ peers }) => percent(peers.filter((peer) => peer.completedMs !== undefined).length, peers.length),
  },
  makespan: {
    title: 'Last one whole',
    unit: 's',
    better: 'lower',
    digits: 1,
    meaning: 'When the last peer was whole, from the start of the swarm. No value when one never was.',
    of: ({ peers }) =>
      quantile(
        peers.map((peer) => (peer.completedMs ?? Infinity) / 1000),
        1,
      ),
  },
  speed: {
    title: 'Download rate',
    unit: 'KiB/s',
    better: 'higher',
    digits: 0,
    meaning:
      'Useful bytes a second from joining until whole, gone or the end of the run, as a mean over peers. It has a value for peers that never became whole too.',
    of: ({ peers, result }) => scaledBy(1 / 1024, meanOf(peers.map((peer) => downloadRate(peer, result)))),
  },
  'first-piece': {
    title: 'First piece',
    unit: 's',
    better: 'lower',
    digits: 2,
    meaning:
      'The median time from joining until the first piece is verified: until then a peer has nothing to give in return.',
    of: ({ peers }) =>
      quantile(
        peers.map(({ joinedMs, firstPieceMs = Infinity }) => (firstPieceMs - joinedMs) / 1000),
        0.5,
      ),
  },
  'fairness-speed': {
    title: 'Fairness of speed',
    unit: '',
    better: 'higher',
    most: 1,
    digits: 3,
    meaning:
      'Jain’s index (Σx)² ∕ (n Σx²) of the mean download rates x, each from joining until whole, gone or the end of the run: 1 when all are equally fast, 1∕n when one gets everything.',
    source:
      'Jain, Chiu, Hawe, “A quantitative measure of fairness and discrimination for resource allocation in shared computer systems”, DEC TR-301, 1984',
    of: ({ peers, result }) => jain(peers.map((peer) => downloadRate(peer, result))),
  },
  'fairness-giving': {
    title: 'Fairness of giving',
    unit: '',
    better: 'higher',
    most: 1,
    digits: 3,
    meaning:
      'Jain’s index of the share ratios: 1 when each gives in proportion to what it took. Peers that received nothing are left out.',
    source: 'the index as above, of share ratios',
    of: ({ peers }) => jain(shareRatios(peers)),
  },
  'share-ratio': {
    title: 'Share ratio',
    unit: '',
    better: 'neither',
    digits: 2,
    meaning:
      'Bytes given ∕ useful bytes received, for the peer in the middle. Peers that received nothing are left out.',
    of: ({ peers }) => quantile(shareRatios(peers), 0.5),
  },
  'seeder-copies': {
    title: 'Copies from seeders',
    unit: 'copies',
    better: 'lower',
    digits: 2,
    ofSwarm: true,
    meaning:
      'What the peers that had everything at the start uploaded, in lengths of the torrent. One copy is the least that can serve a swarm; the more of the work the downloaders do for each other, the lower it is.',
    source:
      'Bharambe, Herley, Padmanabhan, “Analyzing and improving a BitTorrent network’s performance mechanisms”, INFOCOM 2006',
    of: ({ swarm, result }) => seederBytes(swarm, result) / swarm.torrent.lengthBytes,
  },
  'seeder-share': {
    title: 'Load on seeders',
    unit: '%',
    most: 100,
    better: 'lower',
    digits: 1,
    ofSwarm: true,
    meaning: 'The share of all uploaded bytes that came from peers that had everything at the start.',
    of: ({ swarm, result }) =>
      percent(seederBytes(swarm, result), sumOf(result.peers.map((peer) => peer.uploadedBytes))),
  },
  'upload-use': {
    title: 'Upload capacity used',
    unit: '%',
    most: 100,
    better: 'higher',
    digits: 1,
    ofSwarm: true,
    meaning:
      'Bytes uploaded by all honest peers ∕ what their links could have carried while they were there, until the last one was whole.',
    source: 'uplink utilisation in Bharambe, Herley, Padmanabhan, INFOCOM 2006',
    of: ({ swarm, result }) => uploadUse(swarm, result),
  },
  'peer-upload-use': {
    title: 'Peers’ upload used',
    unit: '%',
    most: 100,
    better: 'higher',
    digits: 1,
    meaning:
      'Bytes uploaded by the peers ∕ what their links could have carried while they were there, until the last of them was whole; seeders are left out.',
    source: 'mean upload utilisation in Bharambe, Herley, Padmanabhan, INFOCOM 2006',
    of: ({ swarm, result, peers }) => uploadUse(swarm, { ...result, peers }),
  },
  'all-out': {
    title: 'All pieces out',
    unit: 's',
    better: 'lower',
    digits: 1,
    ofSwarm: true,
    meaning:
      'When the peers that came without everything had every piece between them, from the start of the swarm: from then on the seeders may leave. To the sample; no value when it never was so.',
    of: ({ swarm, result }) => scaledBy(1 / 1000, allOutMs(swarm, result)),
  },
  availability: {
    title: 'Copies of the rarest piece',
    unit: 'copies',
    better: 'higher',
    digits: 2,
    ofSwarm: true,
    meaning:
      'How many peers have the rarest piece, seeders included, as a mean over the samples of the run. At 0 the torrent cannot be completed.',
    source:
      'availability as in Legout, Urvoy-Keller, Michiardi, “Rarest first and choke algorithms are enough”, IMC 2006',
    of: ({ result }) => meanOf(result.samples.map((sample) => sample.availabilityMin)),
  },
  waste: {
    title: 'Waste',
    unit: '%',
    most: 100,
    better: 'lower',
    digits: 2,
    meaning:
      'The share of received payload that was thrown away: blocks that came twice, and pieces that failed their hash.',
    of: ({ peers }) => {
      const wasted = sumOf(peers.map((peer) => peer.wastedBytes))
      return percent(wasted, sumOf(peers.map((peer) => peer.downloadedBytes)))
    },
  },
  startup: {
    title: 'Playback starts',
    unit: 's',
    better: 'lower',
    digits: 1,
    meaning: 'The median time from joining until playback starts.',
    of: ({ peers }) =>
      quantile(
        playbacks(peers).map(({ playback: { startupMs = Infinity } }) => startupMs / 1000),
        0.5,
      ),
  },
  stalls: {
    title: 'Stalls',
    unit: 'per peer',
    better: 'lower',
    digits: 2,
    meaning: 'How often playback stopped for want of data, as a mean over the peers that play.',
    of: ({ peers }) => meanOf(playbacks(peers).map(({ playback }) => playback.stalls)),
  },
  stalled: {
    title: 'Time stalled',
    unit: 's',
    better: 'lower',
    digits: 1,
    meaning: 'How long playback stood still after it had started, as a mean over the peers that play.',
    of: ({ peers }) => meanOf(playbacks(peers).map(({ playback }) => playback.stalledMs / 1000)),
  },
} as const satisfies Record<string, Metric>

/** The name of a figure. */
export type MetricName = keyof typeof metrics

/** All names, in the order of the report. */
export const metricNames = Object.keys(metrics) as readonly MetricName[]

function scaledBy(factor: number, value: number | undefined): number | undefined {
  return value === undefined ? undefined : value * factor
}
