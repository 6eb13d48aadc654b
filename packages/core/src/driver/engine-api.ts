import type { AddOptions, SessionLimits, TorrentControl, TorrentHandle } from '../session/api.js'
import type { IpEndpoint } from '../ports/endpoint.js'
import type { TorrentView } from '../ports/views.js'

/** What the session asks of the engine. */
export interface Engine {
  readonly addresses: readonly IpEndpoint[]
  /** Opens the listeners. */
  start(): Promise<void>
  add(options: AddOptions): Promise<TorrentHandle>
  torrents(): readonly TorrentView[]
  control(torrentId: string): TorrentControl
  setLimits(limits: SessionLimits): void
  /** Strategies that are bound no longer: their torrents go on with the next default. */
  strategiesChanged(): void
  close(): Promise<void>
}
