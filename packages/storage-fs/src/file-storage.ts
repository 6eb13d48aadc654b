import {
  Bits,
  type Content,
  type FileEntry,
  fileSpans,
  type ReadPurpose,
  type ReadonlyBits,
  type Storage,
  StorageError,
  type StorageHandle,
} from '@bitloom/core'
import type { Stats } from 'node:fs'
import { cp, lstat, mkdir, rename, rm, rmdir, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { codeOf, storageError } from './file-errors.js'
import { HandlePool } from './handle-pool.js'
import { SideFile, writeFully } from './side-file.js'

export interface FileStorageOptions {
  /** Open files at the most. */
  readonly maxOpenFiles: number
  /** Bytes written at once. */
  readonly extentBytes: number
}

/** Torrents as files and folders. One pool of open files serves all torrents of the storage. */
export function fileStorage(options: FileStorageOptions): Storage {
  const pool = new HandlePool(options.maxOpenFiles)
  return {
    name: 'fs',
    open: async (content, { directory, wantedFiles }) => {
      const files = new ContentFiles(content, resolve(directory), wantedFiles, pool, options.extentBytes)
      await files.check()
      return files
    },
  }
}

/**
 * The files of one torrent. They are created by the first write that reaches them, never longer than what was written,
 * and never cut. Bytes of unwanted files go to the side file, unless the file is there already.
 */
class ContentFiles implements StorageHandle {
  readonly extentBytes: number
  readonly #content: Content
  readonly #pool: HandlePool
  #directory: string
  #wanted: ReadonlyBits
  #side: SideFile
  readonly #written = new Set<number>()
  /** Unwanted files that exist all the same: written and read in place. */
  readonly #inPlace = new Set<number>()
  #moving: Promise<void> = Promise.resolve()
  #emptyMade = false

  constructor(content: Content, directory: string, wanted: ReadonlyBits, pool: HandlePool, extentBytes: number) {
    this.#content = content
    this.#directory = directory
    this.#wanted = wanted
    this.#pool = pool
    this.extentBytes = extentBytes
    this.#side = this.#sideFile()
  }

  #sideFile(): SideFile {
    const { name, infoHashes } = this.#content
    const hash = infoHashes.v1 ?? infoHashes.v2 ?? new Uint8Array(4)
    const mark = Array.from(hash.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join('')
    return new SideFile(
      this.#directory,
      join(this.#directory, `.${name.slice(0, 100)}.${mark}.bitloom-parts`),
      this.#pool,
    )
  }

  #pathOf(file: FileEntry): string {
    return join(this.#directory, file.path)
  }

  /** The download folder must be a folder, or not be there yet. */
  async check(): Promise<void> {
    const stats = await statOf(this.#directory)
    if (stats !== undefined && !stats.isDirectory() && !stats.isSymbolicLink()) {
      throw storageError(Object.assign(new Error('not a folder'), { code: 'ENOTDIR' }), this.#directory)
    }
    await this.#side.load()
    await this.#lookForUnwanted()
  }

  async #lookForUnwanted(): Promise<void> {
    for (const [index, file] of this.#content.files.entries()) {
      if (this.#wanted.has(index) || file.padding) continue
      if ((await statOf(this.#pathOf(file))) !== undefined) this.#inPlace.add(index)
    }
  }

  #goesAside(index: number): boolean {
    return !this.#wanted.has(index) && !this.#inPlace.has(index)
  }

  async write(piece: number, begin: number, bytes: Uint8Array): Promise<void> {
    await this.#moving
    let at = 0
    for (const span of fileSpans(this.#content, piece, begin, bytes.length)) {
      const part = bytes.subarray(at, at + span.lengthBytes)
      at += span.lengthBytes
      const file = this.#content.files[span.file]
      if (file === undefined || file.padding) continue
      if (this.#goesAside(span.file)) await this.#side.write(span.file, span.offsetBytes, part)
      else await this.#writeFile(span.file, file, span.offsetBytes, part)
    }
  }

  async #writeFile(index: number, file: FileEntry, offset: number, bytes: Uint8Array): Promise<void> {
    const isNew = !this.#written.has(index)
    this.#written.add(index)
    await this.#pool.with(this.#directory, this.#pathOf(file), 'write', async (handle) => {
      await writeFully(handle, bytes, offset)
      if (isNew && file.executable) await handle.chmod(((await handle.stat()).mode & 0o777) | 0o111)
    })
  }

  /** While checking, what is not there reads as zeros; data that was verified and is gone is an error. */
  async read(piece: number, begin: number, into: readonly Uint8Array[], purpose: ReadPurpose): Promise<void> {
    await this.#moving
    const holes = purpose === 'verify'
    let position = begin
    const [first] = into
    const total = into.reduce((sum, buffer) => sum + buffer.length, 0)
    const spans = fileSpans(this.#content, piece, begin, total)
    const [only] = spans
    if (first !== undefined && spans.length === 1 && only !== undefined && only.lengthBytes === total) {
      await this.#readSpan(only.file, only.offsetBytes, into, holes)
      return
    }
    for (const buffer of into) {
      buffer.fill(0)
      await this.#readOne(piece, position, buffer, holes)
      position += buffer.length
    }
  }

  async #readOne(piece: number, begin: number, into: Uint8Array, holes: boolean): Promise<void> {
    let at = 0
    for (const span of fileSpans(this.#content, piece, begin, into.length)) {
      await this.#readSpan(span.file, span.offsetBytes, [into.subarray(at, at + span.lengthBytes)], holes)
      at += span.lengthBytes
    }
  }

  /** Padding reads as zeros; with `holes` so do files that do not exist or are too short. */
  async #readSpan(index: number, offset: number, into: readonly Uint8Array[], holes: boolean): Promise<void> {
    const file = this.#content.files[index]
    const zero = (from: number): void => zeroFrom(into, from)
    if (file === undefined || file.padding) {
      zero(0)
      return
    }
    if (this.#goesAside(index) && (await this.#readAside(index, offset, into))) return
    try {
      const read = await this.#pool.with(this.#directory, this.#pathOf(file), 'read', (handle) =>
        handle.readv([...into], offset),
      )
      const wanted = into.reduce((sum, buffer) => sum + buffer.length, 0)
      if (!holes && read.bytesRead < wanted) throw truncated(this.#pathOf(file))
      zero(read.bytesRead)
    } catch (error) {
      const missing = error instanceof StorageError && error.code === 'GONE' && codeOf(error.cause) === 'ENOENT'
      if (!holes || !missing) throw error
      zero(0)
    }
  }

  async #readAside(index: number, offset: number, into: readonly Uint8Array[]): Promise<boolean> {
    let at = offset
    for (const buffer of into) {
      if (!(await this.#side.read(index, at, buffer))) return false
      at += buffer.length
    }
    return true
  }

  /** A piece may hold data when every file it touches is long enough, or the side file has its part. */
  async present(): Promise<ReadonlyBits> {
    const { files, layout } = this.#content
    const present = Bits.full(layout.pieceCount)
    const { pieceLengthBytes } = layout
    for (const [index, file] of files.entries()) {
      if (file.padding || file.lengthBytes === 0) continue
      const size = (await statOf(this.#pathOf(file)))?.size ?? 0
      if (size >= file.lengthBytes) continue
      const firstMissing = Math.floor((file.offsetBytes + size) / pieceLengthBytes)
      const last = Math.floor((file.offsetBytes + file.lengthBytes - 1) / pieceLengthBytes)
      for (let piece = firstMissing; piece <= last; piece++) {
        if (!this.#isAside(index, file, piece)) present.delete(piece)
      }
    }
    return present
  }

  #isAside(index: number, file: FileEntry, piece: number): boolean {
    const { pieceLengthBytes } = this.#content.layout
    const from = Math.max(0, piece * pieceLengthBytes - file.offsetBytes)
    const to = Math.min(file.lengthBytes, (piece + 1) * pieceLengthBytes - file.offsetBytes)
    return this.#goesAside(index) && this.#side.holds(index, from, to - from)
  }

  /** Files written since the last time are flushed; empty files that are wanted are made here. */
  async sync(): Promise<void> {
    await this.#moving
    await this.#makeEmptyFiles()
    const written = [...this.#written]
    this.#written.clear()
    for (const index of written) {
      const file = this.#content.files[index]
      if (file === undefined) continue
      try {
        await this.#pool.with(this.#directory, this.#pathOf(file), 'write', (handle) => handle.datasync())
      } catch (error) {
        for (const each of written) this.#written.add(each)
        throw error
      }
    }
    await this.#side.sync()
  }

  async #makeEmptyFiles(): Promise<void> {
    if (this.#emptyMade) return
    for (const [index, file] of this.#content.files.entries()) {
      if (file.lengthBytes > 0 || file.padding || file.symlink !== undefined || !this.#wanted.has(index)) continue
      await this.#pool.with(this.#directory, this.#pathOf(file), 'write', async () => {})
    }
    this.#emptyMade = true
  }

  async close(): Promise<void> {
    await this.#moving
    for (const file of this.#content.files) if (!file.padding) await this.#pool.closeAll(this.#pathOf(file))
    await this.#pool.closeAll(this.#side.path)
  }

  /** What was kept aside of files that are wanted now moves into them; other calls wait for it. */
  want(files: ReadonlyBits): void {
    const before = this.#wanted
    this.#emptyMade = false
    this.#moving = this.#moving.then(async () => {
      const added: number[] = []
      for (let index = files.nextSet(0); index >= 0; index = files.nextSet(index + 1)) {
        if (!before.has(index)) added.push(index)
      }
      for (let index = before.nextSet(0); index >= 0; index = before.nextSet(index + 1)) {
        const file = this.#content.files[index]
        const stays = file !== undefined && !files.has(index) && (await statOf(this.#pathOf(file))) !== undefined
        if (stays) this.#inPlace.add(index)
      }
      this.#wanted = files
      for (const index of added) await this.#bringBack(index)
    })
    // A failure is told by the next call that waits for it.
    this.#moving.catch(() => {})
  }

  async #bringBack(index: number): Promise<void> {
    const file = this.#content.files[index]
    if (file === undefined) return
    await this.#side.release(index, (offset, bytes) => this.#writeFile(index, file, offset, bytes))
  }

  async move(directory: string): Promise<void> {
    await this.sync()
    await this.close()
    const [from, to] = [this.#directory, resolve(directory)]
    await mkdir(to, { recursive: true }).catch((error: unknown) => {
      throw storageError(error, to)
    })
    const oldSide = this.#side.path
    this.#directory = to
    this.#side = this.#sideFile()
    for (const name of [
      this.#content.name,
      oldSide.slice(from.length + 1),
      `${oldSide.slice(from.length + 1)}.index`,
    ]) {
      await moveEntry(join(from, name), join(to, name))
    }
    await this.#side.load()
  }

  /** Deletes the torrent's own files, then folders that are empty. */
  async remove(): Promise<void> {
    await this.close()
    const folders = new Set<string>()
    for (const file of this.#content.files) {
      if (file.padding) continue
      const path = this.#pathOf(file)
      await rm(path, { force: true }).catch((error: unknown) => {
        throw storageError(error, path)
      })
      for (let folder = dirname(path); folder.length > this.#directory.length; folder = dirname(folder))
        folders.add(folder)
    }
    await this.#side.remove()
    for (const folder of [...folders].sort((a, b) => b.length - a.length)) await rmdir(folder).catch(() => {})
  }

  async freeBytes(): Promise<number | undefined> {
    for (let folder = this.#directory; ; folder = dirname(folder)) {
      try {
        const { bavail, bsize } = await statfs(folder)
        return bavail * bsize
      } catch (error) {
        if (codeOf(error) !== 'ENOENT' || folder === dirname(folder)) return undefined
      }
    }
  }
}

function truncated(path: string): StorageError {
  return new StorageError('GONE', `${path}: it is shorter than it was`, { path, retry: false })
}

function zeroFrom(buffers: readonly Uint8Array[], from: number): void {
  let at = 0
  for (const buffer of buffers) {
    if (from < at + buffer.length) buffer.fill(0, Math.max(0, from - at))
    at += buffer.length
  }
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw storageError(error, path)
  }
}

/** Renames; across devices it copies and then deletes. */
async function moveEntry(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    if (codeOf(error) !== 'EXDEV') throw storageError(error, to)
    await cp(from, to, { recursive: true, preserveTimestamps: true })
    await rm(from, { recursive: true, force: true })
  }
}
