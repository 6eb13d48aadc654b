import { constants } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { StorageError } from '@bitloom/core'
import type { FileFacts, FileSystem, OpenFile } from '@bitloom/core/node'
import { codeOf, storageError } from './file-errors.js'
import type { FolderLooks } from './folder-looks.js'

/**
 * Files below a root folder, opened so that no symbolic link is followed between the root and the file (the root itself
 * may be one: it is the user's choice). Every folder is looked at before each open, or once for files that are opened
 * within 100 ms (`FolderLooks`), and the file opened with O_NOFOLLOW. Somebody who can write to these folders in the moment
 * between look and open is not kept out: Node has no `openat`.
 */
export interface Place {
  readonly disk: FileSystem
  readonly root: string
  /** Below the root, "/" between the parts. */
  readonly relativePath: string
  /** Absent: each open looks for itself. */
  readonly looks?: FolderLooks
}

/** A regular file that was opened. `facts` are from before it was used; absent: it was made just now. */
export interface Opened {
  readonly handle: OpenFile
  readonly facts?: FileFacts
}

/** Absent on Windows, where 0 stands for them. Without O_NONBLOCK, opening a named pipe would wait for its other end. */
const guarded = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** `root` is one, and what is below it has no "..": where "/" separates they are put together as they are. */
export function absolute({ root, relativePath }: Place): string {
  return sep === '/' && !root.endsWith(sep) ? `${root}/${relativePath}` : join(root, relativePath)
}

/** Opens a regular file that is there. @throws StorageError GONE (missing, no file), DENIED (a link in the path), … */
export async function openExisting(place: Place, access: 'read' | 'write'): Promise<Opened> {
  await checkFolders(place)
  return openRegular(place, access === 'write' ? constants.O_RDWR : constants.O_RDONLY, 0)
}

/**
 * Opens a file for writing, made if it is not there. Where a folder is missing, `makeRoot` is called and then the folders
 * are made; `created` hears of each folder that got one.
 */
export async function openOrCreate(
  place: Place,
  options: {
    readonly isExecutable: boolean
    makeRoot(): Promise<void>
    created(folder: string): void
  },
): Promise<Opened> {
  const mode = options.isExecutable ? 0o777 : 0o666
  try {
    await checkFolders(place)
    return await create(place, mode)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  await options.makeRoot()
  await makeFolders(place, options.created)
  return create(place, mode)
}

/** Mostly there is none yet, and a new one need not be looked at. */
async function create(place: Place, mode: number): Promise<Opened> {
  const path = absolute(place)
  try {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | guarded
    return { handle: await place.disk.open(path, flags, mode) }
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw storageError(error, path)
  }
  return openRegular(place, constants.O_RDWR | constants.O_CREAT, mode)
}

/** True for the GONE of something that is simply not there. */
export function isMissing(error: unknown): error is StorageError {
  return error instanceof StorageError && error.code === 'GONE' && codeOf(error.cause) === 'ENOENT'
}

async function openRegular(place: Place, flags: number, mode: number): Promise<Opened> {
  const path = absolute(place)
  let handle: OpenFile | undefined
  try {
    handle = await place.disk.open(path, flags | guarded, mode)
    const facts = await handle.stat()
    if (facts.isFile()) return { handle, facts }
  } catch (error) {
    await handle?.close()
    throw storageError(error, path)
  }
  await handle.close()
  throw new StorageError('GONE', `${path}: something that is no file is in its place`, { path, retry: false })
}

/** Folders between root and file, below the root, the first one first. */
function foldersOf({ relativePath }: Place): string[] {
  const folders: string[] = []
  for (let end = relativePath.indexOf('/'); end !== -1; end = relativePath.indexOf('/', end + 1)) {
    folders.push(relativePath.slice(0, end))
  }
  return folders
}

/** @throws StorageError unless each folder between root and file is a folder and no link */
export async function checkFolders(place: Place): Promise<void> {
  const { disk, root, looks } = place
  for (const folder of foldersOf(place)) {
    const look = (): Promise<void> => checkFolder(disk, join(root, folder))
    await (looks === undefined ? look() : looks.once(folder, look))
  }
}

async function checkFolder(disk: FileSystem, folder: string): Promise<void> {
  const stats = await disk.lstat(folder).catch((error: unknown) => {
    throw storageError(error, folder)
  })
  const refuse = (code: 'DENIED' | 'GONE', reason: string): StorageError =>
    new StorageError(code, `${folder}: ${reason}`, { path: folder, retry: false })
  if (stats.isSymbolicLink()) throw refuse('DENIED', 'a symbolic link is in its place')
  if (!stats.isDirectory()) throw refuse('GONE', 'something that is no folder is in its place')
}

/** Makes the folders between root and file; `created` hears of each folder that got one. */
export async function makeFolders(place: Place, created: (folder: string) => void): Promise<void> {
  for (const below of foldersOf(place)) {
    const folder = join(place.root, below)
    try {
      await place.disk.mkdir(folder)
      created(dirname(folder))
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw storageError(error, folder)
    }
    await checkFolder(place.disk, folder)
  }
}
