import { BitloomError } from '../bytes/errors.js'
import type { TorrentView } from '../ports/views.js'
import type { Announcing } from './announcing.js'
import type { TorrentLimits } from './api.js'
import type { TorrentContext } from './context.js'
import type { RecordKeeper } from './record-keeper.js'
import type { Strategies, StrategyNames } from './strategies.js'
import type { Swarm } from './swarm.js'
import type { TorrentData } from './torrent-data.js'
import type { OwnLimits } from './torrent-limits.js'
import type { TorrentTracer } from './torrent-tracer.js'

export interface TorrentChangesParts {
  readonly context: TorrentContext
  readonly view: TorrentView
  readonly swarm: Swarm
  readonly trace: TorrentTracer
  readonly limits: OwnLimits
  readonly keeper: RecordKeeper
  readonly announcing: Announcing
  readonly strategies: Strategies
  readonly data: TorrentData
  /** Where the data will be, as long as there is no content. */
  readonly unopened: { directory: string }
  isClosed(): boolean
}

/** What a user changes of a torrent that goes on as it is: strategies, limits, trackers, its place and its names. */
export class TorrentChanges {
  readonly #parts: TorrentChangesParts

  constructor(parts: TorrentChangesParts) {
    this.#parts = parts
  }

  /** @throws PluginError PLUGIN_MISSING for a name that nobody bound */
  checkStrategies(names: StrategyNames): void {
    this.#parts.strategies.check(names)
  }

  /** Swaps strategies. One that was unbound since it was checked is not missed: what is there goes on. */
  useStrategies(names: StrategyNames): void {
    const { strategies, keeper, context, view } = this.#parts
    try {
      strategies.use(names, 'command')
      keeper.changed()
    } catch (error) {
      context.log.warn('a strategy cannot be used any more', { torrent: view.name, error })
    }
  }

  /** The changes have been checked. */
  limit(changes: TorrentLimits): void {
    const { context, limits, swarm, trace, keeper } = this.#parts
    const { requests } = swarm.torrent
    limits.change(changes, requests.askedBytes, context.turns.nowMs)
    trace.limited(limits.now)
    keeper.changed()
    requests.markAll()
    swarm.rounds.chokeSoon()
    context.dialSoon()
  }

  addTracker(url: string, tier?: number): void {
    this.#parts.announcing.add(url, tier)
    this.#parts.keeper.changed()
  }

  removeTracker(url: string): void {
    this.#parts.announcing.remove(url)
    this.#parts.keeper.changed()
  }

  announceNow(): void {
    this.#parts.announcing.now()
  }

  /** See `TorrentControl.move`. */
  async move(directory: string): Promise<void> {
    this.#refuseClosed()
    const { unopened } = this.#parts
    const { content } = this.#parts.data
    // Without metadata there is nothing to take along yet.
    if (content === undefined) unopened.directory = directory
    else await content.move(directory)
    this.#placed()
  }

  /** See `TorrentControl.rename`. */
  async rename(from: string, to: string): Promise<void> {
    this.#refuseClosed()
    const { data, view } = this.#parts
    if (data.content === undefined) throw new BitloomError('NOT_FOUND', `the files of ${view.name} are not known yet`)
    await data.content.rename(from, to)
    this.#placed()
  }

  #placed(): void {
    const { context, keeper } = this.#parts
    context.turns.run(() => keeper.began())
  }

  #refuseClosed(): void {
    if (this.#parts.isClosed()) throw new BitloomError('CLOSED', `the torrent ${this.#parts.view.name} was removed`)
  }
}
