import { constants } from 'node:fs'
import { dirname, join } from 'node:path'
import { StorageError } from '@bitloom/core'
import type { FileSystem, OpenFile } from '@bitloom/core/node'
import { codeOf, storageError } from './file-errors.js'

/**
 * Files below a root folder, opened so that no symbolic link is followed between the root and the file (the root itself
 * may be one: it is the user's choice). Every part is looked at before each open, and the last one opened with
 * O_NOFOLLOW. Somebody who can write to these folders in the very moment between look and open is not kept out: Node has
 * no `openat`.
 */
export interface Place {
  readonly disk: FileSystem
  readonly root: string
  /** Below the root, "/" between the parts. */
  readonly relativePath: string
}

/** Absent on Windows, where 0 stands for them. Without O_NONBLOCK, opening a named pipe would wait for its other end. */
const guarded = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

export function absolute(place: Place): string {
  return join(place.root, place.relativePath)
}

/** Opens a regular file that is there. @throws StorageError GONE (missing, no file), DENIED (a link in the path), … */
export async function openExisting(place: Place, access: 'read' | 'write'): Promise<OpenFile> {
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
): Promise<OpenFile> {
  const mode = options.isExecutable ? 0o777 : 0o666
  const create = (): Promise<OpenFile> => openRegular(place, constants.O_RDWR | constants.O_CREAT, mode)
  try {
    await checkFolders(place)
    return await create()
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  await options.makeRoot()
  await makeFolders(place, options.created)
  return create()
}

/** True for the GONE of something that is simply not there. */
export function isMissing(error: unknown): error is StorageError {
  return error instanceof StorageError && error.code === 'GONE' && codeOf(error.cause) === 'ENOENT'
}

async function openRegular(place: Place, flags: number, mode: number): Promise<OpenFile> {
  const path = absolute(place)
  let handle: OpenFile | undefined
  try {
    handle = await place.disk.open(path, flags | guarded, mode)
    if ((await handle.stat()).isFile()) return handle
  } catch (error) {
    await handle?.close()
    throw storageError(error, path)
  }
  await handle.close()
  throw new StorageError('GONE', `${path}: something that is no file is in its place`, { path, retry: false })
}

function foldersOf(place: Place): string[] {
  const parts = place.relativePath.split('/').slice(0, -1)
  return parts.map((_part, index) => join(place.root, ...parts.slice(0, index + 1)))
}

/** @throws StorageError unless each folder between root and file is a folder and no link */
export async function checkFolders(place: Place): Promise<void> {
  for (const folder of foldersOf(place)) await checkFolder(place.disk, folder)
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
  for (const folder of foldersOf(place)) {
    try {
      await place.disk.mkdir(folder)
      created(dirname(folder))
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw storageError(error, folder)
    }
    await checkFolder(place.disk, folder)
  }
}
