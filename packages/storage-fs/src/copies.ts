import { constants } from 'node:fs'
import { dirname, join } from 'node:path'
import type { FileSystem, OpenFile } from '@bitloom/core/node'
import { syncFolder } from './disk.js'
import { codeOf, storageError } from './file-errors.js'
import { readFully } from './positional.js'
import { absolute, checkFolders, type Place } from './safe-open.js'

/** Copies a file to a name that is free; what is copied is on the disk. */
export async function copyDurably(disk: FileSystem, from: string, to: string): Promise<void> {
  try {
    await disk.copyFile(from, to, constants.COPYFILE_EXCL)
    const handle = await disk.open(to, 'r+')
    await handle.sync().finally(() => handle.close())
  } catch (error) {
    throw storageError(error, to)
  }
}

const chunkBytes = 1_048_576

/** Whether two files have the same bytes. */
export async function sameBytes(disk: FileSystem, left: string, right: string): Promise<boolean> {
  const opened: OpenFile[] = []
  try {
    for (const path of [left, right]) opened.push(await disk.open(path, 'r'))
    const [first, second] = opened as [OpenFile, OpenFile]
    const buffers = [Buffer.alloc(chunkBytes), Buffer.alloc(chunkBytes)] as const
    for (let at = 0; ; at += chunkBytes) {
      const lengths = [await readFully(first, [buffers[0]], at), await readFully(second, [buffers[1]], at)] as const
      if (lengths[0] !== lengths[1]) return false
      if (!buffers[0].subarray(0, lengths[0]).equals(buffers[1].subarray(0, lengths[1]))) return false
      if (lengths[0] < chunkBytes) return true
    }
  } catch (error) {
    throw storageError(error, left)
  } finally {
    for (const handle of opened) await handle.close()
  }
}

/** No error for what is not there. */
export async function removeFile(disk: FileSystem, path: string): Promise<void> {
  await disk.unlink(path).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw storageError(error, path)
  })
}

/** Makes the names of files durable: in the folders up to the root, and the one that has the root in it. */
export async function syncFoldersOf(places: readonly Place[]): Promise<void> {
  const folders = new Map<string, FileSystem>()
  for (const { disk, root, relativePath } of places) {
    folders.set(dirname(root), disk).set(root, disk)
    for (let path = dirname(relativePath); path !== '.'; path = dirname(path)) folders.set(join(root, path), disk)
  }
  for (const [folder, disk] of folders) await syncFolder(disk, folder)
}

/** Those that files were in, up to the root. The deepest first. What is not empty, or no folder, stays. */
export async function removeEmptyFolders(places: readonly Place[]): Promise<void> {
  const folders = new Map<string, Place>()
  for (const place of places) {
    for (let path = dirname(place.relativePath); path !== '.'; path = dirname(path)) {
      const folder = { ...place, relativePath: path }
      const key = absolute(folder)
      if (folders.has(key)) break
      folders.set(key, folder)
    }
  }
  const deepestFirst = [...folders].sort(([left], [right]) => right.length - left.length)
  for (const [path, place] of deepestFirst) {
    try {
      await checkFolders(place)
      await place.disk.rmdir(path)
    } catch {
      // Somebody else's files are in it, or it is gone: either way it is not ours to remove.
    }
  }
}
