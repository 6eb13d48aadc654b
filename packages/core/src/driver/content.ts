import { Bits } from '../bytes/bits.js'
import { blockBytes, type Metainfo } from '../metainfo/metainfo.js'
import { Storage, type StorageHandle } from '../ports/storage.js'
import type { TorrentView } from '../ports/views.js'
import { Ledger } from '../torrent/ledger.js'
import { piecePriorities, selectFiles } from '../torrent/selection.js'
import type { Torrent } from '../torrent/torrent.js'
import type { AddOptions } from './api.js'
import type { EngineContext } from './context.js'
import { findHaves, forgetHaves, saveHaves } from './haves.js'
import { missing } from './strategies.js'

const usualPriority = 4

export interface ContentParts {
  readonly context: EngineContext
  readonly metainfo: Metainfo
  readonly options: AddOptions
  readonly torrent: Torrent
}

/**
 * The data of one torrent as its driver sees it: where it is stored, which of it is wanted, what of it is there. Every call
 * to the storage that is not the data path's is made here, and `close` waits for all of them.
 */
export class TorrentContent {
  readonly metainfo: Metainfo
  /** Pieces looked at in the present check, or the last. */
  checkedPieces = 0
  readonly #parts: ContentParts
  readonly #wantedFiles: { bits: Bits }
  /** One array for all ledgers that follow each other: what the user chose survives a recheck. */
  readonly #priorities: Uint8Array
  readonly #syncs = new Set<Promise<void>>()
  #handle: StorageHandle | undefined
  /** The record of what is there is to be trusted. */
  #isKnown = false

  constructor(parts: ContentParts) {
    this.#parts = parts
    this.metainfo = parts.metainfo
    this.#wantedFiles = { bits: this.#filesOf(wantedFilesOf(parts.options, parts.metainfo)) }
    this.#priorities = piecePriorities(parts.metainfo, this.#wantedFiles.bits, usualPriority)
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
    const { context, metainfo, options } = this.#parts
    const storage = context.services.named(Storage, options.storage)
    if (storage === undefined) throw missing('Storage', options.storage)
    const { directory } = options
    const handle = await storage.open(metainfo, { directory, wantedFiles: this.#wantedFiles.bits }, signal)
    this.#handle = handle
    const freeBytes = await handle.freeBytes?.()
    if (freeBytes === undefined || freeBytes >= metainfo.lengthBytes) return
    const fields = { torrent: metainfo.name, freeBytes, neededBytes: metainfo.lengthBytes }
    context.log.warn('there may not be enough free space', fields)
  }

  /** Finds out what is there. Rejects when the signal aborts. */
  async check(how: 'full' | 'resume' | 'skip', signal: AbortSignal): Promise<Bits> {
    const { context, metainfo, options } = this.#parts
    const storage = this.#handle
    if (storage === undefined) throw new RangeError('the storage is not open')
    this.checkedPieces = 0
    this.#isKnown = false
    if (how === 'full') await forgetHaves(context, metainfo)
    const input = { metainfo, storage, how, directory: options.directory, signal }
    const have = await findHaves(context, input, (checked) => {
      this.checkedPieces = checked
    })
    this.#isKnown = true
    return have
  }

  ledger(have: Bits, storage: StorageHandle): Ledger {
    const { context, torrent } = this.#parts
    const { budget, memory, hasher } = context
    const { layout } = this.metainfo
    const quarter = Math.floor(budget.limitBytes / 4 / blockBytes) * blockBytes
    const extentBytes = Math.max(blockBytes, Math.min(storage.extentBytes, layout.pieceLengthBytes, quarter))
    return new Ledger({
      layout,
      have,
      priorities: this.#priorities,
      extentBytes: Math.ceil(extentBytes / blockBytes) * blockBytes,
      budget,
      memory,
      nextJobId: () => context.nextId(),
      dropHash: (job) => hasher.drop(job),
      cancelled: (piece, block, except, others) => torrent.requests.cancelled(piece, block, except, others),
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

  /** Makes everything that is written durable. */
  sync(): Promise<void> {
    const syncing = this.#handle?.sync() ?? Promise.resolve()
    this.#syncs.add(syncing)
    const over = (): void => void this.#syncs.delete(syncing)
    syncing.then(over, over)
    return syncing
  }

  /** Flushes and remembers what is there. Only when no other call is under way; idempotent on the storage's side. */
  async close(view: TorrentView, deleteData: boolean): Promise<void> {
    const { context, metainfo, torrent } = this.#parts
    await Promise.allSettled(this.#syncs)
    const [handle, have] = [this.#handle, torrent.ledger?.have]
    if (handle === undefined) return
    try {
      await handle.sync()
      if (have !== undefined && this.#isKnown && !deleteData) await saveHaves(context, { metainfo, have, view })
    } finally {
      await handle.close()
      if (deleteData) await handle.remove?.()
    }
  }
}

/** Which files are wanted at first; `undefined` = all. */
function wantedFilesOf({ torrent, wantedFiles }: AddOptions, metainfo: Metainfo): readonly boolean[] | undefined {
  if (typeof wantedFiles === 'function') return wantedFiles(metainfo)
  if (wantedFiles !== undefined || 'info' in torrent || torrent.selectOnly === undefined) return wantedFiles
  const chosen = new Set(torrent.selectOnly)
  return metainfo.files.map((_file, index) => chosen.has(index))
}
