import type { Endpoint, IpEndpoint } from '../ports/endpoint.js'
import type { MagnetLink, Metainfo } from '../metainfo/metainfo.js'
import type { TraceSink } from '../ports/trace.js'
import type { ResumeRecord } from '../ports/resume-store.js'
import type { PeerView, TorrentView } from '../ports/views.js'
import type { QueueMove } from '../torrent/queue.js'

/** Limits of a session; LIMITS in `docs/LIMITS.md`. Rates in bytes/s, `undefined` = unlimited. */
export interface SessionLimits {
  readonly downBytesPerSecond: number | undefined
  readonly upBytesPerSecond: number | undefined
  /** Connected peers in all and per torrent. */
  readonly maxPeers: number
  readonly maxPeersPerTorrent: number
  readonly halfOpen: number
  readonly dialsPerSecond: number
  readonly knownAddressesPerTorrent: number
  /** Upload slots in all, shared among torrents with interested peers. */
  readonly uploadSlots: number
  /** Bytes received and not yet written. */
  readonly unwrittenBytes: number
  /** Torrents that may download, and those that may seed, at a time; the others wait in the queue. Default: all. */
  readonly activeDownloads?: number | undefined
  readonly activeSeeds?: number | undefined
  /** Torrents whose data is looked at, at a time; the others wait in the state `checking`. Default 4. */
  readonly activeChecks?: number
  /** A whole torrent pauses when it has uploaded so many times its wanted size, or seeded for so long, in all sessions. Default: never. */
  readonly seedRatio?: number | undefined
  readonly seedMs?: number | undefined
}

/**
 * Limits of one torrent, which hold beside those of its session. Rates in bytes/s; absent or `undefined` = none of its own.
 * Fewer `maxPeers` than there are disconnect nobody: no new ones come until some have left.
 */
export interface TorrentLimits {
  readonly downBytesPerSecond?: number | undefined
  readonly upBytesPerSecond?: number | undefined
  readonly maxPeers?: number | undefined
  readonly uploadSlots?: number | undefined
  /** Instead of the session's; `Infinity` = seeds without end. */
  readonly seedRatio?: number | undefined
  readonly seedMs?: number | undefined
}

/** How a torrent is added. */
export interface AddOptions {
  /** A parsed torrent, or a magnet link: then the torrent waits in `fetching-metadata` for `provideInfo`. */
  readonly torrent: Metainfo | MagnetLink
  /** The folder that will contain the torrent's own name. */
  readonly directory: string
  /**
   * Where the data lives until all that is wanted is whole and durable; then it moves to `directory`. Data that is in
   * `directory` already stays there. If it cannot be moved, it stays complete where it is, and the log has a warning.
   */
  readonly incompleteDirectory?: string
  /**
   * What files carry at the end of their names until they are whole, such as ".part"; "" = nothing. Default: as its record
   * says, else nothing. A file that is found under its own name keeps it.
   */
  readonly incompleteSuffix?: string
  /** Strategy names; default: the first bound. */
  readonly storage?: string
  readonly picker?: string
  readonly choker?: string
  /**
   * By file index: wanted or not; default all, or what the magnet link selects (BEP 53). Padding is never wanted. A function
   * chooses when the metadata is known, before anything is stored or asked; what it throws fails the torrent.
   */
  readonly wantedFiles?: readonly boolean[] | ((metainfo: Metainfo) => readonly boolean[])
  /** Instead of the torrent's own. */
  readonly trackers?: readonly (readonly string[])[]
  /** Dialled and kept; allowed for private torrents too. */
  readonly peers?: readonly Endpoint[]
  /**
   * `resume` trusts a resume record of this data in this place as far as files have the size and time of change that it
   * says, and hashes the rest; `sample` hashes some of what would be trusted too, and all if that is wrong; `full` hashes
   * what is there; `skip` trusts that all wanted data is there. Default `resume`.
   */
  readonly check?: 'full' | 'sample' | 'resume' | 'skip'
  readonly paused?: boolean
  readonly limits?: TorrentLimits
  /** Works whatever the limits of the queue are. */
  readonly forced?: boolean
  /** Its number in the order of the queue in an earlier session, as its record has it; default: the last. */
  readonly queueRank?: number
}

/** Commands on one torrent: queued to the end of the turn, so that no hook re-enters the engine. */
export interface TorrentControl {
  readonly view: TorrentView
  addPeers(endpoints: readonly Endpoint[], source: string): void
  dial(endpoint: Endpoint): void
  disconnect(peer: PeerView, reason: string): void
  ban(host: string, ms: number, reason: string): void
  /** Widens what a peer may see of our pieces, where a `showHaves` tap had narrowed it: by one piece, or, without one, to all, those to come included. */
  reveal(peer: PeerView, piece?: number): void
  /** 0 = unwanted, 1 … 7. */
  prioritize(pieces: readonly number[], priority: number): void
  /** By file index. */
  select(wantedFiles: readonly boolean[]): void
  refill(peer?: PeerView): void
  /**
   * The raw info dictionary of a torrent that was added without; false if its hash is wrong. One that is the right one and
   * cannot be used (unreadable, v2 only) fails the torrent with the reason.
   */
  provideInfo(bytes: Uint8Array): Promise<boolean>
  /**
   * The raw info dictionary, to be read only; `undefined` while the metadata is unknown. A torrent that has all its pieces
   * does not hold it: it is read back from the resume record. @throws ResumeError where it is there no more
   */
  info(): Promise<Uint8Array | undefined>
  /**
   * Swaps strategies while the torrent runs. The new ones build their state from what is there: nothing that is asked,
   * received or held is lost, and nobody is disconnected. @throws PluginError PLUGIN_MISSING for a name that nobody bound
   */
  use(strategies: { readonly picker?: string; readonly choker?: string }): void
  /** The limits of its own that hold now. */
  readonly limits: TorrentLimits
  /** Changes its limits: what is not named stays, `undefined` lifts. @throws BitloomError INVALID_ARGUMENT */
  limit(changes: TorrentLimits): void
  announceNow(): void
  /** One more tracker, in a tier of its own unless it is told which (from 0). @throws BitloomError INVALID_ARGUMENT for no URL */
  addTracker(url: string, tier?: number): void
  /** By its URL as it was given; it hears `stopped`. One that is not there is no error. */
  removeTracker(url: string): void
  /**
   * Takes the data to another folder while the torrent runs: reads and writes wait meanwhile, and nothing is overwritten.
   * When it rejects, everything is where it was. @throws StorageError, BitloomError INVALID_ARGUMENT for a storage that cannot
   */
  move(directory: string): Promise<void>
  /**
   * Calls a file, or a folder with all that is in it, otherwise, while the torrent runs. Both are paths below the download
   * folder, as `view.paths` has them. When it rejects, everything is called as it was.
   * @throws BitloomError NOT_FOUND for a path that is none of the torrent, INVALID_ARGUMENT for a storage that cannot ·
   * PathError for one that is not safe or that another file of it has · StorageError DENIED where something else is there
   */
  rename(from: string, to: string): Promise<void>
  pause(): void
  /**
   * Goes to work, or into the queue. What was paused since it had seeded enough seeds on: its own limits for that are lifted.
   */
  resume(): void
  /** Another place in the order of the queue. Who then comes before one that is at work takes its turn. */
  queue(to: QueueMove): void
  /** Whether it works whatever the limits of the queue are. */
  force(on: boolean): void
  /** Hashes all data again. */
  recheck(): void
  /** See `TorrentHandle.remove`. */
  remove(options?: { readonly deleteData?: boolean }): Promise<void>
}

/** A torrent in a session, for its owner. */
export interface TorrentHandle {
  readonly view: TorrentView
  readonly control: TorrentControl
  /** Resolves when every wanted piece is verified and durable; rejects when the torrent fails or is removed first. */
  readonly completed: Promise<void>
  /** Resolves when the first check is over. */
  readonly ready: Promise<void>
  /** Leaves the swarm (a `stopped` announce), flushes and forgets the torrent; the data stays unless `deleteData`. Idempotent. */
  remove(options?: { readonly deleteData?: boolean }): Promise<void>
}

/** What the session asks of the engine. */
export interface Engine {
  readonly addresses: readonly IpEndpoint[]
  /** Bytes asked of peers and not yet written: what is charged to `limits.unwrittenBytes`. */
  readonly heldBytes: number
  /** Opens the listeners. */
  start(): Promise<void>
  /** `record`: what an earlier session left of it, where it has been read already. */
  add(options: AddOptions, record?: ResumeRecord): Promise<TorrentHandle>
  torrents(): readonly TorrentView[]
  control(torrentId: string): TorrentControl
  setLimits(limits: SessionLimits): void
  /** See `Session.trace`. */
  trace(sink: TraceSink): () => void
  /** Hears, in a turn of its own, of each torrent that may look different now; the answer ends it. */
  touched(sink: (torrent: TorrentView) => void): () => void
  /** A plugin was bound, or is no longer: torrents go on with what is there now. */
  pluginsChanged(what: 'added' | 'removed'): void
  close(): Promise<void>
}
