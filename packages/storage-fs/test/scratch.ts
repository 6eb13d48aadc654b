import { chmod, lstat, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bindings, Content, Storage, StorageHandle } from '@bitloom/core'
import { afterEach } from 'vitest'
import storageFs, { type StorageFsOptions } from '../src/index.js'
import { wantedOf } from './contents.js'

export const never = new AbortController().signal

/** The storage as the plugin binds it. */
export function boundStorage(options?: StorageFsOptions): Storage {
  let storage: Storage | undefined
  const bindings = { value: (_port: unknown, value: Storage) => void (storage = value) }
  storageFs(options).bind?.(bindings as unknown as Bindings)
  if (storage === undefined) throw new Error('the plugin binds a storage')
  return storage
}

/** Folders of one test file, removed after each test, and handles, closed before that. */
export function createScratch() {
  const folders: string[] = []
  const handles: StorageHandle[] = []
  const scratch = {
    async folder(): Promise<string> {
      const path = await mkdtemp(join(tmpdir(), 'bitloom-storage-'))
      folders.push(path)
      return path
    },
    async open(
      content: Content,
      directory: string,
      options: { storage?: Storage; isWanted?: (file: number) => boolean } = {},
    ): Promise<StorageHandle> {
      const storage = options.storage ?? boundStorage()
      const handle = await storage.open(content, { directory, wantedFiles: wantedOf(content, options.isWanted) }, never)
      handles.push(handle)
      return handle
    },
  }
  afterEach(async () => {
    for (const handle of handles.splice(0)) await handle.close()
    for (const folder of folders.splice(0)) {
      await chmod(folder, 0o700).catch(() => {})
      await rm(folder, { recursive: true, force: true })
    }
  })
  return scratch
}

/** Every file and folder below, sorted; folders end in "/". */
export async function tree(folder: string, below = ''): Promise<string[]> {
  const names: string[] = []
  for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
    const name = join(below, entry.name)
    names.push(entry.isDirectory() ? `${name}/` : name)
    if (entry.isDirectory()) names.push(...(await tree(folder, name)))
  }
  return names.sort()
}

export async function modeOf(path: string): Promise<number> {
  return (await lstat(path)).mode & 0o777
}

/** What a call rejects with. */
export async function rejected(call: Promise<unknown>): Promise<unknown> {
  try {
    await call
  } catch (error) {
    return error
  }
  return undefined
}
