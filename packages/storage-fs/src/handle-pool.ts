import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, realpath } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { StorageError } from '@bitloom/core'
import { codeOf, storageError } from './file-errors.js'

export type Access = 'read' | 'write'

interface Entry {
  readonly path: string
  readonly access: Access
  readonly handle: Promise<FileHandle>
  users: number
}

/**
 * At most so many open files, the least recently used closed first. Invariant: an entry with users is never closed; a
 * path has one entry, which is writable once somebody wrote. The map's order is the order of use.
 */
export class HandlePool {
  readonly #limit: number
  readonly #entries = new Map<string, Entry>()
  readonly #closing = new Set<Promise<unknown>>()
  #waiting: (() => void)[] = []

  constructor(limit: number) {
    this.#limit = Math.max(1, limit)
  }

  /** Lends the open file of `path` below `root` to `use`. A write creates the file and its folders. */
  async with<T>(root: string, path: string, access: Access, use: (handle: FileHandle) => Promise<T>): Promise<T> {
    const entry = await this.#borrow(root, path, access)
    try {
      return await use(await entry.handle)
    } catch (error) {
      throw storageError(error, path)
    } finally {
      entry.users--
      this.#waiting.shift()?.()
    }
  }

  async #borrow(root: string, path: string, access: Access): Promise<Entry> {
    for (;;) {
      const found = this.#entries.get(path)
      if (found !== undefined && (found.access === 'write' || access === 'read')) {
        found.users++
        this.#entries.delete(path)
        this.#entries.set(path, found)
        return found
      }
      const mustGo = found ?? (this.#entries.size >= this.#limit ? this.#idle() : undefined)
      if (mustGo !== undefined && mustGo.users === 0) this.#evict(mustGo)
      else if (found !== undefined || this.#entries.size >= this.#limit) await this.#someoneDone()
      else return this.#open(root, path, access)
    }
  }

  #open(root: string, path: string, access: Access): Entry {
    const entry: Entry = { path, access, handle: openBelow(root, path, access), users: 1 }
    this.#entries.set(path, entry)
    entry.handle.catch(() => {
      if (this.#entries.get(path) === entry) this.#entries.delete(path)
    })
    return entry
  }

  #idle(): Entry | undefined {
    for (const entry of this.#entries.values()) if (entry.users === 0) return entry
    return undefined
  }

  #someoneDone(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #evict(entry: Entry): void {
    this.#entries.delete(entry.path)
    const closed = entry.handle.then((handle) => handle.close()).catch(() => {})
    this.#closing.add(closed)
    void closed.finally(() => this.#closing.delete(closed))
  }

  /** Closes the files below a folder, or one file; nobody may be using them. */
  async closeAll(path: string): Promise<void> {
    for (const entry of this.#entries.values()) {
      if (entry.path === path || entry.path.startsWith(path + sep)) this.#evict(entry)
    }
    await Promise.all(this.#closing)
  }
}

/** Opens a file that must really lie below the root: no symbolic link on the way, and none at its end (O_NOFOLLOW). */
async function openBelow(root: string, path: string, access: Access): Promise<FileHandle> {
  const flags = access === 'write' ? constants.O_RDWR | constants.O_CREAT : constants.O_RDONLY
  if (access === 'write') await makeFolders(root, dirname(path))
  else await refuseLinks(root, dirname(path))
  return open(path, flags | constants.O_NOFOLLOW, 0o666)
}

async function makeFolders(root: string, folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (error) {
    throw storageError(
      codeOf(error) === 'EEXIST' ? Object.assign(new Error('not a folder'), { code: 'ENOTDIR' }) : error,
      folder,
    )
  }
  await refuseLinks(root, folder)
}

async function refuseLinks(root: string, folder: string): Promise<void> {
  const inside = relative(root, folder)
  if (inside === '') return
  const realRoot = await realpath(root)
  if ((await realpath(folder)) === join(realRoot, inside)) return
  let at = root
  for (const part of inside.split(sep)) {
    at = join(at, part)
    if ((await lstat(at)).isSymbolicLink()) break
  }
  throw new StorageError('DENIED', `${at}: a symbolic link is in its place`, { path: at, retry: false })
}
