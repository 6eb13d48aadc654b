import { BitloomError, isBitloomError, type StorageError } from '../bytes/errors.js'
import {
  type InfoHashes,
  type MagnetLink,
  type Metainfo,
  type MetainfoSummary,
  summaryOf,
} from '../metainfo/metainfo.js'
import type { ResumeRecord } from '../ports/resume-store.js'
import type { TorrentState, TorrentView } from '../ports/views.js'
import type { Torrent } from '../torrent/torrent.js'
import type { QueueMove } from '../torrent/queue.js'
import { transition, type TorrentStep } from '../torrent/transition.js'
import { Announcing } from './announcing.js'
import type { AddOptions } from './api.js'
import { asError } from './as-error.js'
import { Completion } from './completion.js'
import { type EngineContext, type TorrentContext, torrentContext, type Wakes } from './context.js'
import { TorrentDecisions } from './decisions.js'
import type { OwnOptions } from './content.js'
import { deferred } from './deferred.js'
import { readInfo } from './provided-info.js'
import type { Queueable, Queueing } from './queueing.js'
import { RecordKeeper } from './record-keeper.js'
import { Strategies } from './strategies.js'
import { Swarm } from './swarm.js'
import { TorrentChanges } from './torrent-changes.js'
import { TorrentData } from './torrent-data.js'
import { OwnLimits } from './torrent-limits.js'
import { TorrentTracer } from './torrent-tracer.js'
import { TorrentTurn } from './torrent-turn.js'
import { TorrentFacts, type TorrentStatus } from './torrent-facts.js'
import { torrentView } from './torrent-view.js'
import { within } from './within.js'

/** How long the storage may take to end; with it the engine's own 4 s hold. */
const storageCloseMs = 3_500

/**
 * The life of one torrent: loading, checking, running, blocked, paused, failed, gone. It owns the storage handle and the
 * announcer, and gives the swarm its content. State changes go through the one table in `torrent/transition.ts`.
 */
export class TorrentDriver implements Queueable {
  readonly id: string
  readonly infoHashes: InfoHashes
  readonly view: TorrentView
  readonly swarm: Swarm
  readonly trace: TorrentTracer
  readonly limits: OwnLimits
  readonly changes: TorrentChanges
  readonly ready = deferred()
  readonly completed = deferred()
  readonly #status: TorrentStatus = { state: 'loading', error: undefined, pausedBy: undefined }
  readonly #context: TorrentContext
  readonly #queue: Queueing<TorrentDriver>
  readonly #turn: TorrentTurn<TorrentDriver>
  readonly #completion: Completion
  readonly #options: OwnOptions
  /** Until its content holds it. */
  #given: Metainfo | undefined
  readonly #decisions: TorrentDecisions
  readonly #announcing: Announcing
  readonly #data: TorrentData
  readonly #strategies: Strategies
  readonly #keeper: RecordKeeper
  /** Where the data will be, as long as there is no content. */
  readonly #unopened: { directory: string }
  #recalling: Promise<void> = Promise.resolve()
  #pausing: boolean
  /** It came while the torrent was paused. */
  #earlyMetadata: Metainfo | BitloomError | undefined
  #closing: Promise<void> | undefined

  /** `record`: what an earlier session left of it, where it has been read already. */
  constructor(engine: EngineContext, wakes: Wakes<TorrentDriver>, options: AddOptions, record?: ResumeRecord) {
    const context = torrentContext(
      engine,
      () => wakes.dialSoon(this),
      () => wakes.wake(this),
    )
    this.#context = context
    this.#queue = wakes.queue
    const { torrent } = options
    this.#given = 'info' in torrent ? torrent : undefined
    const own = this.#given === undefined ? options : { ...options, torrent: summaryOf(this.#given) }
    this.#options = own
    this.#unopened = { directory: options.directory }
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
      wantedWhole: () => this.#completion.reached(),
      pieceVerified: (piece) => this.#keeper.changed(this.torrent.pieceLength(piece)),
    })
    this.view = torrentView(
      new TorrentFacts<TorrentDriver>({
        id: this.id,
        torrent: this,
        options: own,
        services: context.services,
        status: this.#status,
        swarm: this.swarm,
        queue: this.#queue,
        keeper: () => this.#keeper,
        announcing: () => this.#announcing,
        strategies: () => this.#strategies,
        content: () => this.#data.content,
        directory: () => this.#unopened.directory,
      }),
    )
    this.#keeper = this.#makeKeeper(record)
    const { id, view, trace, infoHash } = this
    this.#announcing = new Announcing({
      context,
      id,
      view,
      trace,
      infoHash,
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
      options: own,
      swarm: this.swarm,
      keeper: this.#keeper,
      directory: () => this.#unopened.directory,
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
    const [limits, keeper, announcing, strategies, data] = [
      this.limits,
      this.#keeper,
      this.#announcing,
      this.#strategies,
      this.#data,
    ]
    this.#completion = new Completion({
      context,
      view,
      announcing,
      swarm: this.swarm,
      content: () => data.content,
      settled: () => this.#settled(),
      told: () => this.#isWorking && this.#turn.enter(),
      syncFailed: (error) => this.#syncFailed(error),
    })
    this.changes = new TorrentChanges({
      context,
      view,
      trace,
      limits,
      keeper,
      announcing,
      strategies,
      data,
      swarm: this.swarm,
      unopened: this.#unopened,
      isClosed: () => this.isClosed,
    })
    this.#strategies.use(options, 'command')
    if (options.peers !== undefined) this.swarm.entrance.found(options.peers, 'user')
  }

  #makeKeeper(record: ResumeRecord | undefined): RecordKeeper {
    return new RecordKeeper(
      {
        context: this.#context,
        infoHashes: this.infoHashes,
        view: this.view,
        torrent: this.torrent,
        limits: this.limits,
        content: () => this.#data.content,
        trackers: () => this.#announcing.urls,
        webSeeds: () => this.view.metainfo?.webSeeds ?? this.#options.torrent.webSeeds,
        home: () => this.#data.content?.place.home ?? this.#unopened.directory,
        isPaused: () => this.#pausing,
        queued: () => {
          const { queueRank } = this.view
          return {
            ...(queueRank === undefined ? {} : { queueRank }),
            ...(this.view.forced ? { forced: true as const } : {}),
          }
        },
        seedingMs: () => this.#turn.seedingMs(this.#context.clock.nowMs()),
        syncFailed: (error) => this.#syncFailed(error),
        wake: () => this.#context.wake(),
      },
      record,
    )
  }

  /** What handshakes and announces carry: the v1 hash, or the v2 hash cut to 20 bytes (BEP 52). */
  get infoHash(): Uint8Array {
    return this.infoHashes.v1 ?? this.infoHashes.v2?.subarray(0, 20) ?? new Uint8Array(20)
  }

  get state(): TorrentState {
    return this.#status.state
  }

  get torrent(): Torrent {
    return this.swarm.torrent
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
    if (this.#given !== undefined) {
      this.#load(this.#given)
    } else {
      this.#context.turns.run(() => {
        this.#step('metadata-missing')
        if (this.#pausing) this.pause()
        else this.#turn.enter()
      })
      this.#recalling = this.#recallMetadata()
    }
  }

  #load(metainfo: Metainfo): void {
    this.#data.load(metainfo)
    if (this.#data.content !== undefined) this.#given = undefined
  }

  /** See `TorrentControl.info`. */
  async info(): Promise<Uint8Array | undefined> {
    return this.#given?.info ?? (await this.#data.content?.info())
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
    this.#completion.look(this.torrent)
    this.#step(this.torrent.isWhole ? 'checked-whole' : 'checked-partial')
    this.#strategies.renew()
    this.#keeper.began()
    this.ready.resolve()
    if (this.#pausing) this.pause()
    else this.#turn.enter()
    if (this.torrent.isWhole) this.#completion.reached()
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
    this.#status.pausedBy = goal
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
    Object.assign(this.#status, { state: next, error, pausedBy: undefined })
    this.trace.state(error?.message)
    this.#turn.changed(next)
    this.#context.dialSoon()
    return true
  }

  /** Where a file is gone, what is left is looked at; else nobody knows what is on the disk. */
  #syncFailed(error: Error): void {
    this.#data.content?.doubt()
    if (isBitloomError(error) && error.code === 'GONE') this.#recheck('changed')
    else this.#fail(error)
  }

  /** Everything that is wanted is durable. */
  #settled(): boolean {
    // A check that began meanwhile comes to its own result.
    if (!this.torrent.isWhole || (!this.#isWorking && this.state !== 'paused')) return false
    this.#step('wanted-whole')
    this.#keeper.began()
    this.#strategies.renewPicker()
    this.completed.resolve()
    return true
  }

  get #isWorking(): boolean {
    return this.isActive || this.state === 'queued'
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
      const before = this.#status.error
      if (!isBitloomError(before) || before.code !== error.code) this.#status.error = error
      return
    }
    if (!this.#step('storage-failed', error)) return
    this.torrent.stopFetching()
    this.#context.turns.watch(() => this.#context.hooks.torrentFailed(error, this.view))
  }

  /** A piece that was had cannot be read any more: it is fetched again, and nobody is disconnected for it. */
  #lostPiece(piece: number, error: Error): void {
    const { content } = this.#data
    if (this.isClosed || content === undefined || this.torrent.ledger?.have.has(piece) !== true) return
    if (!content.isHeld) {
      // To fetch it again, it must be known what it hashes to.
      const { turns } = this.#context
      content.hold().then(
        () => turns.run(() => this.#lostPiece(piece, error)),
        (fault: unknown) => turns.run(() => this.#fail(asError(fault))),
      )
      return
    }
    this.#context.log.warn('a piece was lost', { torrent: this.view.name, piece, error: error.message })
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
    if (this.#isWhole && this.#turn.goal() !== undefined) this.changes.limit({ seedRatio: Infinity, seedMs: Infinity })
    this.#keeper.changed()
    this.#turn.enter()
  }

  /** Looks at all data; what could not even be opened is opened first. */
  recheck(): void {
    this.#recheck('full')
  }

  #recheck(how: 'full' | 'changed'): void {
    const mayLoad = this.state === 'failed' ? this.#given : undefined
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
    this.#completion.look(this.torrent)
    if (!this.torrent.isWhole) this.#step('wanted-missing')
    if (this.#isWorking) this.#turn.enter()
    this.#strategies.renewPicker()
    this.swarm.greetAgain()
    this.#context.dialSoon()
  }

  /** Plugins came or went: strategies that are gone make place for the next default. What one hid is shown when it is gone. */
  pluginsChanged(what: 'added' | 'removed'): void {
    this.#strategies.use({}, 'plugins changed')
    if (what === 'removed') this.torrent.showing.reshow()
    this.swarm.extensionsChanged()
  }

  /** The metadata of a torrent that was added by its hash alone; its hash has been checked. An error: it cannot be used. */
  metadataCame(metadata: Metainfo | BitloomError): void {
    if (this.state === 'paused' && this.view.metainfo === undefined) this.#earlyMetadata = metadata
    if (this.state !== 'fetching-metadata' && this.state !== 'queued') return
    if (metadata instanceof Error) {
      this.#fail(metadata)
      return
    }
    this.#step('metadata')
    this.#load(metadata)
    if (this.view.metainfo !== undefined) this.swarm.metadataKnown()
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
    const gone = new BitloomError('CLOSED', `the torrent ${this.view.name} was removed`)
    this.ready.reject(gone)
    this.completed.reject(gone)
    this.#leave('the torrent was removed')
    this.#keeper.ending()
    this.#data.end()
    const late = (): Error =>
      new BitloomError(
        'CLOSED',
        `the storage of ${this.view.name} took longer than ${storageCloseMs / 1_000} s to close`,
      )
    try {
      await Promise.all([within(clock, storageCloseMs, this.#flush(how), late), this.#announcing.stopped()])
    } finally {
      if (how === 'kept') this.#keeper.giveUp()
      turns.run(() => turns.watch(() => hooks.torrentRemoved(this.view)))
    }
  }

  async #flush(how: 'kept' | 'removed' | 'deleted'): Promise<void> {
    await Promise.all([this.#recalling, this.#data.idle()])
    const kept = this.#pausing ? 'paused' : 'active'
    await this.#keeper.close(how === 'deleted' ? 'forgotten' : how === 'kept' ? kept : 'removed')
    await this.#data.content?.close({ deleteData: how === 'deleted', flush: !this.#keeper.isGivenUp })
  }
}

function trackersOf(torrent: MetainfoSummary | MagnetLink): readonly (readonly string[])[] {
  return 'layout' in torrent ? torrent.trackers : torrent.trackers.map((url) => [url])
}
