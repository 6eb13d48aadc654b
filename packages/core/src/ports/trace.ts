import type { TorrentState } from './views.js'

/**
 * The trace of a session: one record for each decision and what came of it, in the order in which they were made. Records
 * are plain data that JSON holds without loss, `event` first; the command line, the simulator and other front ends write
 * and read this one format.
 */
export type TraceRecord =
  | TorrentTrace
  | StateTrace
  | JoinTrace
  | LeaveTrace
  | PickTrace
  | UnchokeTrace
  | ChokeTrace
  | RefuseTrace
  | BanTrace
  | BlockRejectedTrace
  | PieceVerifiedTrace
  | PieceRejectedTrace
  | AnnounceSkippedTrace
  | StrategyTrace
  | LimitTrace

/** The kinds of records. */
export type TraceEvent = TraceRecord['event']

/** What hears of every record. It is called within a turn and must not block; one that throws hears of nothing more. */
export type TraceSink = (record: TraceRecord) => void

/** What every record has. */
interface About {
  /** Monotonic ms, the time of the turn. */
  readonly atMs: number
  /** Whose record it is, where several sessions write one trace (peers of a simulation); core leaves it out. */
  readonly session?: string
}

interface AboutTorrent extends About {
  /** `torrent.id`. */
  readonly torrent: string
}

interface AboutPeer extends AboutTorrent {
  /** `peer.key`. */
  readonly peer: number
  /** `host:port`, IPv6 in brackets, or a URL without secrets. */
  readonly address: string
}

/** A torrent comes into the trace: it was added, or was there when the trace began. */
export interface TorrentTrace extends AboutTorrent {
  readonly event: 'torrent'
  readonly name: string
  /** v1 (40 hex digits), or v2 (64) where there is no v1. */
  readonly infoHash: string
  /** 0 while the metadata is unknown. */
  readonly pieceCount: number
  readonly pieceLengthBytes: number
  readonly state: TorrentState
}

/** A torrent went into another state. */
export interface StateTrace extends AboutTorrent {
  readonly event: 'state'
  readonly state: TorrentState
  /** Why it is blocked or failed. */
  readonly reason?: string
}

/** A peer passed its handshake and belongs to the torrent, or did when the trace began. */
export interface JoinTrace extends AboutPeer {
  readonly event: 'join'
  readonly client?: string
  /** We dialled it. */
  readonly outgoing: boolean
}

/** A peer is gone. */
export interface LeaveTrace extends AboutPeer {
  readonly event: 'leave'
  readonly reason: string
  /** Payload bytes since the connection began. */
  readonly downloadedBytes: number
  readonly uploadedBytes: number
}

/** Blocks of one piece were asked of a peer. One record for each `take`, not for each block. */
export interface PickTrace extends AboutPeer {
  readonly event: 'pick'
  readonly piece: number
  /** How many blocks were asked, and the first of them by its index in the piece. */
  readonly blocks: number
  readonly firstBlock: number
  /** Who chose: a `pickPiece` tap, the torrent's picker, or core's own rule for the last blocks. */
  readonly by: 'tap' | 'picker' | 'endgame'
  /** The plugin of the tap, or the name of the picker; absent in endgame. */
  readonly name?: string
  /** What `take` was told; `begun piece` for partials. */
  readonly reason: string
  /** Blocks that were asked of others already. */
  readonly busy: boolean
  /** Connected peers that have the piece. */
  readonly availability: number
  readonly priority: number
  /** The peer chokes us, and lets this piece be asked all the same (BEP 6, allowed fast). */
  readonly allowedFast: boolean
}

interface ChokeFactsTrace extends AboutPeer {
  /** It was not so before this round. */
  readonly changed: boolean
  /** Place in the ordered list, from 1; absent for a peer that is not on it. */
  readonly rank?: number
  /** Upload slots of the torrent in this round. */
  readonly slots: number
  /** Bytes/s that it gives and gets. */
  readonly downRate: number
  readonly upRate: number
  readonly snubbed: boolean
  /** Nothing wanted is missing. */
  readonly seeding: boolean
  readonly choker: string
  /** Plugins whose `chokeDecision` taps changed the list. */
  readonly changedBy: readonly string[]
}

/** A choke round gave a slot to a peer. */
export interface UnchokeTrace extends ChokeFactsTrace {
  readonly event: 'unchoke'
  /** The choker's, or the tap's. */
  readonly reason: string
  /** The rate the choker gave it; absent = a fair share. */
  readonly uploadBytesPerSecond?: number
}

/** A choke round left a peer without a slot. One that wants nothing is told of only when it loses its slot. */
export interface ChokeTrace extends ChokeFactsTrace {
  readonly event: 'choke'
  /** `not interested`, `not on the list` or `no slot left`; with the last, `rank` tells by how much. */
  readonly reason: 'not interested' | 'not on the list' | 'no slot left'
}

/** Someone did not become a peer, or was sent away when its client name came. */
export interface RefuseTrace extends About {
  readonly event: 'refuse'
  /** Absent at the stage `accept`, where the torrent is not known yet. */
  readonly torrent?: string
  /** As in `PeerCandidate`. */
  readonly stage: 'known' | 'dial' | 'accept' | 'handshake' | 'extended'
  readonly address: string
  /** Where the address came from: "tracker", "user", "incoming" … */
  readonly source: string
  /** The plugin whose tap refused it; absent where a rule of core did. */
  readonly plugin?: string
  readonly reason: string
  /** The host is banned for so long as well. */
  readonly banMs?: number
}

/** A host may not be a peer for a while. */
export interface BanTrace extends AboutTorrent {
  readonly event: 'ban'
  readonly host: string
  readonly forMs: number
  readonly reason: string
}

/** A `storeBlock` tap threw a block away. */
export interface BlockRejectedTrace extends AboutPeer {
  readonly event: 'block-rejected'
  readonly piece: number
  readonly begin: number
  readonly plugin: string
  /** How often this block was rejected by now; the third time fails the torrent. */
  readonly times: number
}

/** A piece was hashed good, is written and can be read. */
export interface PieceVerifiedTrace extends AboutTorrent {
  readonly event: 'piece-verified'
  readonly piece: number
}

/** A piece failed its hash. */
export interface PieceRejectedTrace extends AboutTorrent {
  readonly event: 'piece-rejected'
  readonly piece: number
  /** The peers that gave its blocks. */
  readonly contributors: readonly { readonly peer: number; readonly address: string }[]
}

/** A plugin vetoed an announce. */
export interface AnnounceSkippedTrace extends AboutTorrent {
  readonly event: 'announce-skipped'
  /** Redacted. */
  readonly url: string
  /** The event that was to be announced, where there was one. */
  readonly announce?: 'started' | 'completed' | 'stopped'
  readonly plugin: string
  readonly reason: string
}

/** A torrent goes on with another picker or choker; what is in flight stays so. */
export interface StrategyTrace extends AboutTorrent {
  readonly event: 'strategy'
  readonly kind: 'picker' | 'choker'
  /** Absent: there was none. */
  readonly from?: string
  /** Absent: none is needed, since nothing is missing; or none is bound. */
  readonly to?: string
  /** A command named it, or plugins came or went, or it begins (the content is there) or ends with what is missing. */
  readonly reason: 'command' | 'plugins changed' | 'something is missing' | 'nothing is missing'
}

/** The torrent's own limits changed. Rates in bytes/s; absent = none of its own. */
export interface LimitTrace extends AboutTorrent {
  readonly event: 'limit'
  readonly downBytesPerSecond?: number
  readonly upBytesPerSecond?: number
  readonly maxPeers?: number
  readonly uploadSlots?: number
  /** `Infinity` (in JSON: null) where it lifts the session's. */
  readonly seedRatio?: number
  readonly seedMs?: number
}
