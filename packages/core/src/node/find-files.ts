import { constants, type Stats } from 'node:fs'
import { lstat, open, readdir, readlink, stat } from 'node:fs/promises'
import { join, posix, sep } from 'node:path'
import { StorageError } from '../bytes/errors.js'
import { utf8Strict } from '../bytes/text.js'
import type { SourceFile } from '../metainfo/create-sources.js'

/** The files at a path, and what there is besides. */
export interface FoundFiles {
  readonly files: readonly SourceFile[]
  readonly skipped: readonly { readonly path: string; readonly reason: string }[]
}

/** Which of BEP 47's attributes are looked at. */
export interface FindOptions {
  readonly attributes?: boolean
  readonly symlinks?: boolean
}

interface Search {
  readonly root: string
  readonly options: FindOptions
  readonly files: SourceFile[]
  readonly skipped: { path: string; reason: string }[]
}

/** Twice this is held while a file is read: one chunk is hashed while the next one comes. */
const chunkBytes = 1024 * 1024

/**
 * The file at a path, or all regular files below a folder. Links below it are not followed.
 * @throws StorageError for what cannot be listed, and for a name that is not UTF-8
 */
export async function findFiles(root: string, options: FindOptions): Promise<FoundFiles> {
  const found = await failing(root, () => stat(root))
  const search: Search = { root, options, files: [], skipped: [] }
  if (found.isFile()) search.files.push(sourceOf(search, [], found))
  else if (found.isDirectory()) await searchFolders(search)
  else throw new StorageError('IO', `${root} is neither a file nor a folder`, { path: root, retry: false })
  return search
}

async function searchFolders(search: Search): Promise<void> {
  const folders: string[][] = [[]]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const path = join(search.root, ...folder)
    const names = await failing(path, () => readdir(path, { encoding: 'buffer' }))
    for (const bytes of names) {
      const name = utf8Strict(bytes)
      if (name === undefined) {
        throw new StorageError('IO', `a name in ${path} is not UTF-8: ${bytes.toString()}`, { path, retry: false })
      }
      const parts = [...folder, name]
      const found = await failing(join(path, name), () => lstat(join(path, name)))
      if (found.isDirectory()) folders.push(parts)
      else await take(search, parts, found)
    }
  }
}

async function take(search: Search, parts: readonly string[], found: Stats): Promise<void> {
  const path = parts.join('/')
  if (found.isFile()) search.files.push(sourceOf(search, parts, found))
  else if (!found.isSymbolicLink()) search.skipped.push({ path, reason: 'neither a file nor a folder' })
  else if (search.options.symlinks !== true) search.skipped.push({ path, reason: 'a symbolic link' })
  else {
    const symlink = await linkTarget(search.root, parts)
    if (symlink === undefined) search.skipped.push({ path, reason: 'a symbolic link out of the folder' })
    else search.files.push({ path: parts, lengthBytes: 0, symlink, read: nothing })
  }
}

/** The target of a link below the root, or undefined if it leads elsewhere. */
async function linkTarget(root: string, parts: readonly string[]): Promise<readonly string[] | undefined> {
  const path = join(root, ...parts)
  const target = await failing(path, () => readlink(path))
  const below = posix.normalize(posix.join(...parts.slice(0, -1), target.replaceAll(sep, '/')))
  const outside = target.startsWith('/') || below === '.' || below === '..' || below.startsWith('../')
  return outside ? undefined : below.split('/').filter((part) => part !== '')
}

function sourceOf(search: Search, parts: readonly string[], found: Stats): SourceFile {
  const executable = search.options.attributes === true && (found.mode & 0o111) !== 0
  // Only the path that the caller named may be a link.
  const flags = constants.O_RDONLY | (parts.length === 0 ? 0 : (constants.O_NOFOLLOW ?? 0))
  const path = join(search.root, ...parts)
  return { path: parts, lengthBytes: found.size, executable, read: () => readChunks(path, flags) }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function* readChunks(path: string, flags: number): AsyncGenerator<Uint8Array> {
  const file = await failing(path, () => open(path, flags))
  try {
    const buffers = [new Uint8Array(chunkBytes), new Uint8Array(chunkBytes)] as const
    let turn = 0
    const next = () => failing(path, () => file.read(buffers[turn++ % 2 === 0 ? 0 : 1], 0, chunkBytes, null))
    let pending = next()
    for (;;) {
      const { bytesRead, buffer } = await pending
      if (bytesRead === 0) return
      pending = next()
      // A read that nobody waits for any more must not end the process.
      pending.catch(() => {})
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

async function failing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw storageError(path, error)
  }
}

function storageError(path: string, error: unknown): StorageError {
  const code = (error as NodeJS.ErrnoException).code
  const options = { path, retry: false, cause: error }
  if (code === 'ENOENT' || code === 'ENOTDIR') return new StorageError('GONE', `${path} does not exist`, options)
  if (code === 'EACCES' || code === 'EPERM') return new StorageError('DENIED', `${path} may not be read`, options)
  return new StorageError('IO', `${path} cannot be read`, options)
}
