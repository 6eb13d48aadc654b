import { dirname } from 'node:path'
import { StorageError } from '@bitloom/core'
import type { FileSystem } from '@bitloom/core/node'
import { copyDurably, removeEmptyFolders, removeFile, sameBytes, syncFoldersOf } from './copies.js'
import { codeOf, storageError } from './file-errors.js'
import { absolute, checkFolders, makeFolders, type Place } from './safe-open.js'

/** One file that goes from one place to another; `label`, unique in both folders, names copies that are not whole yet. */
export interface Relocation {
  readonly source: Place
  readonly target: Place
  readonly label: string
}

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
 * Moves files and removes the folders that are empty then. All or nothing: when one cannot be moved, those before it go
 * back. Nothing is overwritten, and at every moment each file is whole in one of its two places.
 * @throws StorageError DENIED where something is in the place of a file, and what the system refuses
 */
export async function moveFiles(relocations: readonly Relocation[]): Promise<void> {
  const moves: Relocation[] = []
  for (const relocation of relocations) if (await isOwnFile(relocation.source)) moves.push(relocation)
  for (const { target } of moves) await refuseTaken(target)
  const undo: (() => Promise<void>)[] = []
  const copied: Place[] = []
  try {
    for (const move of moves) await moveFile(move, undo, copied)
  } catch (error) {
    for (const back of undo.reverse()) await back().catch(() => {})
    await removeEmptyFolders(relocations.map(({ target }) => target))
    throw error
  }
  await leave(moves, copied)
}

/**
 * Ends what `moveFiles` began and a crash interrupted: what is still in its first place goes on. A file that is in both
 * was copied: it leaves the first. Nothing is lost or overwritten when it rejects, and it may be called again.
 * @throws StorageError DENIED where two files are not the same, and what the system refuses
 */
export async function endMove(relocations: readonly Relocation[]): Promise<void> {
  const moves: Relocation[] = []
  const copied: Place[] = []
  for (const relocation of relocations) {
    const { source, target } = relocation
    for (const place of [source, target])
      await removeFile(place.disk, copyPath(place, relocation.label)).catch(() => {})
    if (!(await isOwnFile(source))) continue
    moves.push(relocation)
    if (!(await isOwnFile(target))) {
      await refuseTaken(target)
      await moveFile(relocation, [], copied)
    } else if (await sameBytes(source.disk, absolute(source), absolute(target))) copied.push(source)
    else await refuseTaken(target)
  }
  await leave(moves, copied)
}

async function moveFile({ source, target, label }: Relocation, undo: (() => Promise<void>)[], copied: Place[]) {
  const { disk, root } = target
  await disk.mkdir(root, { recursive: true }).catch((error: unknown) => {
    throw storageError(error, root)
  })
  await makeFolders(target, () => {})
  const [old, current] = [absolute(source), absolute(target)]
  if (await renamed(disk, old, current)) {
    undo.push(() => disk.rename(current, old))
    return
  }
  const copy = copyPath(target, label)
  undo.push(() => disk.unlink(copy))
  await removeFile(disk, copy)
  await copyDurably(disk, old, copy)
  await renamed(disk, copy, current)
  undo.push(() => disk.unlink(current))
  copied.push(source)
}

function copyPath(place: Place, label: string): string {
  return `${dirname(absolute(place))}/.${label}.bitloom-copy`
}

/** The new names are durable before an old one goes. */
async function leave(moves: readonly Relocation[], copied: readonly Place[]): Promise<void> {
  const sources = moves.map(({ source }) => source)
  await syncFoldersOf(moves.map(({ target }) => target))
  for (const place of copied) await removeFile(place.disk, absolute(place))
  await removeEmptyFolders(sources)
  await syncFoldersOf(sources)
}

/** @throws StorageError DENIED where there is something */
export async function refuseTaken(place: Place): Promise<void> {
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

/** Deletes files, as far as they are regular files below the root, then the folders that are empty. */
export async function deleteFiles(places: readonly Place[]): Promise<void> {
  let failure: unknown
  for (const place of places) {
    try {
      if (await isOwnFile(place)) await removeFile(place.disk, absolute(place))
    } catch (error) {
      failure ??= error
    }
  }
  await removeEmptyFolders(places)
  if (failure !== undefined) throw failure
}
