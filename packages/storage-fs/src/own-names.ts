import { syncFoldersOf } from './copies.js'
import { storageError } from './file-errors.js'
import type { FileNames } from './file-names.js'
import { refuseTaken } from './relocate.js'
import { absolute, checkFolders, type Place } from './safe-open.js'

/**
 * Files that are whole lose the suffix of incomplete ones. Where something is in the place of one, it keeps the suffix and
 * the others go on. Nobody has one of them open.
 * @throws StorageError of the first that cannot
 */
export async function takeOwnNames(
  names: FileNames,
  below: Omit<Place, 'relativePath'>,
  files: readonly number[],
): Promise<void> {
  const renamed: Place[] = []
  let failure: unknown
  for (const index of files) {
    const [source, target] = [names.of(index), names.own(index)].map((relativePath) => ({ ...below, relativePath }))
    if (source === undefined || target === undefined) continue
    try {
      await renameFile(source, target)
      names.found(index, target.relativePath)
      renamed.push(target)
    } catch (error) {
      failure ??= error
    }
  }
  await syncFoldersOf(renamed)
  if (failure !== undefined) throw failure
}

async function renameFile(source: Place, target: Place): Promise<void> {
  await checkFolders(source)
  await refuseTaken(target)
  await source.disk.rename(absolute(source), absolute(target)).catch((error: unknown) => {
    throw storageError(error, absolute(target))
  })
}
