import { type Content, type FileSpan, type FileStamp, type ReadonlyBits, StorageError } from '@bitloom/core'
import type { FileFacts, FileSystem, OpenFile } from '@bitloom/core/node'
import { dirname } from 'node:path'
import { factsOf, inParallel, syncFolder } from './disk.js'
import { DownloadFolder } from './download-folder.js'
import { storageError } from './file-errors.js'
import { FileStamps } from './file-stamps.js'
import { FolderLooks } from './folder-looks.js'
import { type FileNames, isStored } from './file-names.js'
import type { Handles } from './handle-pool.js'
import { firstFolder, missingFolders } from './missing-folders.js'
import { readFully, writeFully } from './positional.js'
import { takeOwnNames } from './own-names.js'
import { absolute, isMissing, type Opened, openExisting, openOrCreate, type Place } from './safe-open.js'
import { Unflushed } from './unflushed.js'

export interface ContentFilesOptions {
  readonly root: string
  readonly names: FileNames
  readonly pool: Handles
  readonly disk: FileSystem
}

/**
 * The real files of one torrent. What it remembers of each file: `#known` = it was seen on the disk; `#damaged` = it was
 * seen and then vanished or was cut, with the pieces that were written to it since. A piece of such a file that is not
 * among them is lost, though its place may read as zeros by now.
 */
export class ContentFiles {
  readonly #content: Content
  readonly #pool: Handles
  readonly #root: string
  readonly #names: FileNames
  readonly #disk: FileSystem
  readonly #stamps = new FileStamps()
  readonly #looks = new FolderLooks()
  readonly #folder: DownloadFolder
  readonly #known = new Set<number>()
  readonly #absent = new Set<number>()
  readonly #damaged = new Map<number, Set<number>>()
  /** One that was found damaged since the last `sync`. */
  #untold: number | undefined
  readonly #unflushed = new Unflushed()
  /** Of files that are whole. */
  readonly #flushes = new Set<Promise<void>>()
  /** Of one of them: the system tells it once. */
  #flushFailure: StorageError | undefined
  readonly #unsyncedFolders = new Set<string>()

  constructor(content: Content, { root, names, pool, disk }: ContentFilesOptions) {
    this.#content = content
    this.#root = root
    this.#names = names
    this.#disk = disk
    this.#pool = pool
    this.#folder = new DownloadFolder(disk, root)
  }

  /** See `DownloadFolder`. */
  checkRoot(looks: FolderLooks<boolean>): Promise<void> {
    return this.#folder.check(looks)
  }

  makeRoot(): Promise<void> {
    return this.#folder.make((folder) => this.#unsyncedFolders.add(folder))
  }

  #placeOf(index: number): Place {
    return { disk: this.#disk, root: this.#root, relativePath: this.#names.of(index), looks: this.#looks }
  }

  /** Whether there is a file, looked up once. */
  async exists(index: number): Promise<boolean> {
    if (this.#known.has(index)) return true
    if (this.#absent.has(index)) return false
    const stats = await this.#look(index)
    const isFile = stats?.isFile() === true
    ;(isFile ? this.#known : this.#absent).add(index)
    return isFile
  }

  /** One that is not known may have one of two names. */
  async #look(index: number): Promise<FileFacts | undefined> {
    const names = this.#known.has(index) ? [this.#names.of(index)] : this.#names.variants(index)
    for (const relativePath of names) {
      const facts = await factsOf(this.#disk, 'lstat', absolute({ disk: this.#disk, root: this.#root, relativePath }))
      if (facts === undefined) continue
      this.#names.found(index, relativePath)
      return facts
    }
    return undefined
  }

  /** See `StorageHandle.stamps`. */
  async stamps(): Promise<(FileStamp | undefined)[]> {
    const { files } = this.#content
    const unknown = [...files.keys()].filter((index) => isStored(files[index]) && this.#stamps.isUnknown(index))
    await inParallel(unknown, async (index) => {
      const facts = await this.#look(index)
      this.#checkLength(index, facts?.size ?? 0)
      this.#stamps.seen(index, facts)
    })
    return files.map((_file, index) => this.#stamps.of(index))
  }

  async write(index: number, offsetBytes: number, bytes: Uint8Array, piece: number): Promise<void> {
    const endBytes = offsetBytes + bytes.length
    this.#stamps.written(index, 0)
    await this.#use(index, 'write', async (handle, isNew) => {
      // A write past the end would hide that the file was cut; one just opened has been looked at.
      if (!isNew && this.#stamps.isBeyond(index, endBytes)) this.#checkLength(index, (await handle.stat()).size)
      await writeFully(handle, bytes, offsetBytes)
      this.#stamps.written(index, endBytes)
      this.#damaged.get(index)?.add(piece)
      const { lengthBytes = 0 } = this.#content.files[index] ?? {}
      if (!this.#unflushed.written(index, bytes.length, lengthBytes)) return
      const flush = this.#flushWhole(index, handle).finally(() => this.#flushes.delete(flush))
      this.#flushes.add(flush)
      await flush
    })
  }

  /** Spares `stamps` a look at the file and `sync` opening it. Never rejects: `sync` tells what failed. */
  async #flushWhole(index: number, handle: OpenFile): Promise<void> {
    const flushed = this.#unflushed.flushing(index)
    try {
      await handle.datasync()
      const facts = await handle.stat()
      // Deleted, or written again meanwhile: that is for `sync`.
      if (facts.nlink === 0 || !flushed()) return
      this.#checkLength(index, facts.size)
      this.#stamps.seen(index, facts)
      this.#pool.drop(absolute(this.#placeOf(index)))
    } catch (error) {
      this.#flushFailure = storageError(error, absolute(this.#placeOf(index)))
    }
  }

  #checkLength(index: number, lengthBytes: number): void {
    if (this.#stamps.isTooShort(index, lengthBytes)) this.#damage(index)
  }

  /** Makes a file without bytes. */
  async create(index: number): Promise<void> {
    this.#stamps.written(index, 0)
    await this.#use(index, 'write', async () => {})
    this.#unflushed.written(index, 0, 0)
  }

  /**
   * Fills the buffers; answers how many bytes there were, 0 for a file that is not there.
   * With `isHad`, bytes that are not there or not those that were written are an error.
   * @throws StorageError
   */
  async read(span: FileSpan, piece: number, into: readonly Uint8Array[], isHad: boolean): Promise<number> {
    const rewritten = this.#damaged.get(span.file)
    if (isHad && rewritten?.has(piece) === false) throw this.#replaced(span.file)
    const read = await this.#readExisting(span, into, isHad)
    if (!isHad) return read
    if (read < span.lengthBytes) {
      // The next write makes it long enough again, with a hole where the rest was.
      this.#damage(span.file)
      throw this.#gone(span.file, 'it is shorter than it was')
    }
    // While this read waited the file may have been found damaged and written anew, with holes.
    if (this.#damaged.get(span.file) !== rewritten) throw this.#replaced(span.file)
    return read
  }

  async #readExisting(span: FileSpan, into: readonly Uint8Array[], isHad: boolean): Promise<number> {
    try {
      return await this.#use(span.file, 'read', (handle) => readFully(handle, into, span.offsetBytes))
    } catch (error) {
      if (!isMissing(error)) throw error
      this.#vanished(span.file, isHad)
      if (isHad) throw error
      return 0
    }
  }

  /** `isNew`: the handle was opened for this use. */
  async #use<T>(
    index: number,
    access: 'read' | 'write',
    use: (handle: OpenFile, isNew: boolean) => Promise<T>,
    open = access === 'write' ? () => this.#openForWriting(index) : () => openExisting(this.#placeOf(index), access),
  ): Promise<T> {
    const path = absolute(this.#placeOf(index))
    let isNew = false
    const openFile = async (): Promise<OpenFile> => {
      isNew = true
      return (await open()).handle
    }
    try {
      return await this.#pool.use(path, access, openFile, (handle) => use(handle, isNew))
    } catch (error) {
      throw storageError(error, path)
    }
  }

  async #openForWriting(index: number): Promise<Opened> {
    const opened = (await this.#openKnown(index)) ?? (await this.#openOrCreate(index))
    this.#checkLength(index, opened.facts?.size ?? 0)
    return opened
  }

  async #openKnown(index: number): Promise<Opened | undefined> {
    try {
      return this.#known.has(index) ? await openExisting(this.#placeOf(index), 'write') : undefined
    } catch (error) {
      if (!isMissing(error)) throw error
      this.#vanished(index)
      return undefined
    }
  }

  async #openOrCreate(index: number): Promise<Opened> {
    const place = this.#placeOf(index)
    const opened = await openOrCreate(place, {
      isExecutable: this.#content.files[index]?.executable === true,
      makeRoot: () => this.makeRoot(),
      created: (folder) => this.#unsyncedFolders.add(folder),
    })
    this.#unsyncedFolders.add(dirname(absolute(place)))
    this.#known.add(index)
    this.#absent.delete(index)
    return opened
  }

  #vanished(index: number, wasHad = false): void {
    if (this.#known.delete(index) || wasHad) this.#damage(index)
  }

  #damage(index: number): void {
    this.#damaged.set(index, new Set())
    this.#stamps.strange(index)
    this.#untold = index
  }

  #replaced(index: number): StorageError {
    return this.#gone(index, 'it was replaced')
  }

  #gone(index: number, reason: string): StorageError {
    const path = absolute(this.#placeOf(index))
    return new StorageError('GONE', `${path}: ${reason}`, { path, retry: false })
  }

  /** The length of each file on the disk, 0 for one that is not there. From now on, what is there counts as ours. */
  async sizes(): Promise<number[]> {
    this.#damaged.clear()
    this.#untold = undefined
    this.#known.clear()
    this.#absent.clear()
    this.#stamps.clear()
    const { files } = this.#content
    const sizes = files.map(() => 0)
    const missing = await missingFolders(
      this.#disk,
      this.#root,
      files.flatMap((file, index) => (isStored(file) ? [this.#names.of(index)] : [])),
    )
    await inParallel(files.keys(), async (index) => {
      if (!isStored(files[index])) return
      const stats = missing.has(firstFolder(this.#names.of(index))) ? undefined : await this.#look(index)
      this.#stamps.seen(index, stats)
      if (stats?.isFile() !== true) return
      this.#known.add(index)
      sizes[index] = stats.size
    })
    return sizes
  }

  /**
   * Flushes what was written since the last time.
   * @throws StorageError, GONE for a file that was deleted, cut or replaced meanwhile: what was written to it may be lost
   */
  async sync(): Promise<void> {
    let failure: unknown
    const syncOne = async (index: number): Promise<void> => {
      const flushed = this.#unflushed.flushing(index)
      try {
        await this.#syncFile(index)
        flushed()
      } catch (error) {
        // What is gone cannot be flushed by trying again.
        if (error instanceof StorageError && error.code === 'GONE') flushed()
        failure ??= error
      }
    }
    await inParallel(this.#unflushed.files, syncOne)
    // Of two flushes of a file the system tells one that it failed.
    await Promise.all(this.#flushes)
    failure ??= this.#flushFailure
    this.#flushFailure = undefined
    const untold = this.#untold
    this.#untold = undefined
    if (failure === undefined && untold !== undefined) failure = this.#gone(untold, 'it was changed by others')
    if (failure !== undefined) throw failure
    for (const folder of this.#unsyncedFolders) {
      await syncFolder(this.#disk, folder)
      this.#unsyncedFolders.delete(folder)
    }
  }

  async #syncFile(index: number): Promise<void> {
    const place = this.#placeOf(index)
    const flush = async (handle: OpenFile, isNew: boolean): Promise<boolean> => {
      await handle.datasync()
      // One just opened was there.
      return isNew || (await handle.stat()).nlink > 0
    }
    try {
      if (await this.#use(index, 'write', flush, () => openExisting(place, 'write'))) return
      this.#pool.drop(absolute(place))
      throw this.#gone(index, 'it was deleted')
    } catch (error) {
      const failure = storageError(error, absolute(place))
      if (failure.code === 'GONE') this.#vanished(index)
      throw failure
    }
  }

  /** Whether one of these is there and has the suffix of incomplete files. */
  hasCarrier(files: ReadonlyBits): boolean {
    return [...this.#known].some((index) => files.has(index) && this.#names.carries(index))
  }

  /** Gives these their own names. Only while nothing else is done with them. */
  async complete(files: ReadonlyBits): Promise<void> {
    const carriers = [...this.#known].filter((index) => files.has(index) && this.#names.carries(index))
    for (const index of carriers) this.#pool.drop(absolute(this.#placeOf(index)))
    await this.#pool.settled()
    await takeOwnNames(this.#names, { disk: this.#disk, root: this.#root }, carriers)
  }

  async close(): Promise<void> {
    for (const [index, file] of this.#content.files.entries()) {
      if (!file.padding) this.#pool.drop(absolute(this.#placeOf(index)))
    }
    await this.#pool.settled()
  }
}
