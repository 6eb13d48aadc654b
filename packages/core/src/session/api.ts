import type { AddOptions, SessionLimits, TorrentControl, TorrentHandle } from '../driver/api.js'
import type { IpEndpoint } from '../ports/endpoint.js'
import type { TraceSink } from '../ports/trace.js'
import type { TorrentView } from '../ports/views.js'
import type { LimitSchedule } from './limit-schedule.js'
import type { Plugin } from './plugin.js'
import type { TapHooks } from '../hooks/hooks.js'

/** How a session is made. */
export interface SessionOptions {
  readonly plugins: readonly Plugin[]
  readonly limits?: Partial<SessionLimits>
  /** Where to listen; default: a free port from 6881-6889 on all interfaces, IPv4 and IPv6. `false` = do not. */
  readonly listen?: false | { readonly hosts?: readonly string[]; readonly ports?: readonly number[] }
  /** 20 bytes; default `-BL0100-` and 12 random bytes. */
  readonly peerId?: Uint8Array
}

/** The boot tree: what every plugin brought. */
export interface SessionDescription {
  readonly plugins: readonly {
    readonly name: string
    readonly contract: number
    /** "PiecePicker rarest-first". */
    readonly binds: readonly string[]
    /** Hook name → number of taps. */
    readonly taps: Readonly<Record<string, number>>
    readonly applyMs: number
  }[]
}

/** The process-wide owner of torrents, listener and plugins. Several may live in one process. */
export interface Session extends AsyncDisposable {
  readonly hooks: TapHooks
  /** 20 bytes, one for all torrents. */
  readonly peerId: Uint8Array
  /** Real listening addresses. */
  readonly addresses: readonly IpEndpoint[]
  /** Those that hold now. */
  readonly limits: SessionLimits
  torrents(): readonly TorrentView[]
  /** @throws BitloomError DUPLICATE, PluginError PLUGIN_MISSING (no storage, no picker), StorageError, MetainfoError METAINFO_UNSUPPORTED (v2 only) */
  add(options: AddOptions): Promise<TorrentHandle>
  /**
   * Adds the torrents that were in a session when it ended, as they were, from the records of the `ResumeStore`. Those that
   * were removed, or are there already, are left out; one that cannot be restored is told in the log. Records are read some
   * way ahead: what they are of is not to be added and removed before this settles.
   */
  restore(): Promise<readonly TorrentHandle[]>
  /** By `torrent.id`. @throws BitloomError NOT_FOUND */
  control(torrentId: string): TorrentControl
  /** Changes the usual limits. @throws BitloomError INVALID_ARGUMENT */
  setLimits(limits: Partial<SessionLimits>): void
  /**
   * Other limits at some times of the week, local time, in place of any schedule before; `undefined` ends it. A wall clock
   * that is set is noticed within a minute. @throws BitloomError INVALID_ARGUMENT
   */
  schedule(schedule: LimitSchedule | undefined): void
  /** Loads one more plugin while running. */
  use(plugin: Plugin): Promise<void>
  /** Removes a plugin while torrents run. @throws PluginError PLUGIN_IN_USE, BitloomError NOT_FOUND */
  remove(plugin: string): Promise<void>
  describe(): SessionDescription
  /**
   * Hears of every decision from now on, and of what came of it: why a piece was picked, a peer unchoked, choked or
   * refused, a block rejected. Begins with what is there: a record for each torrent, one for each of its peers. The answer
   * ends it. While nobody listens, nothing is recorded. A sink that throws hears of nothing more.
   */
  trace(sink: TraceSink): () => void
  /**
   * Hears of each torrent that may look different from before, after it has changed and once for all that came of one cause.
   * The answer ends it. One at rest is never told. Front ends use `openDesk`.
   */
  touched(sink: (torrent: TorrentView) => void): () => void
  /** Ends within 5 s and leaves no timer, socket or descriptor. Errors are gathered in an AggregateError. Idempotent. */
  close(): Promise<void>
}
