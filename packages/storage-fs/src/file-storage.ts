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
import type { ContentFiles } from './content-files.js'
import { codeOf, storageError } from './file-errors.js'
import { FolderLooks } from './folder-looks.js'
import { Gate } from './gate.js'
import { HandlePool } from './handle-pool.js'
import type { FileStorageOptions } from './options.js'
import { sliceBuffers, totalLength } from './positional.js'
import { presentPieces } from './present-pieces.js'
import type { SideFile } from './side-file.js'
import type { SideSlot } from './side-layout.js'
import { TorrentPlace } from './torrent-place.js'

/** Torrents as files and folders on a disk. One pool of open files serves all torrents of the storage. */
export function fileStorage(options: FileStorageOptions, disk: FileSystem = systemFiles): Storage {
  const pool = new HandlePool(options.maxOpenFiles)
  const looks = new FolderLooks<boolean>()
  return {
    name: 'fs',
    open: async (content, { directory, wantedFiles, incompleteSuffix: suffix, movedFrom }, signal) => {
      const own = pool.share(options.maxOpenFilesPerTorrent ?? Infinity)
      const place = new TorrentPlace(content, resolve(directory), { pool: own, disk, suffix })
      if (movedFrom !== undefined) await place.gather({ ...movedFrom, directory: resolve(movedFrom.directory) })
      await looks.during(() => place.prepare(looks))
      const handle = new FileStorageHandle(place, wantedFiles, disk, options.extentBytes)
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
  readonly #disk: FileSystem
  readonly #gate = new Gate()
  #place: TorrentPlace
  #wanted: ReadonlyBits
  #isClosed = false
  /** Files without bytes are made with the first sync after a write or a selection: a seeder changes nothing. */
  #mayLackEmptyFiles = false

  constructor(place: TorrentPlace, wanted: ReadonlyBits, disk: FileSystem, extentBytes: number) {
    this.extentBytes = extentBytes
    this.#place = place
    this.#wanted = wanted
    this.#disk = disk
  }

  get #content(): Content {
    return this.#place.content
  }

  get #files(): ContentFiles {
    return this.#place.files
  }

  get #side(): SideFile {
    return this.#place.side
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

  move(directory: string): Promise<void> {
    return this.#relocate((place) => place.in(resolve(directory)))
  }

  rename(paths: readonly string[]): Promise<void> {
    return this.#relocate((place) => place.named(paths))
  }

  /** The files are where they were when it rejects. */
  async #relocate(target: (place: TorrentPlace) => TorrentPlace): Promise<void> {
    await this.sync()
    await this.#gate.exclusive(async () => {
      this.#refuseClosed()
      const [from, to] = [this.#place, target(this.#place)]
      if (to === from) return
      await from.close()
      await from.moveTo(to)
      this.#place = to
      await to.prepare()
      await to.files.sizes()
    })
  }

  async complete(files: ReadonlyBits): Promise<void> {
    if (!this.#files.hasCarrier(files)) return
    await this.#gate.exclusive(async () => {
      if (!this.#isClosed) await this.#files.complete(files)
    })
  }

  /** Works after `close` too. */
  remove(): Promise<void> {
    return this.#gate.exclusive(async () => {
      await this.#place.close()
      await this.#place.remove()
    })
  }

  async freeBytes(): Promise<number | undefined> {
    for (let folder = this.#place.directory; ; folder = dirname(folder)) {
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
      await this.#place.close()
    })
  }

  #refuseClosed(): void {
    if (!this.#isClosed) return
    const path = this.#place.directory
    throw new StorageError('GONE', `the storage of ${this.#content.name} is closed`, { path, retry: false })
  }
}

function joined(own: FileStamp | undefined, side: FileStamp): FileStamp {
  if (own === undefined) return side
  return { lengthBytes: own.lengthBytes + side.lengthBytes, modifiedUs: Math.max(own.modifiedUs, side.modifiedUs) }
}
