import type { FileFacts, FileSystem } from '@bitloom/core/node'
import { codeOf, storageError } from './file-errors.js'

/** `undefined` where there is nothing. @throws StorageError */
export async function factsOf(disk: FileSystem, look: 'stat' | 'lstat', path: string): Promise<FileFacts | undefined> {
  try {
    return await disk[look](path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw storageError(error, path)
  }
}

/** As many as Node has threads for files. */
export async function inParallel(items: Iterable<number>, work: (item: number) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) await work(next.value)
  }
  await Promise.all([worker(), worker(), worker(), worker()])
}

/** Makes the names of new files durable, where the system can. */
export async function syncFolder(disk: FileSystem, path: string): Promise<void> {
  try {
    const handle = await disk.open(path, 'r')
    await handle.sync().finally(() => handle.close())
  } catch (error) {
    if (['EINVAL', 'EISDIR', 'EPERM', 'EACCES', 'EBADF', 'ENOENT'].includes(codeOf(error))) return
    throw storageError(error, path)
  }
}
