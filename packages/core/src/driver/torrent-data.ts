import type { Bits } from '../bytes/bits.js'
import type { StorageError } from '../bytes/errors.js'
import type { Metainfo } from '../metainfo/metainfo.js'
import { asError } from './as-error.js'
import { Checks } from './checks.js'
import { type OwnOptions, TorrentContent } from './content.js'
import type { EngineContext } from './context.js'
import { DataPath } from './data-path.js'
import type { RecordKeeper } from './record-keeper.js'
import type { Swarm } from './swarm.js'

export interface TorrentDataParts {
  readonly context: EngineContext
  readonly options: OwnOptions
  readonly swarm: Swarm
  readonly keeper: RecordKeeper
  /** Where the data will be. */
  directory(): string
  /** The storage is open; what is there is looked at next. */
  opened(): void
  /** What is there is known, and the torrent has its content. */
  checked(): void
  /** Writing fails (`undefined`: works again). */
  blocked(error: StorageError | undefined): void
  /** A piece that was had cannot be read. */
  lostPiece(piece: number, error: Error): void
  failed(error: Error): void
}

/**
 * How the data of one torrent is opened, looked at, and given to its swarm, once or again and again: one content, one
 * check at a time, and after each a data path of its own. What is told comes in turns.
 */
export class TorrentData {
  readonly #parts: TorrentDataParts
  readonly #checks: Checks
  #content: TorrentContent | undefined
  #dataPath: DataPath | undefined

  constructor(parts: TorrentDataParts) {
    this.#parts = parts
    this.#checks = new Checks(parts.context.turns, {
      found: (have) => this.#begin(have),
      failed: (error) => parts.failed(error),
    })
  }

  /** There once it was loaded. */
  get content(): TorrentContent | undefined {
    return this.#content
  }

  /** Why nothing can be written at present. */
  get blockedBy(): StorageError | undefined {
    return this.#dataPath?.blockedBy
  }

  /** Opens the storage and looks at what is there. */
  load(metainfo: Metainfo): void {
    const content = this.#makeContent(metainfo)
    if (content !== undefined) this.#checks.start((signal) => this.#open(content, signal))
  }

  async #open(content: TorrentContent, signal: AbortSignal): Promise<Bits> {
    const { context, options, opened } = this.#parts
    await content.open(signal)
    signal.throwIfAborted()
    context.turns.run(() => opened())
    return context.checks.run(signal, () => content.check(options.check ?? 'resume', signal))
  }

  /** `undefined`: the torrent failed, since the choice of its files did. */
  #makeContent(metainfo: Metainfo): TorrentContent | undefined {
    const { context, options, swarm, keeper, failed } = this.#parts
    try {
      const [{ torrent }, directory] = [swarm, this.#parts.directory()]
      this.#content = new TorrentContent(metainfo, { context, options, directory, torrent, keeper })
      return this.#content
    } catch (error) {
      context.turns.run(() => failed(asError(error)))
      return undefined
    }
  }

  #begin(have: Bits): void {
    const { context, swarm } = this.#parts
    const { turns, clock, hasher, memory } = context
    const { torrent } = swarm
    const content = this.#content
    const storage = content?.handle
    if (content === undefined || storage === undefined) return
    const { blocked, lostPiece, failed } = this.#parts
    const told = { blocked, lostPiece, failed }
    this.#dataPath = new DataPath({ turns, clock, hasher, memory, storage, torrent, ...told })
    swarm.dataPath = this.#dataPath
    swarm.contentKnown(content.metainfo.layout.pieceCount)
    torrent.setContent(content.known, content.ledger(have, storage))
    torrent.restore(content.takePartial(), turns.nowMs)
    this.#parts.checked()
  }

  /** True if there is something to look at, or `metainfo` says what may be there. */
  mayRecheck(metainfo: Metainfo | undefined): boolean {
    return this.#content !== undefined || (metainfo !== undefined && this.#makeContent(metainfo) !== undefined)
  }

  /** Looks again, at all or at what changed; what could not even be opened is opened first. */
  recheck(how: 'full' | 'changed'): void {
    const content = this.#content
    if (content === undefined) return
    this.end()
    const idle = this.#dataPath?.idle()
    this.#checks.start(async (signal) => {
      await idle
      if (content.handle === undefined) await content.open(signal)
      return this.#parts.context.checks.run(signal, () => content.check(how, signal))
    })
  }

  /** Gives up what is open or looked at: nothing is held, asked or written any more but what a port has in its hands. */
  end(): void {
    this.#checks.end()
    this.#parts.swarm.torrent.closeOpen()
    this.#dataPath?.close()
  }

  /** Resolves when no port is at work for it. */
  async idle(): Promise<void> {
    await this.#checks.over()
    await this.#dataPath?.idle()
  }
}
