import type { Metainfo } from '../metainfo/metainfo.js'
import { Storage } from '../ports/storage.js'
import type { TorrentState, TorrentView, TrackerView } from '../ports/views.js'
import type { Torrent } from '../torrent/torrent.js'
import type { AddOptions } from './api.js'
import type { Announcing } from './announcing.js'
import type { TorrentContent } from './content.js'
import type { EngineContext } from './context.js'
import type { Queueable, Queueing } from './queueing.js'
import type { RecordKeeper } from './record-keeper.js'
import type { Strategies } from './strategies.js'
import type { Swarm } from './swarm.js'
import type { ViewSource } from './torrent-view.js'

/** Where a torrent stands; its driver changes it. */
export interface TorrentStatus {
  state: TorrentState
  /** Why it is blocked or failed. */
  error: Error | undefined
  pausedBy: TorrentView['pausedBy']
}

export interface TorrentFactsParts<T extends Queueable> {
  readonly id: string
  readonly torrent: T
  readonly options: AddOptions
  readonly services: EngineContext['services']
  readonly status: TorrentStatus
  readonly swarm: Swarm
  readonly queue: Queueing<T>
  readonly keeper: () => RecordKeeper
  readonly announcing: () => Announcing
  readonly strategies: () => Strategies
  readonly content: () => TorrentContent | undefined
  /** Where the data will be, as long as there is no content. */
  readonly directory: () => string
}

/** What the view of a torrent shows, from the parts that know it. */
export function torrentFacts<T extends Queueable>(parts: TorrentFactsParts<T>): ViewSource {
  const { options, status, swarm, queue } = parts
  const metainfo = (): Metainfo | undefined =>
    parts.content()?.metainfo ?? ('info' in options.torrent ? options.torrent : undefined)
  const torrent: Torrent = swarm.torrent
  return {
    id: parts.id,
    infoHashes: options.torrent.infoHashes,
    torrent,
    get name(): string {
      return metainfo()?.name ?? options.torrent.name ?? ''
    },
    get private(): boolean {
      return metainfo()?.private ?? false
    },
    /** Known from the start for a torrent file, later for a magnet link. */
    get metainfo() {
      return metainfo()
    },
    get state() {
      return status.state
    },
    get error() {
      return status.error
    },
    get pausedBy() {
      return status.pausedBy
    },
    get trackers(): readonly TrackerView[] {
      return parts.announcing().trackers
    },
    get storage(): string {
      return parts.services.named(Storage, options.storage)?.name ?? ''
    },
    get directory(): string {
      return parts.content()?.place.directory ?? parts.directory()
    },
    get paths() {
      return parts.content()?.place.paths ?? metainfo()?.files.map(({ path }) => path)
    },
    get picker() {
      return parts.strategies().picker
    },
    get choker() {
      return parts.strategies().choker
    },
    get checkedPieces() {
      return parts.content()?.checkedPieces ?? 0
    },
    get knownAddresses() {
      return swarm.entrance.addresses.size
    },
    get queuePosition() {
      return queue.position(parts.torrent)
    },
    get queueRank() {
      return queue.rank(parts.torrent)
    },
    get forced() {
      return queue.isForced(parts.torrent)
    },
    get seedRatio() {
      const { wantedBytes } = torrent
      return wantedBytes === 0 ? 0 : parts.keeper().totals.uploadedBytes / wantedBytes
    },
    get seedingMs() {
      return parts.keeper().totals.seedingMs
    },
  }
}
