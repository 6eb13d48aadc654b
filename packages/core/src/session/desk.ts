import { BitloomError } from '../bytes/errors.js'
import { toHex } from '../bytes/text.js'
import type { TorrentControl, TorrentLimits } from '../driver/api.js'
import { formatEndpoint } from '../ports/endpoint.js'
import type { TorrentState, TorrentView, TrackerView } from '../ports/views.js'
import type { QueueMove } from '../torrent/queue.js'
import type { Session } from './api.js'
import { ChangeLog } from './change-log.js'

/** One line of a list of torrents: plain data, as it was when it was asked for. Bytes and bytes/s. */
export interface TorrentRow {
  readonly id: string
  /** v1 where there is one, else v2, in hex. */
  readonly infoHash: string
  readonly name: string
  readonly state: TorrentState
  /** Why it is blocked or failed. */
  readonly error?: string
  readonly pausedBy?: 'seedRatio' | 'seedMs'
  readonly wantedBytes: number
  readonly leftBytes: number
  readonly receivedBytes: number
  readonly uploadedBytes: number
  readonly downRate: number
  readonly upRate: number
  readonly peers: number
  readonly seeds: number
  /** Sorts the list in the order of the queue; of no other meaning. */
  readonly queueRank: number
  readonly forced: boolean
  readonly seedRatio: number
  readonly directory: string
}

/** The torrents that look different since a cursor. */
export interface TorrentRows {
  /** Give it to the next `list`. */
  readonly cursor: number
  /** Everything that there is: what was listed before is forgotten. */
  readonly isWhole: boolean
  readonly rows: readonly TorrentRow[]
  /** Ids of those that are gone. */
  readonly removed: readonly string[]
}

/** What is asked for about one torrent. */
export interface TorrentDetails extends TorrentRow {
  readonly private: boolean
  readonly picker?: string
  readonly choker: string
  readonly storage: string
  readonly queuePosition: number
  readonly seedingMs: number
  readonly limits: TorrentLimits
  /** Absent while the metadata is unknown; padding left out. `index` is what `select` counts by, `path` what `rename` takes. */
  readonly files?: readonly { readonly index: number; readonly path: string; readonly lengthBytes: number }[]
  /** Secrets are redacted. */
  readonly trackers: readonly {
    readonly url: string
    readonly tier: number
    readonly state: TrackerView['state']
    readonly peers: number
    readonly message?: string
  }[]
  readonly connected: readonly {
    readonly address: string
    readonly client?: string
    readonly downRate: number
    readonly upRate: number
    readonly isSeed: boolean
  }[]
}

/** What a front end may ask of a torrent, as data. */
export type TorrentAction =
  | { readonly do: 'pause' | 'resume' | 'recheck' | 'announce' }
  | { readonly do: 'remove'; readonly deleteData?: boolean }
  | { readonly do: 'queue'; readonly to: QueueMove }
  | { readonly do: 'force'; readonly on: boolean }
  | { readonly do: 'move'; readonly directory: string }
  | { readonly do: 'rename'; readonly from: string; readonly to: string }
  | { readonly do: 'select'; readonly wantedFiles: readonly boolean[] }
  | { readonly do: 'limit'; readonly limits: TorrentLimits }
  | { readonly do: 'add-tracker' | 'remove-tracker'; readonly url: string }

/** What happened to a torrent. */
export type DeskEvent =
  | { readonly event: 'added' | 'removed' | 'completed'; readonly torrent: TorrentView }
  | { readonly event: 'state'; readonly torrent: TorrentView; readonly from: TorrentState }
  | { readonly event: 'failed'; readonly torrent: TorrentView; readonly error: Error }
  /** `url` is redacted. */
  | { readonly event: 'announced'; readonly torrent: TorrentView; readonly url: string; readonly error?: Error }

/**
 * A session as front ends use it: a daemon, a page, a remote control. Lists say what changed since the cursor of the last
 * answer, so that many torrents at rest cost nothing.
 */
export interface SessionDesk {
  /** All, or what looks different since `cursor`. Any number of readers, each with its own. */
  list(cursor?: number): TorrentRows
  /** @throws BitloomError NOT_FOUND */
  details(torrentId: string): TorrentDetails
  /** Resolves when it is done, for what takes time. Rejects with what the command throws; NOT_FOUND. */
  act(torrentId: string, action: TorrentAction): Promise<void>
  /** Hears of what happens, after it has; the answer ends it. A sink that throws hears on. */
  events(sink: (event: DeskEvent) => void): () => void
}

/** The desk of a session; it lives as long as the session does. One is enough for any number of front ends. */
export function openDesk(session: Session): SessionDesk {
  const log = new ChangeLog<TorrentView>()
  const states = new Map<TorrentView, TorrentState>()
  const sinks = new Set<(event: DeskEvent) => void>()
  const tell = (event: DeskEvent): void => {
    for (const sink of sinks) {
      try {
        sink(event)
      } catch {
        // The next one hears of it all the same.
      }
    }
  }
  const look = (torrent: TorrentView): void => {
    const from = states.get(torrent)
    if (from === undefined) return
    log.touch(torrent)
    if (from === torrent.state) return
    states.set(torrent, torrent.state)
    tell({ event: 'state', torrent, from })
  }
  const add = (torrent: TorrentView): void => {
    states.set(torrent, torrent.state)
    log.touch(torrent)
  }
  for (const torrent of session.torrents()) add(torrent)
  session.touched(look)
  session.hooks.torrentAdded.tap((torrent) => {
    add(torrent)
    tell({ event: 'added', torrent })
  })
  session.hooks.torrentRemoved.tap((torrent) => {
    log.remove(torrent, torrent.id)
    states.delete(torrent)
    tell({ event: 'removed', torrent })
  })
  session.hooks.completed.tap((torrent) => {
    look(torrent)
    tell({ event: 'completed', torrent })
  })
  session.hooks.torrentFailed.tap((error, torrent) => {
    look(torrent)
    tell({ event: 'failed', torrent, error })
  })
  session.hooks.announced.tap(({ url, error }, torrent) =>
    tell({ event: 'announced', torrent, url, ...(error === undefined ? {} : { error }) }),
  )
  const viewOf = (torrentId: string): TorrentView => session.control(torrentId).view
  return {
    list(cursor) {
      const { changed, ...rest } = log.since(cursor)
      return { ...rest, rows: changed.map(rowOf) }
    },
    details: (torrentId) => detailsOf(viewOf(torrentId), session.control(torrentId).limits),
    act: async (torrentId, action) => act(session.control(torrentId), action),
    events(sink) {
      sinks.add(sink)
      return () => void sinks.delete(sink)
    },
  }
}

async function act(control: TorrentControl, action: TorrentAction): Promise<void> {
  switch (action.do) {
    case 'pause':
      return control.pause()
    case 'resume':
      return control.resume()
    case 'recheck':
      return control.recheck()
    case 'announce':
      return control.announceNow()
    case 'remove':
      return control.remove({ deleteData: action.deleteData === true })
    case 'queue':
      return control.queue(action.to)
    case 'force':
      return control.force(action.on)
    case 'move':
      return control.move(action.directory)
    case 'rename':
      return control.rename(action.from, action.to)
    case 'select':
      return control.select(action.wantedFiles)
    case 'limit':
      return control.limit(action.limits)
    case 'add-tracker':
      return control.addTracker(action.url)
    case 'remove-tracker':
      return control.removeTracker(action.url)
    default:
      // What comes from outside may be anything.
      throw new BitloomError('INVALID_ARGUMENT', `there is no action "${String((action as { do: unknown }).do)}"`)
  }
}

function rowOf(view: TorrentView): TorrentRow {
  const { stats, error, pausedBy } = view
  return {
    id: view.id,
    infoHash: toHex(view.infoHashes.v1 ?? view.infoHashes.v2 ?? new Uint8Array(0)),
    name: view.name,
    state: view.state,
    ...(error === undefined ? {} : { error: error.message }),
    ...(pausedBy === undefined ? {} : { pausedBy }),
    wantedBytes: stats.wantedBytes,
    leftBytes: stats.leftBytes,
    receivedBytes: stats.receivedBytes,
    uploadedBytes: stats.uploadedBytes,
    downRate: stats.downRate,
    upRate: stats.upRate,
    peers: stats.peers,
    seeds: stats.seeds,
    queueRank: view.queueRank ?? 0,
    forced: view.forced,
    seedRatio: view.seedRatio,
    directory: view.directory,
  }
}

function detailsOf(view: TorrentView, limits: TorrentLimits): TorrentDetails {
  const { paths } = view
  const files = view.metainfo?.files.flatMap(({ path, lengthBytes, padding }, index) =>
    padding ? [] : [{ index, path: paths?.[index] ?? path, lengthBytes }],
  )
  return {
    ...rowOf(view),
    private: view.private,
    ...(view.picker === undefined ? {} : { picker: view.picker }),
    choker: view.choker,
    storage: view.storage,
    queuePosition: view.queuePosition ?? 0,
    seedingMs: view.seedingMs,
    limits,
    ...(files === undefined ? {} : { files }),
    trackers: view.trackers.map(({ url, tier, state, peers, message }) => ({
      url,
      tier,
      state,
      peers,
      ...(message === undefined ? {} : { message }),
    })),
    connected: [...view.peers].map(({ endpoint, client, downRate, upRate, isSeed }) => ({
      address: formatEndpoint(endpoint),
      ...(client === undefined ? {} : { client }),
      downRate,
      upRate,
      isSeed,
    })),
  }
}
