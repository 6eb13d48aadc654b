import { constants } from 'node:fs'
import { dirname, join } from 'node:path'
import { StorageError } from '@bitloom/core'
import type { FileSystem } from '@bitloom/core/node'
import { syncFolder } from './disk.js'
import { codeOf, storageError } from './file-errors.js'
import { absolute, checkFolders, makeFolders, type Place } from './safe-open.js'

/** True for a regular file that is reached without a symbolic link below the root. */
export async function isOwnFile(place: Place): Promise<boolean> {
  try {
    await checkFolders(place)
    return (await place.disk.lstat(absolute(place))).isFile()
  } catch (error) {
    if (error instanceof StorageError && error.code === 'IO') throw error
    return false
  }
}

/**
 * Moves files from one root to another and removes the folders that are empty then. All or nothing: when one cannot be
 * moved, those before it go back. Nothing is overwritten.
 * @throws StorageError DENIED where something is in the place of a file, and what the system refuses
 */
export async function moveFiles(disk: FileSystem, paths: readonly string[], from: string, to: string): Promise<void> {
  const moves: { readonly source: Place; readonly target: Place }[] = []
  for (const relativePath of paths) {
    const source = { disk, root: from, relativePath }
    if (await isOwnFile(source)) moves.push({ source, target: { disk, root: to, relativePath } })
  }
  for (const { target } of moves) await refuseTaken(target)
  await disk.mkdir(to, { recursive: true }).catch((error: unknown) => {
    throw storageError(error, to)
  })
  const undo: (() => Promise<void>)[] = []
  const copied: string[] = []
  try {
    for (const { source, target } of moves) {
      await makeFolders(target, () => {})
      const [old, current] = [absolute(source), absolute(target)]
      if (await renamed(disk, old, current)) undo.push(() => disk.rename(current, old))
      else {
        undo.push(() => disk.unlink(current))
        await copyDurably(disk, old, current)
        copied.push(old)
      }
    }
  } catch (error) {
    for (const back of undo.reverse()) await back().catch(() => {})
    await removeEmptyFolders(disk, paths, to)
    throw error
  }
  // The new names are durable before an old one goes.
  await syncFoldersOf(
    disk,
    moves.map(({ target }) => target),
  )
  for (const path of copied) await removeFile(disk, path)
  await removeEmptyFolders(disk, paths, from)
  await syncFoldersOf(
    disk,
    moves.map(({ source }) => source),
  )
}

/** The folders from the file up to the root, and the one that has the root in it. */
async function syncFoldersOf(disk: FileSystem, places: readonly Place[]): Promise<void> {
  const folders = new Set<string>()
  for (const { root, relativePath } of places) {
    folders.add(dirname(root)).add(root)
    for (let path = dirname(relativePath); path !== '.'; path = dirname(path)) folders.add(join(root, path))
  }
  for (const folder of folders) await syncFolder(disk, folder)
}

async function refuseTaken(place: Place): Promise<void> {
  const path = absolute(place)
  try {
    await place.disk.lstat(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return
    throw storageError(error, path)
  }
  throw new StorageError('DENIED', `${path}: something is in its place`, { path, retry: false })
}

/** False where the other folder is on another device. */
async function renamed(disk: FileSystem, from: string, to: string): Promise<boolean> {
  try {
    await disk.rename(from, to)
    return true
  } catch (error) {
    if (codeOf(error) === 'EXDEV') return false
    throw storageError(error, to)
  }
}

async function copyDurably(disk: FileSystem, from: string, to: string): Promise<void> {
  try {
    await disk.copyFile(from, to, constants.COPYFILE_EXCL)
    const handle = await disk.open(to, 'r+')
    await handle.sync().finally(() => handle.close())
  } catch (error) {
    throw storageError(error, to)
  }
}

/** Deletes files, as far as they are regular files below the root, then the folders that are empty. */
export async function deleteFiles(disk: FileSystem, paths: readonly string[], root: string): Promise<void> {
  let failure: unknown
  for (const relativePath of paths) {
    const place = { disk, root, relativePath }
    try {
      if (await isOwnFile(place)) await removeFile(disk, absolute(place))
    } catch (error) {
      failure ??= error
    }
  }
  await removeEmptyFolders(disk, paths, root)
  if (failure !== undefined) throw failure
}

async function removeFile(disk: FileSystem, path: string): Promise<void> {
  await disk.unlink(path).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw storageError(error, path)
  })
}

/** The deepest first. What is not empty, or no folder, stays. */
async function removeEmptyFolders(disk: FileSystem, paths: readonly string[], root: string): Promise<void> {
  const folders = new Set<string>()
  for (const path of paths) {
    for (let folder = dirname(path); folder !== '.' && !folders.has(folder); folder = dirname(folder)) {
      folders.add(folder)
    }
  }
  for (const folder of [...folders].sort((left, right) => right.length - left.length)) {
    const place = { disk, root, relativePath: folder }
    try {
      await checkFolders(place)
      await disk.rmdir(absolute(place))
    } catch {
      // Somebody else's files are in it, or it is gone: either way it is not ours to remove.
    }
  }
}
