import { Bits } from '../bytes/bits.js'
import { filePieces } from '../metainfo/file-spans.js'
import { ResumeError } from '../bytes/errors.js'
import { LazySet } from '../bytes/lazy-collections.js'
import { blockBytes, type MagnetLink, type Metainfo, type MetainfoSummary, summaryOf } from '../metainfo/metainfo.js'
import { Storage, type StorageHandle } from '../ports/storage.js'
import type { PartialPiece, ResumeRecord } from '../ports/resume-store.js'
import { Ledger } from '../torrent/ledger.js'
import { piecePriorities, selectFiles, usualPriority } from '../torrent/selection.js'
import type { KnownMetainfo } from '../torrent/effects.js'
import type { Torrent } from '../torrent/torrent.js'
import type { AddOptions } from './api.js'
import { asError } from './as-error.js'
import { ContentPlace } from './content-place.js'
import type { EngineContext } from './context.js'
import { findHaves, type Remembered } from './haves.js'
import { readInfo } from './provided-info.js'
import type { RecordKeeper } from './record-keeper.js'
import { missing } from './strategies.js'

/** What a torrent was added with, without the info dictionary. */
export type OwnOptions = Omit<AddOptions, 'torrent'> & { readonly torrent: MetainfoSummary | MagnetLink }

export interface ContentParts {
  readonly context: EngineContext
  readonly options: OwnOptions
  /** Where its data belongs. */
  readonly directory: string
  readonly torrent: Torrent
  readonly keeper: RecordKeeper
}

/** See `AddOptions.check`; `changed`: what others changed while the torrent runs. */
type CheckKind = 'full' | 'sample' | 'resume' | 'skip' | 'changed'

/**
 * The data of one torrent as its driver sees it: where it is stored, which of it is wanted, what of it is there. Every call
 * to the storage that is not the data path's is made here, and `close` waits for all of them.
 */
export class TorrentContent {
  readonly metainfo: MetainfoSummary
  /** Pieces looked at in the present check, or the last. */
  checkedPieces = 0
  readonly #parts: ContentParts
  /** Held while a piece may be missing. */
  #whole: Metainfo | undefined
  #holding: Promise<Metainfo> | undefined
  readonly #place: ContentPlace
  readonly #wantedFiles: { bits: Bits }
  /** One array for all ledgers that follow each other: what the user chose survives a recheck. */
  readonly #priorities: Uint8Array
  readonly #calls = new LazySet<Promise<void>>()
  #handle: StorageHandle | undefined
  #partial: readonly PartialPiece[] = []
  /** What is had is what is there: it may be remembered. Not while it is looked at, nor after a flush that failed. */
  #isKnown = false
  #isLookedAt = false

  constructor(whole: Metainfo, parts: ContentParts) {
    this.#parts = parts
    const { options, directory, keeper } = parts
    const { torrent } = options
    const metainfo = 'layout' in torrent ? torrent : summaryOf(whole)
    this.#place = new ContentPlace({ metainfo, options, directory, keeper, tracked: (call) => this.#tracked(call) })
    this.metainfo = metainfo
    this.#whole = whole
    this.#wantedFiles = { bits: this.#filesOf(wantedFilesOf(options, whole)) }
    this.#priorities = piecePriorities(metainfo, this.#wantedFiles.bits, usualPriority)
  }

  get handle(): StorageHandle | undefined {
    return this.#handle
  }

  #filesOf(choice: readonly boolean[] | undefined): Bits {
    const files = new Bits(this.metainfo.files.length)
    selectFiles(this.metainfo, choice, files)
    return files
  }

  /** @throws StorageError · PluginError PLUGIN_MISSING */
  async open(signal: AbortSignal): Promise<void> {
    const { context, options, keeper } = this.#parts
    const storage = context.services.named(Storage, options.storage)
    if (storage === undefined) throw missing('Storage', options.storage)
    const record = await keeper.recall()
    this.#handle = await this.#place.open(storage, record, this.#wantedFiles.bits, signal)
  }

  get isKnown(): boolean {
    return this.#isKnown
  }

  /** What is had may not be there. */
  doubt(): void {
    this.#isKnown = false
  }

  // The info dictionary.

  /** What pieces must hash to is at hand. */
  get isHeld(): boolean {
    return this.#whole !== undefined
  }

  /** From now on it is, until the torrent rests; read back once for all who ask meanwhile. @throws ResumeError */
  hold(): Promise<Metainfo> {
    this.#holding ??= this.#hold().finally(() => (this.#holding = undefined))
    return this.#holding
  }

  async #hold(): Promise<Metainfo> {
    const whole = this.#whole ?? this.#read(await this.info())
    this.#whole = whole
    this.#tell()
    return whole
  }

  /** The info dictionary, read back where it is not held. @throws ResumeError */
  async info(): Promise<Uint8Array> {
    const info = this.#whole?.info ?? (await this.#parts.keeper.storedInfo())
    if (info === undefined) throw this.#lost()
    return info
  }

  #read(info: Uint8Array): Metainfo {
    const { infoHashes, trackers } = this.metainfo
    const metainfo = readInfo(info, infoHashes, trackers, this.#parts.context.hasher)
    if (metainfo === undefined || metainfo instanceof Error) throw this.#lost()
    return metainfo
  }

  #lost(): ResumeError {
    return new ResumeError(`the resume record of ${this.metainfo.name} does not have its info dictionary any more`)
  }

  /**
   * With all its pieces a torrent needs no hashes: where its record has the info dictionary too, only that keeps it. What a
   * record does not have, the piece layers of a hybrid torrent, stays.
   */
  rest(): void {
    const { torrent, keeper } = this.#parts
    const have = torrent.ledger?.have
    if (!this.#isKnown || have?.count !== have?.length || this.metainfo.format !== 'v1' || !keeper.hasInfo) return
    this.#whole = undefined
    this.#tell()
  }

  #tell(): void {
    const { torrent } = this.#parts
    if (torrent.metainfo !== undefined) torrent.metainfo = this.known
  }

  get known(): KnownMetainfo {
    return this.#whole ?? this.metainfo
  }

  /** Finds out what is there. Rejects when the signal aborts. @throws ResumeError */
  async check(how: CheckKind, signal: AbortSignal): Promise<Bits> {
    const { context, keeper } = this.#parts
    const storage = this.#handle
    if (storage === undefined) throw new RangeError('the storage is not open')
    this.checkedPieces = 0
    const current = how === 'changed' ? await this.#current() : undefined
    this.#isKnown = false
    const metainfo = await this.hold()
    const record = await keeper.recall()
    if (how === 'full' && record !== undefined) await keeper.doubt(record)
    this.#partial = how === 'resume' || how === 'sample' ? (this.#placed(record)?.partial ?? []) : []
    const believed = how === 'full' || how === 'skip' ? undefined : (current ?? this.#placed(record))
    const input = { metainfo, storage, remembered: believed, sample: how === 'sample', signal }
    const have =
      how === 'skip'
        ? Bits.full(metainfo.layout.pieceCount)
        : await findHaves(context, input, (checked) => {
            this.checkedPieces = checked
          })
    // What nobody looked at is not remembered.
    this.#isLookedAt = how !== 'skip'
    await this.#compareSpace(have)
    return have
  }

  /** What is wanted and missing may not fit. @throws StorageError */
  async #compareSpace(have: Bits): Promise<void> {
    const { layout, name } = this.metainfo
    let neededBytes = 0
    for (let piece = have.nextClear(0); piece >= 0; piece = have.nextClear(piece + 1)) {
      if (this.#priorities[piece] !== 0) neededBytes += layout.pieceLength(piece) - layout.zeroTailBytes(piece)
    }
    if (neededBytes === 0) return
    const freeBytes = await this.#handle?.freeBytes?.()
    if (freeBytes === undefined || freeBytes >= neededBytes) return
    this.#parts.context.log.warn('there may not be enough free space', { torrent: name, freeBytes, neededBytes })
  }

  /** What is known of the data now, with the files as they were when it became known. */
  async #current(): Promise<Remembered | undefined> {
    const have = this.#parts.torrent.ledger?.have.toBytes()
    return have === undefined ? undefined : { have, files: await this.stamps() }
  }

  /** A record counts in the place that it is of. */
  #placed(record: ResumeRecord | undefined): ResumeRecord | undefined {
    const { context, options } = this.#parts
    const storage = context.services.named(Storage, options.storage)?.name
    return this.#place.isOf(record, storage) ? record : undefined
  }

  /** Pieces of which an earlier run left some blocks, once. */
  takePartial(): readonly PartialPiece[] {
    const partial = this.#partial
    this.#partial = []
    return partial
  }

  /** Whether a record is of the data that is here. */
  isOf(record: ResumeRecord): boolean {
    return this.#placed(record) !== undefined
  }

  get place(): Pick<ContentPlace, 'directory' | 'home' | 'paths' | 'remembered'> {
    return this.#place
  }

  /** Everything that is wanted is there: it is made durable, and goes where it belongs. @throws StorageError of the flush */
  async settle(): Promise<void> {
    await this.sync()
    await this.#place.goHome().catch((error: unknown) => {
      const fields = { torrent: this.metainfo.name, directory: this.#place.home, reason: asError(error).message }
      this.#parts.context.log.warn('a complete download stays in the folder of incomplete ones', fields)
    })
  }

  /** @throws StorageError, BitloomError INVALID_ARGUMENT for a storage that cannot */
  move(directory: string): Promise<void> {
    return this.#place.move(directory)
  }

  /** See `TorrentControl.rename`. */
  rename(from: string, to: string): Promise<void> {
    return this.#place.rename(from, to)
  }

  /** How the files look; empty where the storage cannot tell. @throws StorageError */
  async stamps(): Promise<ResumeRecord['files']> {
    return (await this.#handle?.stamps?.()) ?? []
  }

  /** What a record says beside the pieces and the info dictionary. */
  remembered(): Pick<ResumeRecord, 'priorities' | 'wantedFiles'> {
    return {
      priorities: this.#priorities.slice(),
      wantedFiles: this.#wantedFiles.bits.toBytes(),
    }
  }

  ledger(have: Bits, storage: StorageHandle): Ledger {
    const { context, torrent } = this.#parts
    const { budget, memory, hasher } = context
    this.#isKnown = this.#isLookedAt
    const { layout } = this.metainfo
    const quarter = Math.floor(budget.limitBytes / 4 / blockBytes) * blockBytes
    const extentBytes = Math.max(blockBytes, Math.min(storage.extentBytes, layout.pieceLengthBytes, quarter))
    return new Ledger({
      layout,
      have,
      priorities: this.#priorities,
      extentBytes: Math.ceil(extentBytes / blockBytes) * blockBytes,
      budget: budget.shareOf(torrent),
      memory,
      nextJobId: () => context.nextId(),
      dropHash: (job) => hasher.drop(job),
      cancelled: (piece, block, except, others) => torrent.requests.cancelled(piece, block, except, others),
      idleAskers: (piece, block) => torrent.requests.idle.owing(piece, block),
    })
  }

  /** Other files are wanted from now on. */
  select(choice: readonly boolean[]): void {
    this.#wantedFiles.bits = this.#filesOf(choice)
    this.#handle?.want?.(this.#wantedFiles.bits)
    const priorities = piecePriorities(this.metainfo, this.#wantedFiles.bits, usualPriority)
    this.prioritize(priorities.keys(), (piece) => priorities[piece] ?? 0)
  }

  prioritize(pieces: Iterable<number>, priority: (piece: number) => number): void {
    const { torrent } = this.#parts
    if (torrent.ledger !== undefined) torrent.prioritize(pieces, priority)
    else for (const piece of pieces) if (piece < this.#priorities.length) this.#priorities[piece] = priority(piece)
  }

  /** Makes everything that is written durable, after which files that are whole get their own names. */
  sync(): Promise<void> {
    return this.#tracked(this.#sync())
  }

  async #sync(): Promise<void> {
    const handle = this.#handle
    const whole = handle?.complete === undefined || !this.#isKnown ? undefined : this.#wholeFiles()
    await handle?.sync()
    if (whole === undefined || whole.count === 0) return
    await handle?.complete?.(whole).catch((error: unknown) => {
      const fields = { torrent: this.metainfo.name, reason: asError(error).message }
      this.#parts.context.log.warn('a file that is whole keeps the suffix of incomplete ones', fields)
    })
  }

  /** By what is written, durable or not. */
  #wholeFiles(): Bits {
    const whole = new Bits(this.metainfo.files.length)
    const have = this.#parts.torrent.ledger?.have
    if (have === undefined) return whole
    for (const file of this.metainfo.files.keys()) {
      const span = filePieces(this.metainfo, file)
      if (span === undefined) continue
      let piece = span.first
      while (piece <= span.last && have.has(piece)) piece++
      if (piece > span.last) whole.add(file)
    }
    return whole
  }

  /** Until it settles, the storage is not closed. */
  #tracked(call: Promise<void>): Promise<void> {
    this.#calls.add(call)
    const over = (): void => void this.#calls.delete(call)
    call.then(over, over)
    return call
  }

  /** `flush`: makes durable what is written. Only when no other call is under way; idempotent on the storage's side. */
  async close(how: { readonly deleteData: boolean; readonly flush: boolean }): Promise<void> {
    await Promise.allSettled(this.#calls)
    const handle = this.#handle
    if (handle === undefined) return
    try {
      if (how.flush) await this.#sync()
    } finally {
      await handle.close()
      if (how.deleteData) await handle.remove?.()
    }
  }
}

/** Which files are wanted at first; `undefined` = all. */
function wantedFilesOf({ torrent, wantedFiles }: OwnOptions, metainfo: Metainfo): readonly boolean[] | undefined {
  if (typeof wantedFiles === 'function') return wantedFiles(metainfo)
  if (wantedFiles !== undefined || 'layout' in torrent || torrent.selectOnly === undefined) return wantedFiles
  const chosen = new Set(torrent.selectOnly)
  return metainfo.files.map((_file, index) => chosen.has(index))
}
