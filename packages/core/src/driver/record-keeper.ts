import { BitloomError } from '../bytes/errors.js'
import { toHex, utf8Bytes } from '../bytes/text.js'
import { infoHashName } from '../metainfo/info-hash.js'
import type { InfoHashes } from '../metainfo/metainfo.js'
import { type PartialPiece, type ResumeRecord, ResumeStore } from '../ports/resume-store.js'
import type { TorrentView } from '../ports/views.js'
import type { Torrent } from '../torrent/torrent.js'
import { asError } from './as-error.js'
import type { TorrentContent } from './content.js'
import type { EngineContext } from './context.js'
import { isSameValue } from './same-value.js'
import type { SetLimits } from './torrent-limits.js'
import { untilAborted } from './until-aborted.js'
import { within } from './within.js'

/** What is not remembered yet is lost by a power cut: never more than this. */
const longestMs = 30_000
const mostBytes = 268_435_456

/** A checkpoint that takes longer lets others begin: one disk that hangs is no reason not to save what is on another. */
const placeMs = 1_000

type Totals = Required<Pick<ResumeRecord, 'uploadedBytes' | 'downloadedBytes' | 'seedingMs'>>
const nothing: Totals = { uploadedBytes: 0, downloadedBytes: 0, seedingMs: 0 }

export interface KeeperParts {
  readonly context: Pick<EngineContext, 'turns' | 'clock' | 'services' | 'log' | 'hasher' | 'saves'>
  readonly infoHashes: InfoHashes
  readonly view: TorrentView
  readonly torrent: Torrent
  readonly limits: { readonly now: SetLimits }
  content(): TorrentContent | undefined
  trackers(): readonly (readonly string[])[]
  webSeeds(): readonly string[]
  /** Where the data belongs when it is whole. */
  home(): string
  isPaused(): boolean
  /** Its place in the queue. */
  queued(): Pick<ResumeRecord, 'queueRank' | 'forced'>
  /** In this session. */
  seedingMs(): number
  /** What was written could not be made durable: which of it is on the disk is not known any more. */
  syncFailed(error: Error): void
  /** A deadline may have come nearer. */
  wake(): void
}

/**
 * Keeps the resume record of one torrent up to date. The order of a checkpoint: how the files look, which pieces are
 * had, the data made durable, and only then the record. So a record never claims a piece that a power cut can take, and
 * what was written since is told by its file, which looks different by then. One checkpoint at a time.
 */
export class RecordKeeper {
  readonly #parts: KeeperParts
  readonly #key: string
  #dirtySinceMs: number | undefined
  #unsavedBytes = 0
  /** Under way or waiting. */
  #saves = 0
  #last: Promise<void> = Promise.resolve()
  /** What earlier sessions counted, once it is known. */
  #before: Totals | undefined
  #partial: readonly PartialPiece[] | undefined
  #isClosed = false
  #isGivenUp = false
  /** Ends the wait for the checkpoint that is under way. */
  #giveUp: AbortController | undefined
  /** What the store has, from when it was read until the checkpoint that follows; nobody else writes. */
  #stored: ResumeRecord | undefined
  /** Tells what the store has, as far as that is known. */
  #mark: string | undefined
  /** The record in the store has the info dictionary. */
  #hasInfo = false

  /** `stored`: what the store has, if it has been read already. */
  constructor(parts: KeeperParts, stored?: ResumeRecord) {
    this.#parts = parts
    this.#stored = stored
    this.#before = stored && totalsOf(stored)
    this.#hasInfo = stored?.info !== undefined
    this.#key = infoHashName(parts.infoHashes)
  }

  /** When the next checkpoint is due. */
  get dueMs(): number {
    if (this.#dirtySinceMs === undefined || this.#saves > 0 || this.#isClosed) return Infinity
    return this.#unsavedBytes >= mostBytes ? this.#dirtySinceMs : this.#dirtySinceMs + longestMs
  }

  /** What is there is known anew: it is saved at once, unless it is what was remembered. */
  began(): void {
    this.#dirtySinceMs = this.#parts.context.turns.nowMs - longestMs
    this.#parts.wake()
  }

  /** Something is other than the record says. */
  changed(grownBytes = 0): void {
    this.#dirtySinceMs ??= this.#parts.context.turns.nowMs
    const wasLow = this.#unsavedBytes < mostBytes
    this.#unsavedBytes += grownBytes
    if (grownBytes === 0 || (wasLow && this.#unsavedBytes >= mostBytes)) this.#parts.wake()
  }

  /** What an earlier run left; `undefined` also for what cannot be read. */
  async recall(): Promise<ResumeRecord | undefined> {
    await this.#last
    if (this.#stored !== undefined) return this.#stored
    return this.#read((record) => {
      // A later record has what this session counted as well.
      this.#before ??= record === undefined ? nothing : totalsOf(record)
      this.#stored = record
      this.#hasInfo = record?.info !== undefined
    })
  }

  async #read(found: (record: ResumeRecord | undefined) => void = () => {}): Promise<ResumeRecord | undefined> {
    const { context, view } = this.#parts
    try {
      const record = await context.services.get(ResumeStore).get(this.#key)
      found(record)
      return record
    } catch (error) {
      context.log.warn('a resume record cannot be read', { torrent: view.name, error })
      return undefined
    }
  }

  /** The info dictionary can be had from the store. */
  get hasInfo(): boolean {
    return this.#hasInfo
  }

  /** Read anew; `undefined` where there is none, or it cannot be read. */
  async storedInfo(): Promise<Uint8Array | undefined> {
    return (await this.#read())?.info
  }

  /** Of all sessions. */
  get totals(): Totals {
    const { view } = this.#parts
    const { uploadedBytes, downloadedBytes, seedingMs } = this.#before ?? nothing
    return {
      uploadedBytes: uploadedBytes + view.stats.uploadedBytes,
      downloadedBytes: downloadedBytes + view.stats.receivedBytes,
      seedingMs: Math.round(seedingMs + this.#parts.seedingMs()),
    }
  }

  /** Makes the checkpoint that is due. */
  tick(nowMs: number): void {
    if (nowMs >= this.dueMs) void this.#save(this.#parts.isPaused() ? 'paused' : 'active')
  }

  /** The books of what is open are about to be closed. */
  ending(): void {
    this.#partial = this.#parts.torrent.ledger?.partial()
  }

  /** A last checkpoint; nothing is saved afterwards. `forgotten`: there is no data any more. */
  async close(how: ResumeRecord['state'] | 'forgotten'): Promise<void> {
    this.#isClosed = true
    await this.#last
    if (how === 'forgotten') await this.#store((store) => store.delete(this.#key))
    else await this.#save(how)
  }

  #save(state: ResumeRecord['state']): Promise<void> {
    this.#dirtySinceMs = undefined
    this.#unsavedBytes = 0
    const before = this.#stored
    this.#stored = undefined
    const checkpoint = (): Promise<void> => this.#checkpoint(state, before)
    // That it was removed is not left for later, however many others are to be saved.
    return this.#inTurn(state === 'removed' ? checkpoint : () => this.#inLine(checkpoint))
  }

  #inTurn(save: () => Promise<void>): Promise<void> {
    this.#saves++
    this.#last = this.#last.then(save).then(() => {
      this.#saves--
      this.#parts.wake()
    })
    return this.#last
  }

  /** Only so many torrents make a checkpoint at a time. */
  async #inLine(checkpoint: () => Promise<void>): Promise<void> {
    const { clock, saves } = this.#parts.context
    if (this.#isGivenUp) return
    const giveUp = new AbortController()
    this.#giveUp = giveUp
    const { signal } = giveUp
    let made: Promise<void> | undefined
    const place = async (): Promise<void> => {
      made = checkpoint()
      const kept = within(clock, placeMs, untilAborted(made, signal), () => new Error('others need its place'))
      // In a stop those behind it are given up in the same moment: none of them is to begin instead.
      await kept.catch(() => (signal.aborted ? made : undefined))
    }
    await saves.run(signal, place).catch(() => {})
    await made
    this.#giveUp = undefined
  }

  get isGivenUp(): boolean {
    return this.#isGivenUp
  }

  /** Whoever closes the torrent waits no longer: a last checkpoint that has not begun is not made. */
  giveUp(): void {
    this.#isGivenUp = true
    this.#giveUp?.abort()
  }

  /** Where the data is, and where it is about to go, is in its record when this settles, if there is one and it can be. */
  placed(): Promise<void> {
    this.#stored = undefined
    return this.#inTurn(() =>
      this.#store(async (store) => {
        const record = await store.get(this.#key)
        if (record === undefined || this.#parts.content()?.isOf(record) !== true) return
        const { moveTo: _moveTo, paths: _paths, relocating: _relocating, ...rest } = record
        await store.put(this.#key, { ...rest, ...this.#whereabouts() })
      }),
    )
  }

  #whereabouts(): Pick<ResumeRecord, 'directory' | 'moveTo' | 'paths' | 'relocating' | 'incompleteSuffix'> {
    const { directory } = this.#parts.view
    const home = this.#parts.home()
    return { directory, ...(home === directory ? {} : { moveTo: home }), ...this.#parts.content()?.place.remembered() }
  }

  /** Never rejects: the download goes on with the record it had. */
  async #checkpoint(state: ResumeRecord['state'], before: ResumeRecord | undefined): Promise<void> {
    const content = this.#parts.content()
    if (content?.isKnown !== true) {
      await this.#storeState(state)
      return
    }
    try {
      const files = await content.stamps()
      const record = this.#record(state, content, files)
      await content.sync()
      const known = { info: undefined, seedingMs: record.seedingMs }
      if (before?.info !== undefined && isSameValue({ ...before, ...known }, record)) {
        this.#mark = this.#markOf(record)
      } else if (content.isKnown) {
        // A check that began meanwhile has put all of it in doubt.
        await this.#put(record, content)
      }
      content.rest()
    } catch (error) {
      this.#syncFailed(content, asError(error))
    }
  }

  /** Of thousands that rest nothing is written when their session ends. */
  async #put(record: ResumeRecord, content: TorrentContent): Promise<void> {
    const mark = this.#markOf(record)
    if (mark === this.#mark) return
    await this.#store(async (store) => {
      const info = await content.info()
      await store.put(this.#key, { ...record, info })
      this.#mark = mark
      // A store may keep less than it is given.
      this.#hasInfo ||= isSameValue(await this.storedInfo(), info)
    })
  }

  /** Equal for records that say the same. The info of a torrent is always the same, and not looked at. */
  #markOf(record: ResumeRecord): string {
    const fields = Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))
    const text = JSON.stringify(fields, (_key, value: unknown) => (value instanceof Uint8Array ? toHex(value) : value))
    return toHex(this.#parts.context.hasher.digest('sha1', utf8Bytes(text)))
  }

  #syncFailed(content: TorrentContent, error: Error): void {
    content.doubt()
    if (!this.#isClosed) this.#parts.context.turns.run(() => this.#parts.syncFailed(error))
  }

  /** Nobody looked at the data yet: what was remembered of it stays. */
  async #storeState(state: ResumeRecord['state']): Promise<void> {
    await this.#store(async (store) => {
      const record = await store.get(this.#key)
      if (record !== undefined && record.state !== state) await store.put(this.#key, { ...record, state })
      else if (record === undefined && this.#parts.content() === undefined) {
        await store.put(this.#key, this.#record(state, undefined, []))
      }
    })
  }

  /** Before all data is hashed: what was remembered of it does not count any more. */
  async doubt(record: ResumeRecord): Promise<void> {
    this.#stored = undefined
    await this.#last
    await this.#store((store) => store.put(this.#key, { ...record, have: new Uint8Array(0), partial: [], files: [] }))
  }

  async #store(call: (store: ResumeStore) => Promise<void>): Promise<void> {
    const { context, view } = this.#parts
    this.#mark = undefined
    try {
      await call(context.services.get(ResumeStore))
    } catch (error) {
      const reason = error instanceof BitloomError ? error.message : asError(error).message
      context.log.warn('the resume record cannot be saved', { torrent: view.name, reason })
      this.#dirtySinceMs ??= context.turns.nowMs
    }
  }

  #record(
    state: ResumeRecord['state'],
    content: TorrentContent | undefined,
    files: ResumeRecord['files'],
  ): ResumeRecord {
    const { view, torrent, limits, infoHashes } = this.#parts
    return {
      infoHashes: content?.metainfo.infoHashes ?? infoHashes,
      name: view.name,
      ...(content === undefined ? {} : content.remembered()),
      trackers: this.#parts.trackers(),
      webSeeds: this.#parts.webSeeds(),
      ...this.#whereabouts(),
      storage: view.storage,
      state,
      have: torrent.ledger?.have.toBytes() ?? new Uint8Array(0),
      partial: this.#partial ?? torrent.ledger?.partial() ?? [],
      files,
      ...(view.picker === undefined ? {} : { picker: view.picker }),
      choker: view.choker,
      limits: limits.now,
      ...this.#parts.queued(),
      ...this.totals,
    }
  }
}

function totalsOf({ uploadedBytes, downloadedBytes, seedingMs = 0 }: ResumeRecord): Totals {
  return { uploadedBytes, downloadedBytes, seedingMs }
}
