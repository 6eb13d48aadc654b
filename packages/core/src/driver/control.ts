import { BitloomError } from '../bytes/errors.js'
import { isAcceptableUrl } from '../metainfo/trackers.js'
import type { Endpoint } from '../ports/endpoint.js'
import type { PeerView, TorrentView } from '../ports/views.js'
import type { Peer } from '../peer/peer.js'
import type { QueueMove } from '../torrent/queue.js'
import type { TorrentControl, TorrentLimits } from './api.js'
import type { EngineContext } from './context.js'
import { readInfo } from './provided-info.js'
import { checkTorrentLimits } from './torrent-limits.js'
import type { TorrentDriver } from './torrent-driver.js'

/** What the engine does itself for the commands on a torrent. */
export interface ControlHost {
  readonly context: EngineContext
  dial(torrent: TorrentDriver, endpoint: Endpoint): void
  /** Its deadlines may have changed. */
  wake(torrent: TorrentDriver): void
  remove(torrent: TorrentDriver, options?: { readonly deleteData?: boolean }): Promise<void>
}

/**
 * Commands on one torrent. Each is an input of a turn of its own: given by a hook, it waits until that turn is over. A class,
 * since thousands of torrents have one each: V8 keeps a literal of so many closures as a dictionary of 3.4 kB.
 */
export class LiveControl implements TorrentControl {
  readonly #host: ControlHost
  readonly #torrent: TorrentDriver

  constructor(host: ControlHost, torrent: TorrentDriver) {
    this.#host = host
    this.#torrent = torrent
  }

  #command(run: (torrent: TorrentDriver) => void): void {
    const torrent = this.#torrent
    this.#host.context.turns.run(() => {
      if (!torrent.isClosed) run(torrent)
    })
    this.#host.wake(torrent)
  }

  #withPeer(view: PeerView, run: (torrent: TorrentDriver, peer: Peer) => void): void {
    this.#command((torrent) => {
      const peer = torrent.torrent.peers.get(view.key)
      if (peer !== undefined) run(torrent, peer)
    })
  }

  get view(): TorrentView {
    return this.#torrent.view
  }

  addPeers(endpoints: readonly Endpoint[], source: string): void {
    this.#command(({ swarm }) => swarm.entrance.found(endpoints, source))
  }

  dial(endpoint: Endpoint): void {
    this.#command((torrent) => this.#host.dial(torrent, endpoint))
  }

  disconnect(view: PeerView, reason: string): void {
    this.#withPeer(view, ({ swarm }, peer) => swarm.drop(peer, reason))
  }

  ban(host: string, ms: number, reason: string): void {
    this.#command(({ swarm }) => swarm.entrance.banHost(host, ms, reason))
  }

  reveal(view: PeerView, piece?: number): void {
    this.#withPeer(view, ({ torrent }, peer) => torrent.showing.reveal(peer, piece))
  }

  prioritize(pieces: readonly number[], priority: number): void {
    this.#command((torrent) => torrent.prioritize(pieces, priority))
  }

  select(wantedFiles: readonly boolean[]): void {
    this.#command((torrent) => torrent.select(wantedFiles))
  }

  refill(view?: PeerView): void {
    if (view === undefined) this.#command(({ torrent }) => torrent.requests.markAll())
    else this.#withPeer(view, ({ torrent }, peer) => torrent.requests.renew(peer))
  }

  async provideInfo(bytes: Uint8Array): Promise<boolean> {
    const { infoHashes, trackerUrls } = this.#torrent
    const metainfo = readInfo(bytes, infoHashes, trackerUrls, this.#host.context.hasher)
    if (metainfo !== undefined) this.#command((torrent) => torrent.metadataCame(metainfo))
    return metainfo !== undefined
  }

  info(): Promise<Uint8Array | undefined> {
    return this.#torrent.info()
  }

  use(strategies: { readonly picker?: string; readonly choker?: string }): void {
    this.#torrent.changes.checkStrategies(strategies)
    this.#command(({ changes }) => changes.useStrategies(strategies))
  }

  get limits(): TorrentLimits {
    return this.#torrent.limits.now
  }

  limit(limits: TorrentLimits): void {
    checkTorrentLimits(limits)
    this.#command(({ changes }) => changes.limit(limits))
  }

  announceNow(): void {
    this.#command(({ changes }) => changes.announceNow())
  }

  addTracker(url: string, tier?: number): void {
    if (!isAcceptableUrl(url)) {
      throw new BitloomError('INVALID_ARGUMENT', `"${url}" is no URL with a scheme and a host`)
    }
    this.#command(({ changes }) => changes.addTracker(url, tier))
  }

  removeTracker(url: string): void {
    this.#command(({ changes }) => changes.removeTracker(url))
  }

  move(directory: string): Promise<void> {
    return this.#torrent.changes.move(directory)
  }

  rename(from: string, to: string): Promise<void> {
    return this.#torrent.changes.rename(from, to)
  }

  pause(): void {
    this.#command((torrent) => torrent.pause())
  }

  resume(): void {
    this.#command((torrent) => torrent.resume())
  }

  queue(to: QueueMove): void {
    this.#command((torrent) => torrent.queue(to))
  }

  force(on: boolean): void {
    this.#command((torrent) => torrent.force(on))
  }

  recheck(): void {
    this.#command((torrent) => torrent.recheck())
  }

  remove(options?: { readonly deleteData?: boolean }): Promise<void> {
    return this.#host.remove(this.#torrent, options)
  }
}
