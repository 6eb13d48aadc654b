import { Bits, type Content, type FileEntry, type FileSpan, StorageError } from '@bitloom/core'
import type { FileHandle } from 'node:fs/promises'
import { lstat, mkdir, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf, storageError } from './file-errors.js'
import type { HandlePool } from './handle-pool.js'
import { readFully, writeFully } from './positional.js'
import { absolute, isMissing, openExisting, openOrCreate, type Place } from './safe-open.js'

/**
 * The real files of one torrent. What it remembers of each file: `#known` = it was seen on the disk; `#damaged` = it was
 * seen and then vanished or was cut, with the pieces that were written to it since. A piece of such a file that is not
 * among them is lost, though its place may read as zeros by now.
 */
export class ContentFiles {
  readonly #content: Content
  readonly #pool: HandlePool
  readonly #root: string
  #isRootKnown = false
  readonly #known = new Set<number>()
  readonly #absent = new Set<number>()
  readonly #damaged = new Map<number, Set<number>>()
  readonly #unsynced = new Set<number>()
  readonly #unsyncedFolders = new Set<string>()

  constructor(content: Content, root: string, pool: HandlePool) {
    this.#content = content
    this.#root = root
    this.#pool = pool
  }

  /** The download folder must be a folder, or not be there yet. @throws StorageError GONE */
  async checkRoot(): Promise<void> {
    if (await this.#hasRoot()) this.#isRootKnown = true
  }

  async #hasRoot(): Promise<boolean> {
    const stats = await statOf(this.#root, stat)
    if (stats === undefined || stats.isDirectory()) return stats !== undefined
    throw new StorageError('GONE', `${this.#root}: it is no folder`, { path: this.#root, retry: false })
  }

  /** A folder that was there and is not any more may be a disk that is not mounted: nothing is made in its place. */
  async makeRoot(): Promise<void> {
    const path = this.#root
    if (!(await this.#hasRoot())) {
      if (this.#isRootKnown) {
        throw new StorageError('GONE', `${path}: the download folder is missing`, { path, retry: true })
      }
      await mkdir(path, { recursive: true }).catch((error: unknown) => {
        throw storageError(error, path)
      })
      this.#unsyncedFolders.add(dirname(path))
    }
    this.#isRootKnown = true
  }

  #placeOf(index: number): Place {
    return { root: this.#root, relativePath: this.#content.files[index]?.path ?? '' }
  }

  /** Whether there is a file, looked up once. */
  async exists(index: number): Promise<boolean> {
    if (this.#known.has(index)) return true
    if (this.#absent.has(index)) return false
    const stats = await statOf(absolute(this.#placeOf(index)))
    const isFile = stats?.isFile() === true
    ;(isFile ? this.#known : this.#absent).add(index)
    return isFile
  }

  async write(index: number, offsetBytes: number, bytes: Uint8Array, piece: number): Promise<void> {
    await this.#use(index, 'write', (handle) => writeFully(handle, bytes, offsetBytes))
    this.#unsynced.add(index)
    this.#damaged.get(index)?.add(piece)
  }

  /** Makes a file without bytes. */
  async create(index: number): Promise<void> {
    await this.#use(index, 'write', async () => {})
    this.#unsynced.add(index)
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
      this.#damaged.set(span.file, new Set())
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

  async #use<T>(index: number, access: 'read' | 'write', use: (handle: FileHandle) => Promise<T>): Promise<T> {
    const path = absolute(this.#placeOf(index))
    const openFile = (): Promise<FileHandle> =>
      access === 'write' ? this.#openForWriting(index) : openExisting(this.#placeOf(index), 'read')
    try {
      return await this.#pool.use(path, access, openFile, use)
    } catch (error) {
      throw storageError(error, path)
    }
  }

  async #openForWriting(index: number): Promise<FileHandle> {
    const place = this.#placeOf(index)
    try {
      if (this.#known.has(index)) return await openExisting(place, 'write')
    } catch (error) {
      if (!isMissing(error)) throw error
      this.#vanished(index)
    }
    const handle = await openOrCreate(place, {
      isExecutable: this.#content.files[index]?.executable === true,
      makeRoot: () => this.makeRoot(),
      created: (folder) => this.#unsyncedFolders.add(folder),
    })
    this.#unsyncedFolders.add(dirname(absolute(place)))
    this.#known.add(index)
    this.#absent.delete(index)
    return handle
  }

  #vanished(index: number, wasHad = false): void {
    if (this.#known.delete(index) || wasHad) this.#damaged.set(index, new Set())
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
    this.#known.clear()
    this.#absent.clear()
    const { files } = this.#content
    const sizes = files.map(() => 0)
    await inParallel(files.keys(), async (index) => {
      const file = files[index] as FileEntry
      if (file.padding || file.symlink !== undefined) return
      const stats = await statOf(absolute(this.#placeOf(index)))
      if (stats?.isFile() !== true) return
      this.#known.add(index)
      sizes[index] = stats.size
    })
    return sizes
  }

  /** Flushes what was written since the last time. @throws StorageError, GONE for a file that was deleted meanwhile */
  async sync(): Promise<void> {
    const unsynced = [...this.#unsynced]
    this.#unsynced.clear()
    let failure: unknown
    await inParallel(unsynced, async (index) => {
      try {
        await this.#syncFile(index)
      } catch (error) {
        // What is gone cannot be flushed by trying again.
        if (!(error instanceof StorageError) || error.code !== 'GONE') this.#unsynced.add(index)
        failure ??= error
      }
    })
    if (failure !== undefined) throw failure
    for (const folder of this.#unsyncedFolders) {
      await syncFolder(folder)
      this.#unsyncedFolders.delete(folder)
    }
  }

  async #syncFile(index: number): Promise<void> {
    const place = this.#placeOf(index)
    const path = absolute(place)
    const openFile = (): Promise<FileHandle> => openExisting(place, 'write')
    try {
      const links = await this.#pool.use(path, 'write', openFile, async (handle) => {
        await handle.datasync()
        return (await handle.stat()).nlink
      })
      if (links > 0) return
      this.#pool.drop(path)
      throw this.#gone(index, 'it was deleted')
    } catch (error) {
      const failure = storageError(error, path)
      if (failure.code === 'GONE') this.#vanished(index)
      throw failure
    }
  }

  async close(): Promise<void> {
    for (const [index, file] of this.#content.files.entries()) {
      if (!file.padding) this.#pool.drop(absolute(this.#placeOf(index)))
    }
    await this.#pool.settled()
  }
}

/** The pieces that may be whole by the sizes of files. `isElsewhere` tells of bytes that are kept in another place. */
export function presentPieces(
  content: Content,
  sizes: readonly number[],
  isElsewhere: (file: number, offsetBytes: number) => boolean,
): Bits {
  const { files, layout } = content
  const { pieceLengthBytes } = layout
  const present = Bits.full(layout.pieceCount)
  for (const [index, file] of files.entries()) {
    const size = sizes[index] ?? 0
    if (file.padding || size >= file.lengthBytes) continue
    const last = Math.floor((file.offsetBytes + file.lengthBytes - 1) / pieceLengthBytes)
    for (let piece = Math.floor((file.offsetBytes + size) / pieceLengthBytes); piece <= last; piece++) {
      const offsetBytes = Math.max(0, piece * pieceLengthBytes - file.offsetBytes)
      if (!isElsewhere(index, offsetBytes)) present.delete(piece)
    }
  }
  return present
}

async function statOf(path: string, look: typeof lstat = lstat) {
  try {
    return await look(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw storageError(error, path)
  }
}

/** As many as Node has threads for files. */
async function inParallel(items: Iterable<number>, work: (item: number) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) await work(next.value)
  }
  await Promise.all([worker(), worker(), worker(), worker()])
}

/** Makes the names of new files durable, where the system can. */
async function syncFolder(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r')
    await handle.sync().finally(() => handle.close())
  } catch (error) {
    if (['EINVAL', 'EISDIR', 'EPERM', 'EACCES', 'EBADF', 'ENOENT'].includes(codeOf(error))) return
    throw storageError(error, path)
  }
}
