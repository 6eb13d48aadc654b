import {
  type Content,
  type FileStamp,
  fileSpans,
  type ReadonlyBits,
  type ReadPurpose,
  type Storage,
  StorageError,
  type StorageHandle,
} from '@bitloom/core'
import { type FileSystem, systemFiles } from '@bitloom/core/node'
import { dirname, resolve } from 'node:path'
import { ContentFiles } from './content-files.js'
import { codeOf, storageError } from './file-errors.js'
import { Gate } from './gate.js'
import { HandlePool } from './handle-pool.js'
import type { FileStorageOptions } from './options.js'
import { sliceBuffers, totalLength } from './positional.js'
import { presentPieces } from './present-pieces.js'
import { deleteFiles, moveFiles } from './relocate.js'
import { SideFile } from './side-file.js'
import type { SideSlot } from './side-layout.js'

/** Torrents as files and folders on a disk. One pool of open files serves all torrents of the storage. */
export function fileStorage(options: FileStorageOptions, disk: FileSystem = systemFiles): Storage {
  const pool = new HandlePool(options.maxOpenFiles)
  return {
    name: 'fs',
    open: async (content, { directory, wantedFiles }, signal) => {
      const handle = new FileStorageHandle(content, resolve(directory), wantedFiles, pool, disk, options.extentBytes)
      await handle.prepare()
      signal.throwIfAborted()
      return handle
    },
  }
}

/**
 * One torrent's data: real files, and the side file for what wanted pieces have in unwanted files. Invariant: bytes are
 * in the side file exactly where it holds their slot, else in the real file. New slots are made only for files that are
 * unwanted and not there.
 */
class FileStorageHandle implements StorageHandle {
  readonly extentBytes: number
  readonly #content: Content
  readonly #pool: HandlePool
  readonly #disk: FileSystem
  readonly #gate = new Gate()
  #directory: string
  #wanted: ReadonlyBits
  #files: ContentFiles
  #side: SideFile
  #isClosed = false
  /** Files without bytes are made with the first sync after a write or a selection: a seeder changes nothing. */
  #mayLackEmptyFiles = false

  constructor(
    content: Content,
    directory: string,
    wanted: ReadonlyBits,
    pool: HandlePool,
    disk: FileSystem,
    extentBytes: number,
  ) {
    this.extentBytes = extentBytes
    this.#content = content
    this.#directory = directory
    this.#wanted = wanted
    this.#pool = pool
    this.#disk = disk
    this.#files = new ContentFiles(content, directory, pool, disk)
    this.#side = new SideFile(content, directory, pool, disk, () => this.#files.makeRoot())
  }

  /** Looks at what is there; makes nothing. */
  async prepare(): Promise<void> {
    await this.#files.checkRoot()
    await this.#side.load()
  }

  write(piece: number, begin: number, bytes: Uint8Array): Promise<void> {
    return this.#gate.shared(async () => {
      this.#refuseClosed()
      let at = 0
      for (const span of fileSpans(this.#content, piece, begin, bytes.length)) {
        const part = bytes.subarray(at, at + span.lengthBytes)
        at += span.lengthBytes
        if (this.#content.files[span.file]?.padding === true) continue
        const slot = await this.#slotToWrite(span.file, span.offsetBytes)
        if (slot !== undefined) await this.#side.write(slot, span.offsetBytes, part)
        else await this.#files.write(span.file, span.offsetBytes, part, piece)
      }
      this.#mayLackEmptyFiles = true
    })
  }

  async #slotToWrite(file: number, offsetBytes: number): Promise<SideSlot | undefined> {
    const isWanted = this.#wanted.has(file)
    if (isWanted && this.#side.isEmpty) return undefined
    const slot = this.#side.slotOf(file, offsetBytes)
    if (slot === undefined || this.#side.holds(slot)) return slot
    return isWanted || (await this.#files.exists(file)) ? undefined : slot
  }

  read(piece: number, begin: number, into: readonly Uint8Array[], purpose: ReadPurpose): Promise<void> {
    return this.#gate.shared(async () => {
      this.#refuseClosed()
      const lengthBytes = totalLength(into)
      let at = 0
      for (const span of fileSpans(this.#content, piece, begin, lengthBytes)) {
        const parts = span.lengthBytes === lengthBytes ? into : sliceBuffers(into, at, span.lengthBytes)
        at += span.lengthBytes
        let read = 0
        if (this.#content.files[span.file]?.padding !== true) {
          const slot = this.#side.isEmpty ? undefined : this.#side.slotOf(span.file, span.offsetBytes)
          const isAside = slot !== undefined && this.#side.holds(slot)
          read = isAside
            ? await this.#side.read(slot, span.offsetBytes, parts)
            : await this.#files.read(span, piece, parts, purpose !== 'verify')
        }
        if (read < span.lengthBytes) for (const rest of sliceBuffers(parts, read)) rest.fill(0)
      }
      if (at < lengthBytes) for (const rest of sliceBuffers(into, at)) rest.fill(0)
    })
  }

  present(): Promise<ReadonlyBits> {
    return this.#gate.shared(async () => {
      const sizes = await this.#files.sizes()
      return presentPieces(this.#content, sizes, (file, offsetBytes) => {
        const slot = this.#side.isEmpty ? undefined : this.#side.slotOf(file, offsetBytes)
        return slot !== undefined && this.#side.holds(slot)
      })
    })
  }

  /** Of a file of which the side file has bytes, both count. */
  stamps(): Promise<readonly (FileStamp | undefined)[]> {
    return this.#gate.shared(async () => {
      const stamps = await this.#files.stamps()
      const side = this.#side.isEmpty ? undefined : await this.#side.stamp()
      if (side !== undefined) for (const file of this.#side.heldFiles()) stamps[file] = joined(stamps[file], side)
      return stamps
    })
  }

  async sync(): Promise<void> {
    // Behind the gate, since a selection may be waiting there.
    const isBehind = await this.#gate.shared(async () => this.#hasToBringBack())
    if (isBehind) await this.#gate.exclusive(() => this.#bringBack())
    await this.#gate.shared(() => this.#sync())
  }

  async #sync(): Promise<void> {
    if (this.#mayLackEmptyFiles) {
      for (const [index, file] of this.#content.files.entries()) {
        const isEmpty = file.lengthBytes === 0 && !file.padding && file.symlink === undefined
        if (isEmpty && this.#wanted.has(index)) await this.#files.create(index)
      }
      this.#mayLackEmptyFiles = false
    }
    await this.#files.sync()
    await this.#side.sync()
  }

  /** What was kept aside of files that are wanted now moves into them. Where that fails, `sync` tries again and tells. */
  want(files: ReadonlyBits): void {
    const change = this.#gate.exclusive(async () => {
      this.#wanted = files
      this.#mayLackEmptyFiles = true
      await this.#bringBack()
    })
    change.catch(() => {})
  }

  #hasToBringBack(): boolean {
    return !this.#side.isEmpty && [...this.#side.heldFiles()].some((file) => this.#wanted.has(file))
  }

  async #bringBack(): Promise<void> {
    if (!this.#hasToBringBack()) return
    const { pieceLengthBytes } = this.#content.layout
    for (const file of this.#side.heldFiles()) {
      if (!this.#wanted.has(file)) continue
      await this.#side.release(this.#side.heldBy(file), async (slot, bytes) => {
        const piece = Math.floor(((this.#content.files[file]?.offsetBytes ?? 0) + slot.offsetBytes) / pieceLengthBytes)
        await this.#files.write(file, slot.offsetBytes, bytes, piece)
        await this.#files.sync()
      })
    }
  }

  /** The files are where they were when it rejects. */
  async move(directory: string): Promise<void> {
    await this.sync()
    await this.#gate.exclusive(async () => {
      const to = resolve(directory)
      if (to === this.#directory) return
      await this.#closeFiles()
      await moveFiles(this.#disk, [...this.#paths(), this.#side.name], this.#directory, to)
      this.#directory = to
      this.#files = new ContentFiles(this.#content, to, this.#pool, this.#disk)
      this.#side = new SideFile(this.#content, to, this.#pool, this.#disk, () => this.#files.makeRoot())
      await this.prepare()
      await this.#files.sizes()
    })
  }

  /** Works after `close` too. */
  remove(): Promise<void> {
    return this.#gate.exclusive(async () => {
      await this.#closeFiles()
      await deleteFiles(this.#disk, this.#paths(), this.#directory)
      await this.#side.remove()
    })
  }

  #paths(): string[] {
    return this.#content.files.filter((file) => !file.padding && file.symlink === undefined).map((file) => file.path)
  }

  async freeBytes(): Promise<number | undefined> {
    for (let folder = this.#directory; ; folder = dirname(folder)) {
      try {
        const { bavail, bsize } = await this.#disk.statfs(folder)
        return bavail * bsize
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw storageError(error, folder)
        if (folder === dirname(folder)) return undefined
      }
    }
  }

  close(): Promise<void> {
    return this.#gate.exclusive(async () => {
      this.#isClosed = true
      await this.#closeFiles()
    })
  }

  async #closeFiles(): Promise<void> {
    await this.#files.close()
    await this.#side.close()
  }

  #refuseClosed(): void {
    if (!this.#isClosed) return
    const path = this.#directory
    throw new StorageError('GONE', `the storage of ${this.#content.name} is closed`, { path, retry: false })
  }
}

function joined(own: FileStamp | undefined, side: FileStamp): FileStamp {
  if (own === undefined) return side
  return { lengthBytes: own.lengthBytes + side.lengthBytes, modifiedUs: Math.max(own.modifiedUs, side.modifiedUs) }
}
