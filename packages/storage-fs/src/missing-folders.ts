import type { FileSystem } from '@bitloom/core/node'
import { join } from 'node:path'
import { factsOf } from './disk.js'

/** The first folder of a path with "/" between its parts; '' = it has none. */
export function firstFolder(path: string): string {
  return path.slice(0, Math.max(0, path.indexOf('/')))
}

/** Of the first folders of these paths, those that are not there: nothing in them need be looked at. */
export async function missingFolders(
  disk: FileSystem,
  root: string,
  paths: Iterable<string>,
): Promise<ReadonlySet<string>> {
  const missing = new Set<string>()
  const folders = new Set(Array.from(paths, firstFolder))
  folders.delete('')
  for (const folder of folders) {
    if ((await factsOf(disk, 'lstat', join(root, folder))) === undefined) missing.add(folder)
  }
  return missing
}
