import type { ReadonlyBits } from '../bytes/bits.js'
import type { Content, InfoHashes, Layout, MetainfoSummary } from '../metainfo/metainfo.js'
import type { Endpoint } from './endpoint.js'

/**
 * What hooks, strategies and callers see of the engine. Views are live, never snapshots, and readonly: control is by
 * commands. State that a plugin keeps per peer belongs in a WeakMap keyed by the view, which is one object per peer.
 */
export interface PeerView {
  /** Opaque, never reused within a session. */
  readonly key: number
  readonly endpoint: Endpoint
  /** We dialled it. */
  readonly outgoing: boolean
  /** Where others may dial it: the address we dialled, or the port that it says it listens at (BEP 10, `p`). */
  readonly listensAt: Endpoint | undefined
  /** 20 bytes. */
  readonly peerId: Uint8Array
  /** Name and version, from the extension handshake or else from the peer id (BEP 10, BEP 20). */
  readonly client: string | undefined
  readonly supportsFast: boolean
  readonly supportsExtensions: boolean
  /** What it has. Before content: empty. */
  readonly haves: ReadonlyBits
  readonly isSeed: boolean
  /** BEP 21. */
  readonly uploadOnly: boolean
  /** It wants something of ours. */
  readonly isInterested: boolean
  /** It chokes us. */
  readonly isChoking: boolean
  readonly amInterested: boolean
  readonly amChoking: boolean
  /** It owes us a block for too long (BEP 3, anti-snubbing). */
  readonly snubbed: boolean
  /** Payload bytes/s, smoothed. */
  readonly downRate: number
  readonly upRate: number
  /** Payload bytes since the connection began. */
  readonly downloadedBytes: number
  readonly uploadedBytes: number
  readonly connectedAtMs: number
}

/**
 * One closed union; `transition` in core is the table of what may follow what. `queued`: it waits for its turn among the
 * torrents that may be active.
 */
export type TorrentState =
  'loading' | 'fetching-metadata' | 'checking' | 'downloading' | 'seeding' | 'queued' | 'paused' | 'blocked' | 'failed'

/**
 * Payload bytes count since the torrent was added to this session. Rates are bytes/s, smoothed. Live getters: a spread or
 * `JSON.stringify` copies none of them, so take what you keep by its name.
 */
export interface TorrentStats {
  readonly receivedBytes: number
  readonly wastedBytes: number
  readonly uploadedBytes: number
  /** Data that is verified and wanted or not, found data included; padding left out. */
  readonly verifiedBytes: number
  /** Bytes of wanted pieces; what 100 % is. */
  readonly wantedBytes: number
  /** Bytes of wanted pieces that are still missing. */
  readonly leftBytes: number
  readonly downRate: number
  readonly upRate: number
  /** Connected peers, and those of them that are seeds. */
  readonly peers: number
  readonly seeds: number
  readonly knownAddresses: number
  /** While checking: pieces looked at so far. */
  readonly checkedPieces: number
}

export interface TrackerView {
  /** The redacted URL. */
  readonly url: string
  readonly tier: number
  readonly state: 'idle' | 'announcing' | 'ok' | 'error'
  /** Peers in the newest answer. */
  readonly peers: number
  /** The newest warning or error. */
  readonly message: string | undefined
  readonly seeders: number | undefined
  readonly leechers: number | undefined
}

/** What a picker sees: geometry, availability and priorities. */
export interface PickView extends Layout {
  /** How many connected peers have the piece. */
  availability(piece: number): number
  /** 0 = unwanted or had; 1 lowest … 7 highest, 4 is usual. */
  priority(piece: number): number
  /** The first piece ≥ `from` with a priority above 0 that is not had, or -1. O(1) amortised. */
  nextWanted(from: number): number
}

export interface ContentView extends PickView {
  /** Pieces that are hashed good and readable. */
  readonly have: ReadonlyBits
  readonly files: Content['files']
}

export interface TorrentView {
  /** Opaque ("t7"), never reused within a session. */
  readonly id: string
  readonly name: string
  readonly infoHashes: InfoHashes
  readonly private: boolean
  readonly state: TorrentState
  /** Why it is blocked or failed. */
  readonly error: Error | undefined
  /** What is known of the torrent; its info dictionary has `TorrentControl.info`. */
  readonly metainfo: MetainfoSummary | undefined
  /** Present when the metadata is known and the torrent is not dormant. */
  readonly content: ContentView | undefined
  readonly stats: TorrentStats
  readonly peers: Iterable<PeerView>
  readonly trackers: readonly TrackerView[]
  readonly picker: string | undefined
  readonly choker: string
  readonly storage: string
  readonly directory: string
  /** By file index: what files are called below `directory`, where nobody renamed them as in the metainfo. */
  readonly paths: readonly string[] | undefined
  /** Its place in the queue, from 0: in which order torrents get their turn. */
  readonly queuePosition: number | undefined
  /** Sorts torrents in the order of the queue; another number than before only for one that was moved, as a rule. */
  readonly queueRank: number | undefined
  /** It is at work whatever the limits of the queue are, and counts for none of them. */
  readonly forced: boolean
  /** Payload of all sessions, uploaded by wanted bytes; 0 while nothing is wanted. */
  readonly seedRatio: number
  /** Time it has been in the state `seeding`, of all sessions. */
  readonly seedingMs: number
  /** The limit that paused it when it had seeded enough. */
  readonly pausedBy: 'seedRatio' | 'seedMs' | undefined
}

/** A torrent with its content present, which is what `pickPiece`, `storeBlock`, `chokeDecision` and `showHaves` get. */
export interface ReadyTorrent extends TorrentView {
  readonly content: ContentView
}
