import { Bits } from '../bytes/bits.js'
import { BitloomError, PluginError, type StorageError } from '../bytes/errors.js'
import { blockBytes, type InfoHashes, type MagnetLink, type Metainfo } from '../metainfo/metainfo.js'
import { Choker } from '../ports/choker.js'
import { PiecePicker } from '../ports/piece-picker.js'
import { Storage, type StorageHandle } from '../ports/storage.js'
import type { TorrentState, TorrentView, TrackerView } from '../ports/views.js'
import { AnnounceSchedule } from '../torrent/announce-schedule.js'
import { Ledger } from '../torrent/ledger.js'
import { piecePriorities, selectFiles } from '../torrent/selection.js'
import type { Torrent } from '../torrent/torrent.js'
import { transition, type TorrentStep } from '../torrent/transition.js'
import { Announcer } from './announcer.js'
import type { AddOptions } from './api.js'
import { findHaves, saveHaves } from './haves.js'
import type { EngineContext } from './context.js'
import { DataPath } from './data-path.js'
import { isReady, TorrentDecisions } from './decisions.js'
import { deferred } from './deferred.js'
import { Swarm } from './swarm.js'
import { contentView, torrentView, type ViewSource } from './torrent-view.js'

const usualPriority = 4

/**
 * The life of one torrent: loading, checking, running, blocked, paused, failed, gone. It owns the storage handle and the
 * announcer, and gives the swarm its content. State changes go through the one table in `torrent/transition.ts`.
 */
export class TorrentDriver implements ViewSource {
  readonly id: string
  readonly infoHashes: InfoHashes
  readonly view: TorrentView
  readonly swarm: Swarm
  readonly ready = deferred()
  readonly completed = deferred()
  state: TorrentState = 'loading'
  error: Error | undefined
  checkedPieces = 0
  picker: string | undefined
  choker = ''
  readonly #context: EngineContext
  readonly #options: AddOptions
  readonly #decisions: TorrentDecisions
  readonly #schedule: AnnounceSchedule
  readonly #announcer: Announcer
  readonly #abort = new AbortController()
  #metainfo: Metainfo | undefined
  #storage: StorageHandle | undefined
  #wantedFiles = new Bits(0)
  #isCompleted = false
  #pausing: boolean
  #checking: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined

  constructor(context: EngineContext, options: AddOptions) {
    this.#context = context
    this.#options = options
    this.#pausing = options.paused === true
    this.id = `t${context.nextId()}`
    this.infoHashes = options.torrent.infoHashes
    this.#decisions = new TorrentDecisions({
      hooks: context.hooks,
      view: () => this.view,
      random: context.random,
      failed: (error) => context.turns.run(() => this.#fail(error)),
    })
    this.swarm = new Swarm({
      context,
      decisions: this.#decisions,
      view: () => this.view,
      infoHash: this.infoHash,
      maxPeers: () => Math.min(options.maxPeers ?? Infinity, context.limits().maxPeersPerTorrent),
      wantedWhole: () => this.#wantedWhole(),
    })
    this.view = torrentView(this)
    this.#schedule = new AnnounceSchedule(this.trackerUrls, context.random.fork(`trackers/${this.id}`))
    this.#announcer = this.#makeAnnouncer()
    this.useStrategies(options)
    if (options.peers !== undefined) this.swarm.found(options.peers, 'user')
  }

  #makeAnnouncer(): Announcer {
    const context = this.#context
    const key = context.random.below(2 ** 32)
    return new Announcer({
      turns: context.turns,
      clock: context.clock,
      services: context.services,
      hooks: context.hooks,
      view: this.view,
      schedule: this.#schedule,
      identity: () => ({ infoHash: this.infoHash, peerId: context.peerId, key, private: this.private }),
      port: () => context.addresses()[0]?.port ?? 0,
      found: (endpoints) => this.swarm.found(endpoints, 'tracker'),
    })
  }

  // What the view shows.

  /** What handshakes and announces carry: the v1 hash, or the v2 hash cut to 20 bytes (BEP 52). */
  get infoHash(): Uint8Array {
    return this.infoHashes.v1 ?? this.infoHashes.v2?.subarray(0, 20) ?? new Uint8Array(20)
  }

  get name(): string {
    return this.#metainfo?.name ?? this.#options.torrent.name ?? ''
  }

  get private(): boolean {
    return this.#metainfo?.private ?? false
  }

  /** Known from the start for a torrent file, later for a magnet link. */
  get metainfo(): Metainfo | undefined {
    return this.#metainfo
  }

  get torrent(): Torrent {
    return this.swarm.torrent
  }

  get trackers(): readonly TrackerView[] {
    return this.#schedule.trackers
  }

  get storage(): string {
    return this.#context.services.named(Storage, this.#options.storage)?.name ?? ''
  }

  get directory(): string {
    return this.#options.directory
  }

  get knownAddresses(): number {
    return this.swarm.addresses.size
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
    const { torrent } = this.#options
    if (isMetainfo(torrent)) {
      this.#load(torrent)
    } else {
      this.#context.turns.run(() => {
        this.#step('metadata-missing')
        this.#schedule.start(this.#context.turns.nowMs)
      })
    }
  }

  #load(metainfo: Metainfo): void {
    this.#metainfo = metainfo
    this.#wantedFiles = new Bits(metainfo.files.length)
    selectFiles(metainfo, this.#options.wantedFiles, this.#wantedFiles)
    this.#checking = this.#open(metainfo).catch((error: unknown) =>
      this.#context.turns.run(() => this.#fail(asError(error))),
    )
  }

  async #open(metainfo: Metainfo): Promise<void> {
    const { turns, services, log } = this.#context
    const storage = services.named(Storage, this.#options.storage)
    if (storage === undefined) throw missing('Storage', this.#options.storage)
    const options = { directory: this.#options.directory, wantedFiles: this.#wantedFiles }
    this.#storage = await storage.open(metainfo, options, this.#abort.signal)
    const freeBytes = await this.#storage.freeBytes?.()
    if (freeBytes !== undefined && freeBytes < metainfo.lengthBytes) {
      log.warn('there may not be enough free space', {
        torrent: metainfo.name,
        freeBytes,
        neededBytes: metainfo.lengthBytes,
      })
    }
    turns.run(() => this.#step('opened'))
    await this.#check(metainfo, this.#storage, this.#options.check ?? 'resume')
  }

  async #check(metainfo: Metainfo, storage: StorageHandle, how: 'full' | 'resume' | 'skip'): Promise<void> {
    const { turns } = this.#context
    this.checkedPieces = 0
    const have = await findHaves(
      this.#context,
      { metainfo, storage, how, directory: this.directory, signal: this.#abort.signal },
      (checked) => {
        this.checkedPieces = checked
      },
    )
    turns.run(() => {
      if (!this.isClosed) this.#begin(metainfo, storage, have)
    })
  }

  #begin(metainfo: Metainfo, storage: StorageHandle, have: Bits): void {
    const { turns, budget, memory } = this.#context
    const quarter = Math.floor(budget.limitBytes / 4 / blockBytes) * blockBytes
    const extentBytes = Math.max(blockBytes, Math.min(storage.extentBytes, metainfo.layout.pieceLengthBytes, quarter))
    const ledger = new Ledger({
      layout: metainfo.layout,
      have,
      priorities: piecePriorities(metainfo, this.#wantedFiles, usualPriority),
      extentBytes: Math.ceil(extentBytes / blockBytes) * blockBytes,
      budget,
      memory,
      nextJobId: () => this.#context.nextId(),
      dropHash: (job) => this.#context.hasher.drop(job),
      cancelled: (piece, block, except) => this.torrent.requests.cancelled(piece, block, except),
    })
    this.swarm.dataPath = new DataPath({
      turns,
      clock: this.#context.clock,
      hasher: this.#context.hasher,
      memory,
      storage,
      torrent: this.torrent,
      blocked: (error) => this.#blocked(error),
      lostPiece: (piece, error) => this.#lostPiece(piece, error),
      failed: (error) => this.#fail(error),
    })
    this.swarm.contentKnown(metainfo.layout.pieceCount)
    this.torrent.setContent(metainfo, ledger)
    this.#step(this.torrent.isWhole ? 'checked-whole' : 'checked-partial')
    this.#usePicker()
    this.ready.resolve()
    if (this.#pausing) this.#step('pause')
    else this.#run()
    if (this.torrent.isWhole) this.#wantedWhole()
  }

  /** Joins the swarm. */
  #run(): void {
    this.torrent.startFetching()
    this.#schedule.start(this.#context.turns.nowMs)
    this.#context.dialSoon()
  }

  // Turning points.

  #step(step: TorrentStep): boolean {
    const next = transition(this.state, step)
    if (next === undefined) return false
    this.state = next
    if (next !== 'failed' && next !== 'blocked') this.error = undefined
    return true
  }

  /** `completed` is told when every wanted piece is durable; data that was found whole is not told to trackers. */
  #wantedWhole(): void {
    const { turns, hooks } = this.#context
    const downloaded = this.state === 'downloading'
    const settle = (): void => {
      if (!this.torrent.isWhole || this.isClosed) return
      if (downloaded) this.#step('wanted-whole')
      this.#usePicker()
      this.completed.resolve()
      if (!downloaded || this.#isCompleted) return
      this.#isCompleted = true
      this.#schedule.completed(turns.nowMs)
      this.swarm.tellUploadOnly()
      turns.watch(() => isReady(this.view) && hooks.completed(this.view))
    }
    this.#storage?.sync().then(
      () => turns.run(settle),
      (error: unknown) => turns.run(() => this.#fail(asError(error))),
    )
  }

  #blocked(error: StorageError | undefined): void {
    if (error === undefined) {
      if (!this.#step('storage-works')) return
      this.torrent.startFetching()
      return
    }
    const first = this.state !== 'blocked'
    if (!this.#step('storage-failed') && first) return
    if (!first) return
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
    if (this.isClosed || !this.#step('fail')) return
    this.error = error
    this.torrent.stopFetching()
    this.#leave('the torrent failed')
    this.ready.reject(error)
    this.completed.reject(error)
    this.#context.turns.watch(() => this.#context.hooks.torrentFailed(error, this.view))
  }

  #leave(reason: string): void {
    this.swarm.dropAll(reason)
    void this.#announcer.stop()
  }

  // Commands.

  pause(): void {
    this.#pausing = true
    if (!this.#step('pause')) return
    this.torrent.stopFetching()
    this.#leave('paused')
  }

  resume(): void {
    this.#pausing = false
    const step =
      this.torrent.ledger === undefined ? 'resume-metadata' : this.torrent.isWhole ? 'resume-whole' : 'resume-partial'
    if (this.#step(step)) this.#run()
  }

  recheck(): void {
    const [metainfo, storage] = [this.#metainfo, this.#storage]
    if (metainfo === undefined || storage === undefined || !this.#step('recheck')) return
    this.torrent.stopFetching()
    this.swarm.dropAll('checking')
    this.torrent.ledger?.closeAll()
    this.swarm.dataPath?.close()
    const idle = this.swarm.dataPath?.idle() ?? Promise.resolve()
    this.#checking = idle
      .then(() => this.#check(metainfo, storage, 'full'))
      .catch((error: unknown) => this.#context.turns.run(() => this.#fail(asError(error))))
  }

  select(choice: readonly boolean[]): void {
    const metainfo = this.#metainfo
    if (metainfo === undefined) return
    this.#wantedFiles = new Bits(metainfo.files.length)
    selectFiles(metainfo, choice, this.#wantedFiles)
    this.#storage?.want?.(this.#wantedFiles)
    const priorities = piecePriorities(metainfo, this.#wantedFiles, usualPriority)
    this.torrent.prioritize(priorities.keys(), (piece) => priorities[piece] ?? 0)
    this.#selectionChanged()
  }

  prioritize(pieces: readonly number[], priority: number): void {
    this.torrent.prioritize(pieces, () => priority)
    this.#selectionChanged()
  }

  #selectionChanged(): void {
    if (!this.torrent.isWhole) this.#step('wanted-missing')
    this.#usePicker()
    this.swarm.tellUploadOnly()
    this.#context.dialSoon()
  }

  /** @throws PluginError PLUGIN_MISSING for a name that nobody bound */
  useStrategies(names: { readonly picker?: string; readonly choker?: string }): void {
    const { services } = this.#context
    const choker =
      services.named(Choker, names.choker ?? (this.choker === '' ? undefined : this.choker)) ?? services.named(Choker)
    if (choker === undefined || (names.choker !== undefined && choker.name !== names.choker))
      throw missing('Choker', names.choker)
    const picker = services.named(PiecePicker, names.picker ?? this.picker) ?? services.named(PiecePicker)
    if (names.picker !== undefined && picker?.name !== names.picker) throw missing('PiecePicker', names.picker)
    this.choker = choker.name
    this.#decisions.useChoker(choker)
    this.picker = picker?.name
    this.#usePicker()
  }

  /** A picker exists only while something is missing. */
  #usePicker(): void {
    if (this.torrent.ledger === undefined) return
    const picker = this.torrent.isWhole ? undefined : this.#context.services.named(PiecePicker, this.picker)
    if (picker === undefined && !this.torrent.isWhole) this.#fail(missing('PiecePicker', this.picker))
    this.#decisions.usePicker(picker, contentView(this.torrent))
    this.torrent.requests.markAll()
  }

  announceNow(): void {
    this.#schedule.announceNow(this.#context.turns.nowMs)
  }

  /** The metadata of a torrent that was added by its hash alone; its hash has been checked. */
  provideMetainfo(metainfo: Metainfo): void {
    if (this.state !== 'fetching-metadata' || !this.#step('metadata')) return
    this.#load(metainfo)
  }

  // Time and the end.

  tick(): void {
    if (this.isClosed) return
    this.swarm.tick()
    if (this.isActive) this.#announcer.run()
  }

  nextDeadlineMs(): number {
    if (this.isClosed || !this.isActive) return Infinity
    return Math.min(this.swarm.nextDeadlineMs(), this.#schedule.nextDeadlineMs())
  }

  /** Leaves the swarm, flushes, and forgets. Late settlements of ports are awaited, so nothing fires afterwards. */
  close(deleteData = false): Promise<void> {
    this.#closing ??= this.#close(deleteData)
    return this.#closing
  }

  async #close(deleteData: boolean): Promise<void> {
    const { turns, hooks } = this.#context
    const gone = new BitloomError('CLOSED', `the torrent ${this.name} was removed`)
    this.ready.reject(gone)
    this.completed.reject(gone)
    const stopped = this.#announcer.stop()
    this.#abort.abort()
    turns.run(() => {
      this.torrent.stopFetching()
      this.swarm.dropAll('the torrent was removed')
      this.torrent.ledger?.closeAll()
      this.swarm.dataPath?.close()
    })
    await Promise.all([this.#flush(deleteData), stopped])
    turns.run(() => turns.watch(() => hooks.torrentRemoved(this.view)))
  }

  async #flush(deleteData: boolean): Promise<void> {
    await this.#checking
    await this.swarm.dataPath?.idle()
    const [storage, metainfo, have] = [this.#storage, this.#metainfo, this.torrent.ledger?.have]
    if (storage === undefined || metainfo === undefined) return
    try {
      await storage.sync()
      if (have !== undefined && !deleteData) await saveHaves(this.#context, { metainfo, have, view: this.view })
    } finally {
      await storage.close()
      if (deleteData) await storage.remove?.()
    }
  }
}

function isMetainfo(torrent: Metainfo | MagnetLink): torrent is Metainfo {
  return 'info' in torrent
}

function trackersOf(torrent: Metainfo | MagnetLink): readonly (readonly string[])[] {
  return isMetainfo(torrent) ? torrent.trackers : torrent.trackers.map((url) => [url])
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new BitloomError('IO', String(error))
}

function missing(port: string, name: string | undefined): PluginError {
  const what = name === undefined ? `no ${port} is bound` : `no ${port} is named ${name}`
  return new PluginError('PLUGIN_MISSING', `${what}: load a plugin that brings one`, { plugin: name ?? port })
}
