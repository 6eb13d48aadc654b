import type { SeededRandom } from '@bitloom/core'
import type { FileFacts, FileSystem, OpenFile } from '@bitloom/core/node'
import { dirname, basename } from 'node:path'

interface File {
  readonly id: number
  bytes: Uint8Array
  mtimeMs: number
  links: number
}

type Folder = Map<string, File | 'folder'>

/** What happened to the disk, in order. `covers`: how many entries there were when the flush began. */
type Entry =
  | {
      readonly kind: 'write'
      readonly file: File
      readonly at: number
      readonly bytes: Uint8Array
      readonly mtimeMs: number
    }
  | { readonly kind: 'flush'; readonly file: File; readonly covers: number }
  | {
      readonly kind: 'set'
      readonly folder: string
      readonly name: string
      readonly to: File | 'folder' | undefined
      readonly from?: string
    }
  | { readonly kind: 'flush-folder'; readonly folder: string; readonly covers: number }

/** The clock of the disk; flushes take `flushMs` of it, so that other work comes in between. */
export interface DiskTime {
  nowMs(): number
  wait(ms: number): Promise<void>
}

const flushMs = 40
const sector = 512

/**
 * A disk in memory that remembers what was flushed. `cut` gives the disk as a power cut may leave it: what was flushed is
 * there; of all other writes, sizes, times, new names, renames and deletions any subset is, writes in parts of a sector too.
 */
export class PowerDisk implements FileSystem {
  readonly #folders = new Map<string, Folder>()
  readonly #journal: Entry[] = []
  readonly #time: DiskTime
  #files = 0

  constructor(time: DiskTime) {
    this.#time = time
    this.#folders.set('/', new Map())
  }

  /** How much has happened: a cut can be at any number up to it. */
  get events(): number {
    return this.#journal.length
  }

  // What a cut leaves.

  /** The disk after a cut when so many things had happened. */
  cut(at: number, random: SeededRandom, time: DiskTime): PowerDisk {
    const left = new PowerDisk(time)
    const [flushed, folders] = [new Map<File, number>(), new Map<string, number>()]
    for (const entry of this.#journal.slice(0, at)) {
      if (entry.kind === 'flush') flushed.set(entry.file, entry.covers)
      if (entry.kind === 'flush-folder') folders.set(entry.folder, entry.covers)
    }
    // How much of what was not flushed is there: now nearly all, now nearly nothing.
    const luck = random.below(101)
    const isKept = (index: number, covered = 0): boolean => index < covered || random.below(100) < luck
    const copies = new Map<File, File>()
    const copyOf = (file: File): File => {
      const copy = copies.get(file) ?? { id: file.id, bytes: new Uint8Array(0), mtimeMs: 0, links: 1 }
      copies.set(file, copy)
      return copy
    }
    for (const [index, entry] of this.#journal.slice(0, at).entries()) {
      if (entry.kind === 'write') {
        const copy = copyOf(entry.file)
        if (index < (flushed.get(entry.file) ?? 0)) put(copy, entry.at, entry.bytes)
        else if (isKept(index)) putTorn(copy, entry.at, entry.bytes, random)
        if (copy.mtimeMs === 0 || isKept(index)) copy.mtimeMs = entry.mtimeMs
      } else if (entry.kind === 'set' && isKept(index, folders.get(entry.folder))) {
        left.#apply(entry, entry.to === undefined || entry.to === 'folder' ? entry.to : copyOf(entry.to))
      }
    }
    return left
  }

  #apply(
    { folder, name, from }: { folder: string; name: string; from?: string },
    to: File | 'folder' | undefined,
  ): void {
    const names = this.#folders.get(folder)
    // A folder that did not become durable takes with it what is in it.
    if (names === undefined) return
    if (from !== undefined) names.delete(from)
    if (to === undefined) names.delete(name)
    else names.set(name, to)
    if (to === 'folder') this.#folders.set(pathOf(folder, name), this.#folders.get(pathOf(folder, name)) ?? new Map())
  }

  // What the system does.

  #find(path: string): File | 'folder' | undefined {
    return path === '/' ? 'folder' : this.#folders.get(dirname(path))?.get(basename(path))
  }

  #set(path: string, to: File | 'folder' | undefined, from?: string): void {
    const entry = { kind: 'set' as const, folder: dirname(path), name: basename(path), to, ...(from && { from }) }
    this.#journal.push(entry)
    this.#apply(entry, to)
  }

  async open(path: string, flags: string | number): Promise<OpenFile> {
    const found = this.#find(path)
    if (found === 'folder') return this.#openFolder(path)
    const isNumber = typeof flags === 'number'
    if (found !== undefined && isNumber && (flags & 0o200) !== 0) throw failure('EEXIST', path)
    const creates = flags === 'w' || (isNumber && (flags & 0o100) !== 0)
    if (found === undefined && (!creates || this.#find(dirname(path)) !== 'folder')) throw failure('ENOENT', path)
    const file = found ?? { id: ++this.#files, bytes: new Uint8Array(0), mtimeMs: this.#time.nowMs(), links: 1 }
    if (found === undefined) this.#set(path, file)
    if (flags === 'w') file.bytes = new Uint8Array(0)
    return this.#openFile(file)
  }

  #openFile(file: File): OpenFile {
    const flush = async (): Promise<void> => {
      const covers = this.#journal.length
      await this.#time.wait(flushMs)
      this.#journal.push({ kind: 'flush', file, covers })
    }
    return {
      write: async (bytes, offset, length, position) => {
        const part = bytes.slice(offset, offset + length)
        const mtimeMs = this.#time.nowMs()
        put(file, position, part)
        file.mtimeMs = mtimeMs
        this.#journal.push({ kind: 'write', file, at: position, bytes: part, mtimeMs })
        return { bytesWritten: length }
      },
      readv: async (into, position) => {
        let at = position
        for (const buffer of into) {
          const part = file.bytes.subarray(at, at + buffer.length)
          buffer.set(part)
          at += part.length
        }
        return { bytesRead: at - position }
      },
      datasync: flush,
      sync: flush,
      stat: async () => factsOf(file),
      close: async () => {},
    }
  }

  #openFolder(folder: string): OpenFile {
    const flush = async (): Promise<void> => {
      const covers = this.#journal.length
      await this.#time.wait(flushMs)
      this.#journal.push({ kind: 'flush-folder', folder, covers })
    }
    const refuse = (): Promise<never> => Promise.reject(failure('EISDIR', folder))
    return {
      write: refuse,
      readv: refuse,
      datasync: flush,
      sync: flush,
      stat: () => this.stat(folder),
      close: async () => {},
    }
  }

  async stat(path: string): Promise<FileFacts> {
    const found = this.#find(path)
    if (found === undefined) throw failure('ENOENT', path)
    return factsOf(found)
  }

  lstat(path: string): Promise<FileFacts> {
    return this.stat(path)
  }

  async statfs(path: string) {
    await this.stat(path)
    return { bavail: 1_000_000, bsize: 4_096 }
  }

  async readdir(path: string): Promise<string[]> {
    const names = this.#folders.get(path)
    if (names === undefined) throw failure('ENOENT', path)
    return [...names.keys()]
  }

  async mkdir(path: string, options?: { readonly recursive?: boolean }): Promise<string | undefined> {
    if (this.#find(path) !== undefined) {
      if (options?.recursive === true) return undefined
      throw failure('EEXIST', path)
    }
    const above = options?.recursive === true ? await this.mkdir(dirname(path), options) : undefined
    if (this.#find(dirname(path)) !== 'folder') throw failure('ENOENT', path)
    this.#set(path, 'folder')
    return above ?? path
  }

  async rename(from: string, to: string): Promise<void> {
    const found = this.#find(from)
    if (found === undefined) throw failure('ENOENT', from)
    // One folder is all that is asked for; two could be torn apart.
    if (dirname(from) !== dirname(to)) throw failure('EXDEV', from)
    this.#set(to, found, basename(from))
  }

  async copyFile(from: string, to: string): Promise<void> {
    if (this.#find(to) !== undefined) throw failure('EEXIST', to)
    const target = await this.open(to, 'w')
    const bytes = this.contents(from).slice()
    await target.write(bytes, 0, bytes.length, 0)
  }

  async unlink(path: string): Promise<void> {
    if (this.#find(path) === undefined) throw failure('ENOENT', path)
    this.#set(path, undefined)
  }

  async rmdir(path: string): Promise<void> {
    throw failure('ENOTEMPTY', path)
  }

  /** For tests: what is in a file, or nothing. */
  contents(path: string): Uint8Array {
    const found = this.#find(path)
    return found === undefined || found === 'folder' ? new Uint8Array(0) : found.bytes
  }
}

function put(file: File, at: number, bytes: Uint8Array): void {
  if (at + bytes.length > file.bytes.length) {
    const longer = new Uint8Array(at + bytes.length)
    longer.set(file.bytes)
    file.bytes = longer
  }
  file.bytes.set(bytes, at)
}

/** A write that was under way: all of it, or some of its sectors, or only the length that it gave the file. */
function putTorn(file: File, at: number, bytes: Uint8Array, random: SeededRandom): void {
  if (random.below(2) === 0) {
    put(file, at, bytes)
    return
  }
  put(file, at + bytes.length, new Uint8Array(0))
  for (let from = 0; from < bytes.length; from += sector) {
    if (random.below(2) === 0) put(file, at + from, bytes.subarray(from, from + sector))
  }
}

function factsOf(found: File | 'folder'): FileFacts {
  const isFile = found !== 'folder'
  return {
    size: isFile ? found.bytes.length : 0,
    mtimeMs: isFile ? found.mtimeMs : 0,
    nlink: 1,
    isFile: () => isFile,
    isDirectory: () => !isFile,
    isSymbolicLink: () => false,
  }
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code, path })
}

function pathOf(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`
}
