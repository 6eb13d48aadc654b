import { BitloomError, isBitloomError, type StorageError } from '../bytes/errors.js'
import type { InfoHashes, MagnetLink, Metainfo } from '../metainfo/metainfo.js'
import { Storage } from '../ports/storage.js'
import type { TorrentState, TorrentView, TrackerView } from '../ports/views.js'
import type { Torrent } from '../torrent/torrent.js'
import type { QueueMove } from '../torrent/queue.js'
import { transition, type TorrentStep } from '../torrent/transition.js'
import { Announcing } from './announcing.js'
import type { AddOptions, TorrentLimits } from './api.js'
import { asError } from './as-error.js'
import { Completion } from './completion.js'
import type { EngineContext, TorrentContext, Wakes } from './context.js'
import { isReady, TorrentDecisions } from './decisions.js'
import { deferred } from './deferred.js'
import { readInfo } from './provided-info.js'
import type { Queueable, Queueing } from './queueing.js'
import { RecordKeeper } from './record-keeper.js'
import { Strategies, type StrategyNames } from './strategies.js'
import { Swarm } from './swarm.js'
import { TorrentData } from './torrent-data.js'
import { OwnLimits } from './torrent-limits.js'
import { TorrentTracer } from './torrent-tracer.js'
import { TorrentTurn } from './torrent-turn.js'
import { torrentView, type ViewSource } from './torrent-view.js'
import { within } from './within.js'

/** How long the storage may take to end; with it the engine's own 4 s hold. */
const storageCloseMs = 3_500

/**
 * The life of one torrent: loading, checking, running, blocked, paused, failed, gone. It owns the storage handle and the
 * announcer, and gives the swarm its content. State changes go through the one table in `torrent/transition.ts`.
 */
export class TorrentDriver implements ViewSource, Queueable {
  readonly id: string
  readonly infoHashes: InfoHashes
  readonly view: TorrentView
  readonly swarm: Swarm
  readonly trace: TorrentTracer
  readonly limits: OwnLimits
  readonly ready = deferred()
  readonly completed = deferred()
  state: TorrentState = 'loading'
  error: Error | undefined
  pausedBy: TorrentView['pausedBy']
  readonly #context: TorrentContext
  readonly #queue: Queueing<TorrentDriver>
  readonly #turn: TorrentTurn<TorrentDriver>
  readonly #completion = new Completion()
  readonly #options: AddOptions
  readonly #decisions: TorrentDecisions
  readonly #announcing: Announcing
  readonly #data: TorrentData
  readonly #strategies: Strategies
  readonly #keeper: RecordKeeper
  /** Where the data will be, as long as there is no content. */
  #directory: string
  #recalling: Promise<void> = Promise.resolve()
  #pausing: boolean
  /** It came while the torrent was paused. */
  #earlyMetadata: Metainfo | BitloomError | undefined
  #closing: Promise<void> | undefined

  constructor(engine: EngineContext, wakes: Wakes<TorrentDriver>, options: AddOptions) {
    const context = { ...engine, dialSoon: () => wakes.dialSoon(this), wake: () => wakes.wake(this) }
    this.#context = context
    this.#queue = wakes.queue
    this.#options = options
    this.#directory = options.directory
    this.#pausing = options.paused === true
    this.id = `t${context.nextId()}`
    this.infoHashes = options.torrent.infoHashes
    this.limits = new OwnLimits(options.limits ?? {}, context.turns.nowMs)
    this.trace = new TorrentTracer({ tracer: context.tracer, turns: context.turns, view: () => this.view })
    this.#decisions = new TorrentDecisions({
      trace: this.trace,
      hooks: context.hooks,
      services: context.services,
      view: () => this.view,
      random: context.random,
      failed: (error) => context.turns.run(() => this.#fail(error)),
    })
    this.swarm = new Swarm({
      context,
      decisions: this.#decisions,
      trace: this.trace,
      view: () => this.view,
      infoHash: this.infoHash,
      limits: this.limits,
      wantedWhole: () => this.#wantedWhole(),
      pieceVerified: (piece) => this.#keeper.changed(this.torrent.pieceLength(piece)),
    })
    this.view = torrentView(this)
    this.#keeper = this.#makeKeeper()
    const { id, view, trace, infoHash } = this
    this.#announcing = new Announcing({
      ...{ context, id, view, trace, infoHash },
      trackers: this.trackerUrls,
      found: (endpoints) => this.swarm.entrance.found(endpoints, 'tracker'),
      wake: () => context.wake(),
    })
    this.#turn = new TorrentTurn<TorrentDriver>({
      torrent: this,
      queue: this.#queue,
      view,
      nowMs: () => context.turns.nowMs,
      isWhole: () => this.#isWhole,
      ownLimits: () => this.limits.now,
      sessionLimits: () => context.limits(),
      totals: () => this.#keeper.totals,
    })
    this.#data = new TorrentData({
      context,
      options,
      swarm: this.swarm,
      keeper: this.#keeper,
      directory: () => this.#directory,
      opened: () => this.#step('opened'),
      checked: () => this.#begin(),
      blocked: (error) => this.#blocked(error),
      lostPiece: (piece, error) => this.#lostPiece(piece, error),
      failed: (error) => this.#fail(error),
    })
    this.#strategies = new Strategies({
      services: context.services,
      decisions: this.#decisions,
      torrent: this.torrent,
      trace: this.trace,
      failed: (error) => this.#fail(error),
      chokerChanged: () => this.swarm.rounds.chokeSoon(),
    })
    this.#strategies.use(options, 'command')
    if (options.peers !== undefined) this.swarm.entrance.found(options.peers, 'user')
  }

  #makeKeeper(): RecordKeeper {
    return new RecordKeeper({
      context: this.#context,
      infoHashes: this.infoHashes,
      view: this.view,
      torrent: this.torrent,
      limits: this.limits,
      content: () => this.#data.content,
      trackers: () => this.#announcing.urls,
      webSeeds: () => this.metainfo?.webSeeds ?? this.#options.torrent.webSeeds,
      home: () => this.#data.content?.place.home ?? this.#directory,
      isPaused: () => this.#pausing,
      queued: () => {
        const { queueRank } = this
        return {
          ...(queueRank === undefined ? {} : { queueRank }),
          ...(this.forced ? { forced: true as const } : {}),
        }
      },
      seedingMs: () => this.#turn.seedingMs(this.#context.clock.nowMs()),
      syncFailed: (error) => this.#syncFailed(error),
      wake: () => this.#context.wake(),
    })
  }

  // What the view shows.

  /** What handshakes and announces carry: the v1 hash, or the v2 hash cut to 20 bytes (BEP 52). */
  get infoHash(): Uint8Array {
    return this.infoHashes.v1 ?? this.infoHashes.v2?.subarray(0, 20) ?? new Uint8Array(20)
  }

  get name(): string {
    return this.metainfo?.name ?? this.#options.torrent.name ?? ''
  }

  get private(): boolean {
    return this.metainfo?.private ?? false
  }

  /** Known from the start for a torrent file, later for a magnet link. */
  get metainfo(): Metainfo | undefined {
    const { torrent } = this.#options
    return this.#data.content?.metainfo ?? (isMetainfo(torrent) ? torrent : undefined)
  }

  get torrent(): Torrent {
    return this.swarm.torrent
  }

  get trackers(): readonly TrackerView[] {
    return this.#announcing.trackers
  }

  get storage(): string {
    return this.#context.services.named(Storage, this.#options.storage)?.name ?? ''
  }

  get directory(): string {
    return this.#data.content?.place.directory ?? this.#directory
  }

  get paths(): readonly string[] | undefined {
    return this.#data.content?.place.paths ?? this.metainfo?.files.map(({ path }) => path)
  }

  get picker(): string | undefined {
    return this.#strategies.picker
  }

  get choker(): string {
    return this.#strategies.choker
  }

  get checkedPieces(): number {
    return this.#data.content?.checkedPieces ?? 0
  }

  get knownAddresses(): number {
    return this.swarm.entrance.addresses.size
  }

  get queuePosition(): number | undefined {
    return this.#queue.position(this)
  }

  get queueRank(): number | undefined {
    return this.#queue.rank(this)
  }

  get forced(): boolean {
    return this.#queue.isForced(this)
  }

  get seedRatio(): number {
    const { wantedBytes } = this.torrent
    return wantedBytes === 0 ? 0 : this.#keeper.totals.uploadedBytes / wantedBytes
  }

  get seedingMs(): number {
    return this.#keeper.totals.seedingMs
  }

  get trackerUrls(): readonly (readonly string[])[] {
    return this.#options.trackers ?? trackersOf(this.#options.torrent)
  }

  get isClosed(): boolean {
    return this.#closing !== undefined
  }

  /** Peers may connect, and we dial. */
  get isActive(): boolean {
    const active =
      this.state === 'downloading' ||
      this.state === 'seeding' ||
      this.state === 'fetching-metadata' ||
      this.state === 'blocked'
    return active && !this.isClosed
  }

  // Starting.

  /** Opens the storage, looks at what is there, and joins the swarm. Failures end in the state `failed`. */
  start(): void {
    // A strategy may have failed already.
    if (this.state === 'failed') return
    const { torrent } = this.#options
    if (isMetainfo(torrent)) {
      this.#data.load(torrent)
    } else {
      this.#context.turns.run(() => {
        this.#step('metadata-missing')
        if (this.#pausing) this.pause()
        else this.#turn.enter()
      })
      this.#recalling = this.#recallMetadata()
    }
  }

  /** An earlier run may have got it. */
  async #recallMetadata(): Promise<void> {
    const { turns, hasher } = this.#context
    const info = (await this.#keeper.recall())?.info
    const metainfo = info && readInfo(info, this.infoHashes, this.trackerUrls, hasher)
    turns.run(() => {
      if (this.isClosed) return
      if (metainfo === undefined || metainfo instanceof Error) this.#keeper.began()
      else this.metadataCame(metainfo)
    })
  }

  #begin(): void {
    if (!this.torrent.isWhole) this.#completion.missing()
    this.#step(this.torrent.isWhole ? 'checked-whole' : 'checked-partial')
    this.#strategies.renew()
    this.#keeper.began()
    this.ready.resolve()
    if (this.#pausing) this.pause()
    else this.#turn.enter()
    if (this.torrent.isWhole) this.#wantedWhole()
  }

  // The queue.

  get #isWhole(): boolean {
    return this.torrent.ledger !== undefined && this.torrent.isWhole
  }

  admit(): void {
    if (this.isClosed || this.#pausing) return
    this.#step(
      this.torrent.ledger === undefined ? 'resume-metadata' : this.torrent.isWhole ? 'resume-whole' : 'resume-partial',
    )
    if (!this.isActive) return
    this.#run()
    if (this.#earlyMetadata !== undefined) this.metadataCame(this.#earlyMetadata)
  }

  hold(): void {
    if (this.isClosed || !this.#step('queue')) return
    this.torrent.stopFetching()
    this.#leave('it waits for its turn')
  }

  ranked(): void {
    this.#keeper.changed()
  }

  queue(to: QueueMove): void {
    this.#queue.move(this, to)
  }

  force(on: boolean): void {
    this.#queue.force(this, on)
  }

  /** It has seeded enough: it makes room for others. */
  #checkGoal(): void {
    if (this.state !== 'seeding') return
    const goal = this.#turn.goal()
    if (goal === undefined) return
    this.pause()
    this.pausedBy = goal
  }

  /** Joins the swarm; asks for nothing while the disk takes nothing. */
  #run(): void {
    const { blockedBy } = this.#data
    if (blockedBy === undefined) this.torrent.startFetching()
    else this.#blocked(blockedBy)
    this.#announcing.start()
    this.#context.dialSoon()
  }

  // Turning points.

  #step(step: TorrentStep, error?: Error): boolean {
    const next = transition(this.state, step)
    if (next === undefined) return false
    this.state = next
    this.error = error
    this.pausedBy = undefined
    this.trace.state(error?.message)
    this.#turn.changed(next)
    this.#context.dialSoon()
    return true
  }

  /** `completed` is told when every wanted piece is durable; data that was found whole is not told to trackers. */
  #wantedWhole(): void {
    const { turns } = this.#context
    this.#data.content?.settle().then(
      () => turns.run(() => this.#settledWhole()),
      (error: unknown) => turns.run(() => this.#syncFailed(asError(error))),
    )
  }

  /** Where a file is gone, what is left is looked at; else nobody knows what is on the disk. */
  #syncFailed(error: Error): void {
    this.#data.content?.doubt()
    if (isBitloomError(error) && error.code === 'GONE') this.#recheck('changed')
    else this.#fail(error)
  }

  #settledWhole(): void {
    // A check that began meanwhile comes to its own result.
    const isWorking = this.isActive || this.state === 'queued'
    if (!this.torrent.isWhole || (!isWorking && this.state !== 'paused')) return
    this.#step('wanted-whole')
    this.#keeper.began()
    this.#strategies.renewPicker()
    this.completed.resolve()
    const { wantedBytes, ledger } = this.torrent
    const isEverything = ledger !== undefined && ledger.have.count === ledger.have.length
    if (this.#completion.whole({ wantedBytes, isEverything })) this.#tellCompleted()
    if (isWorking) this.#turn.enter()
  }

  #tellCompleted(): void {
    const { turns, hooks } = this.#context
    this.#announcing.completed()
    this.swarm.greetAgain()
    turns.watch(() => isReady(this.view) && hooks.completed(this.view))
  }

  #blocked(error: StorageError | undefined): void {
    if (error === undefined) {
      this.#step('storage-works')
      if (this.isActive) this.torrent.startFetching()
      if (this.isActive && this.torrent.isWhole) this.#step('wanted-whole')
      return
    }
    if (this.state === 'blocked') {
      // Other writes that were under way fail for the same cause: it keeps the face it was told with.
      if (!isBitloomError(this.error) || this.error.code !== error.code) this.error = error
      return
    }
    if (!this.#step('storage-failed', error)) return
    this.error = error
    this.torrent.stopFetching()
    this.#context.turns.watch(() => this.#context.hooks.torrentFailed(error, this.view))
  }

  /** A piece that was had cannot be read any more: it is fetched again, and nobody is disconnected for it. */
  #lostPiece(piece: number, error: Error): void {
    if (this.isClosed || this.torrent.ledger?.have.has(piece) !== true) return
    this.#context.log.warn('a piece was lost', { torrent: this.name, piece, error: error.message })
    this.torrent.forget(piece)
    this.#selectionChanged()
  }

  #fail(error: Error): void {
    if (this.isClosed || !this.#step('fail', error)) return
    this.#leave('the torrent failed')
    this.#data.end()
    this.ready.reject(error)
    this.completed.reject(error)
    this.#context.turns.watch(() => this.#context.hooks.torrentFailed(error, this.view))
  }

  #leave(reason: string): void {
    this.swarm.dropAll(reason)
    this.#announcing.stop()
  }

  // Commands.

  pause(): void {
    this.#pausing = true
    if (!this.#step('pause')) return
    this.#keeper.changed()
    this.torrent.stopFetching()
    this.#leave('paused')
  }

  resume(): void {
    this.#pausing = false
    if (this.state !== 'paused') return
    if (this.#isWhole && this.#turn.goal() !== undefined) this.limit({ seedRatio: Infinity, seedMs: Infinity })
    this.#keeper.changed()
    this.#turn.enter()
  }

  /** Looks at all data; what could not even be opened is opened first. */
  recheck(): void {
    this.#recheck('full')
  }

  #recheck(how: 'full' | 'changed'): void {
    const mayLoad = this.state === 'failed' ? this.metainfo : undefined
    if (!this.#data.mayRecheck(mayLoad) || !this.#step('recheck')) return
    this.swarm.dropAll('checking')
    this.#data.recheck(how)
  }

  select(choice: readonly boolean[]): void {
    this.#data.content?.select(choice)
    this.#selectionChanged()
  }

  prioritize(pieces: readonly number[], priority: number): void {
    this.#data.content?.prioritize(pieces, () => priority)
    this.#selectionChanged()
  }

  #selectionChanged(): void {
    this.#keeper.changed()
    if (this.torrent.ledger !== undefined && !this.torrent.isWhole) this.#completion.missing()
    if (!this.torrent.isWhole) this.#step('wanted-missing')
    if (this.isActive || this.state === 'queued') this.#turn.enter()
    this.#strategies.renewPicker()
    this.swarm.greetAgain()
    this.#context.dialSoon()
  }

  /** @throws PluginError PLUGIN_MISSING for a name that nobody bound */
  checkStrategies(names: StrategyNames): void {
    this.#strategies.check(names)
  }

  /** Swaps strategies. One that was unbound since it was checked is not missed: what is there goes on. */
  useStrategies(names: StrategyNames): void {
    try {
      this.#strategies.use(names, 'command')
      this.#keeper.changed()
    } catch (error) {
      this.#context.log.warn('a strategy cannot be used any more', { torrent: this.name, error })
    }
  }

  /** The changes have been checked. */
  limit(changes: TorrentLimits): void {
    const { turns, dialSoon } = this.#context
    this.limits.change(changes, this.torrent.requests.askedBytes, turns.nowMs)
    this.trace.limited(this.limits.now)
    this.#keeper.changed()
    this.torrent.requests.markAll()
    this.swarm.rounds.chokeSoon()
    dialSoon()
  }

  /** Plugins came or went: strategies that are gone make place for the next default. What one hid is shown when it is gone. */
  pluginsChanged(what: 'added' | 'removed'): void {
    this.#strategies.use({}, 'plugins changed')
    if (what === 'removed') this.torrent.showing.reshow()
    this.swarm.extensionsChanged()
  }

  addTracker(url: string, tier?: number): void {
    this.#announcing.add(url, tier)
    this.#keeper.changed()
  }

  removeTracker(url: string): void {
    this.#announcing.remove(url)
    this.#keeper.changed()
  }

  /** See `TorrentControl.move`. */
  async move(directory: string): Promise<void> {
    if (this.isClosed) throw new BitloomError('CLOSED', `the torrent ${this.name} was removed`)
    // Without metadata there is nothing to take along yet.
    if (this.#data.content === undefined) this.#directory = directory
    else await this.#data.content.move(directory)
    this.#context.turns.run(() => this.#keeper.began())
  }

  /** See `TorrentControl.rename`. */
  async rename(from: string, to: string): Promise<void> {
    const { content } = this.#data
    if (this.isClosed) throw new BitloomError('CLOSED', `the torrent ${this.name} was removed`)
    if (content === undefined) throw new BitloomError('NOT_FOUND', `the files of ${this.name} are not known yet`)
    await content.rename(from, to)
    this.#context.turns.run(() => this.#keeper.began())
  }

  announceNow(): void {
    this.#announcing.now()
  }

  /** The metadata of a torrent that was added by its hash alone; its hash has been checked. An error: it cannot be used. */
  metadataCame(metadata: Metainfo | BitloomError): void {
    if (this.state === 'paused' && this.metainfo === undefined) this.#earlyMetadata = metadata
    if (this.state !== 'fetching-metadata' && this.state !== 'queued') return
    if (metadata instanceof Error) {
      this.#fail(metadata)
      return
    }
    this.#step('metadata')
    this.#data.load(metadata)
    if (this.metainfo !== undefined) this.swarm.metadataKnown()
  }

  // Time and the end.

  tick(): void {
    if (this.isClosed) return
    this.#keeper.tick(this.#context.turns.nowMs)
    this.swarm.rounds.tick()
    this.#checkGoal()
    this.#turn.tick()
    if (this.isActive) this.#announcing.tick()
  }

  nextDeadlineMs(): number {
    if (this.isClosed) return Infinity
    const { dueMs } = this.#keeper
    if (!this.isActive) return dueMs
    return Math.min(dueMs, this.#turn.dueMs, this.swarm.rounds.nextDeadlineMs(), this.#announcing.nextDeadlineMs())
  }

  /** Leaves the swarm, flushes, and forgets. Late settlements of ports are awaited, so nothing fires afterwards. */
  close(how: 'kept' | 'removed' | 'deleted' = 'kept'): Promise<void> {
    this.#closing ??= this.#close(how)
    return this.#closing
  }

  async #close(how: 'kept' | 'removed' | 'deleted'): Promise<void> {
    const { turns, hooks, clock } = this.#context
    const gone = new BitloomError('CLOSED', `the torrent ${this.name} was removed`)
    this.ready.reject(gone)
    this.completed.reject(gone)
    this.#leave('the torrent was removed')
    this.#keeper.ending()
    this.#data.end()
    const late = (): Error =>
      new BitloomError('CLOSED', `the storage of ${this.name} took longer than ${storageCloseMs / 1_000} s to close`)
    try {
      await Promise.all([within(clock, storageCloseMs, this.#flush(how), late), this.#announcing.stopped()])
    } finally {
      turns.run(() => turns.watch(() => hooks.torrentRemoved(this.view)))
    }
  }

  async #flush(how: 'kept' | 'removed' | 'deleted'): Promise<void> {
    await Promise.all([this.#recalling, this.#data.idle()])
    const kept = this.#pausing ? 'paused' : 'active'
    await this.#keeper.close(how === 'deleted' ? 'forgotten' : how === 'kept' ? kept : 'removed')
    await this.#data.content?.close(how === 'deleted')
  }
}

function isMetainfo(torrent: Metainfo | MagnetLink): torrent is Metainfo {
  return 'info' in torrent
}

function trackersOf(torrent: Metainfo | MagnetLink): readonly (readonly string[])[] {
  return isMetainfo(torrent) ? torrent.trackers : torrent.trackers.map((url) => [url])
}
