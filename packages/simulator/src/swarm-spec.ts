import type { Plugin, SessionLimits, TraceSink } from '@bitloom/core'
import type { NetworkSpec } from './simulated-network.js'
import type { StorageSpec } from './simulated-storage.js'
import type { TrackerSpec } from './simulated-tracker.js'
import type { TorrentSpec } from './simulated-torrent.js'
import type { Fault } from './simulation.js'

/** A swarm to simulate: one torrent, one tracker, and groups of peers. */
export interface SwarmSpec {
  /** The same spec and seed give the same run, event by event. */
  readonly seed: string
  readonly torrent: TorrentSpec
  readonly groups: readonly PeerGroup[]
  /** Virtual time after which the run ends, whoever is not whole by then. Default 6 hours. */
  readonly untilMs?: number
  /** How often the swarm is looked at; default never. */
  readonly sampleEveryMs?: number
  readonly network?: NetworkSpec & {
    /** From one peer to another, one way, for groups that say nothing else; default 50. */
    readonly latencyMs?: number
  }
  readonly tracker?: TrackerSpec
  /** Keep when each piece came, for every peer. */
  readonly pieceTimes?: boolean
  /** `real` moves and hashes real bytes, for checking that it changes nothing. */
  readonly data?: 'symbolic' | 'real'
  /** Hears why every peer decided as it did; each record says whose it is in `session`. Changes nothing of the run. */
  readonly onTrace?: TraceSink
  /** Told now and then how far the run is. */
  readonly onProgress?: (progress: Progress) => void
}

/** How a peer behaves. All but `garbage` and `mute` are the real engine. */
export type Behaviour =
  /** Does what the engine does. */
  | 'honest'
  /** Downloads, uploads nothing, and shows nothing of what it has. */
  | 'free-rider'
  /** Says it has everything and sends rubbish. */
  | 'corrupt'
  /** Says it has everything, takes requests, and never answers. */
  | 'silent'
  /** Shakes hands, then sends noise. */
  | 'garbage'
  /** Accepts connections and says nothing at all. */
  | 'mute'

/** Peers of one kind. */
export interface PeerGroup {
  readonly name: string
  readonly count: number
  /** At the start; a number is a share of the pieces, drawn for each peer. Default `none`. */
  readonly has?: 'all' | 'none' | number
  /** `Infinity` = unlimited. */
  readonly upBytesPerSecond: number
  readonly downBytesPerSecond: number
  /** From the peer to the middle of the network, one way; default half of the network's. */
  readonly latencyMs?: number
  /** Default: all at the start. `overMs`: evenly at random within so long. */
  readonly arrive?: { readonly atMs: number } | { readonly overMs: number } | { readonly poissonPerMinute: number }
  /** Default `stay`: as a seed until the end of the run. `sessionMs`: after so long, whole or not, without a word. */
  readonly leave?: 'stay' | 'when-whole' | { readonly afterWholeMs: number } | { readonly sessionMs: number }
  readonly behaviour?: Behaviour
  /** False: behind a NAT. Default true. */
  readonly reachable?: boolean
  /** Made for each peer; they come before the default picker (`@bitloom/piece-picker`). */
  readonly plugins?: () => readonly Plugin[]
  /** Names of strategies; default: the first bound. */
  readonly picker?: string
  readonly choker?: string
  /** As in the limits of a session. */
  readonly uploadSlots?: number
  readonly maxPeers?: number
  readonly limits?: Partial<SessionLimits>
  readonly storage?: StorageSpec
  /** Somebody watches while it downloads: starts when so many bytes from the begin are there (default 2 s worth). */
  readonly playback?: { readonly bytesPerSecond: number; readonly startAfterBytes?: number }
}

/** How far a run is. */
export interface Progress {
  readonly atMs: number
  readonly events: number
  /** Peers that still have something to download. */
  readonly unfinished: number
}

/** What became of one peer. Times are in ms from the start of the run, bytes are payload. */
export interface PeerResult {
  readonly group: string
  readonly name: string
  readonly joinedMs: number
  readonly firstPieceMs?: number
  /** When it became whole; absent for those who came whole, and those who did not become so. */
  readonly completedMs?: number
  readonly leftMs?: number
  readonly uploadedBytes: number
  /** All that came, what was of no use included. */
  readonly downloadedBytes: number
  readonly wastedBytes: number
  readonly playback?: PlaybackResult
  /** By piece: when it was verified; `undefined` for those it had, or lacks. With `pieceTimes`. */
  readonly pieceTimesMs?: readonly (number | undefined)[]
}

/** How it was to watch. */
export interface PlaybackResult {
  /** From joining to the first picture. */
  readonly startupMs?: number
  readonly stalls: number
  readonly stalledMs: number
}

/** The swarm at one time: peers that are there and download or seed in earnest. */
export interface Sample {
  readonly atMs: number
  readonly peers: number
  readonly wholePeers: number
  /** How many of them have a piece: the rarest, the mean, the most common. */
  readonly availabilityMin: number
  readonly availabilityMean: number
  readonly availabilityMax: number
  /** Distributed copies: the rarest piece's count, plus the share of pieces that are more common. */
  readonly copies: number
  readonly uploadedBytes: number
  readonly downloadedBytes: number
}

/** What became of a swarm. */
export interface SwarmResult {
  readonly seed: string
  /** The order of all events as a fingerprint: equal runs have equal ones. */
  readonly traceHash: string
  /** Virtual time at the end of the run. */
  readonly finishedAtMs: number
  readonly events: number
  /** Everybody who wanted to become whole did, or left. */
  readonly finished: boolean
  readonly peers: readonly PeerResult[]
  readonly samples: readonly Sample[]
  /** Errors that engines logged; in a healthy swarm none. */
  readonly faults: readonly Fault[]
  /** All bytes on the wire, headers and messages included. */
  readonly sentBytes: number
  readonly receivedBytes: number
}
