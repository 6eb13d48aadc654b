import { type Logger, ResumeError, type ResumeRecord, type ResumeStore } from '@bitloom/core'
import { type FileSystem, type OpenFile, systemFiles } from '@bitloom/core/node'
import { join } from 'node:path'
import { formatRecord, isOf, keyPattern, parseRecord } from './protocol.js'

const suffix = '.resume'

/**
 * Records as files of a folder, `KEY.resume` for each torrent. A record is written to a temporary file, flushed, renamed
 * into its place, and the folder flushed: at any moment there is the old one or the new one, whole. Calls for one key run
 * one after the other; one flush of the folder is for all records that were put into their places before it.
 */
export function fileResumeStore(
  folder: string,
  log: Pick<Logger, 'warn'>,
  disk: FileSystem = systemFiles,
): ResumeStore {
  const last = new Map<string, Promise<unknown>>()
  const inTurn = <T>(key: string, run: () => Promise<T>): Promise<T> => {
    const turn = (last.get(key) ?? Promise.resolve()).then(run, run)
    last.set(key, turn)
    const over = (): void => {
      if (last.get(key) === turn) last.delete(key)
    }
    turn.then(over, over)
    return turn
  }
  const files = new RecordFiles(folder, log, disk)
  return {
    get: (key) => inTurn(key, () => files.read(key)),
    put: (key, record) => {
      const bytes = formatRecord(record)
      return inTurn(key, () => files.write(key, bytes))
    },
    delete: (key) => inTurn(key, () => files.remove(key)),
    keys: () => files.keys(),
  }
}

class RecordFiles {
  readonly #folder: string
  readonly #log: Pick<Logger, 'warn'>
  readonly #disk: FileSystem
  readonly #flushNames: () => Promise<void>

  constructor(folder: string, log: Pick<Logger, 'warn'>, disk: FileSystem) {
    this.#folder = folder
    this.#log = log
    this.#disk = disk
    this.#flushNames = together(() => syncFolder(disk, folder))
  }

  #path(key: string, end = suffix): string {
    if (!keyPattern.test(key)) throw new ResumeError(`"${key}" is no info-hash: there can be no record of it`)
    return join(this.#folder, `${key}${end}`)
  }

  async read(key: string): Promise<ResumeRecord | undefined> {
    const path = this.#path(key)
    try {
      const record = parseRecord(await readWhole(this.#disk, path))
      if (!isOf(record, key)) throw new ResumeError('it is of another torrent')
      return record
    } catch (error) {
      if (isMissing(error)) return undefined
      await this.#putAside(path, error)
      return undefined
    }
  }

  /** It may be of use to whoever looks for the cause; the torrent starts without. */
  async #putAside(path: string, error: unknown): Promise<void> {
    const reason = error instanceof Error ? error.message : String(error)
    this.#log.warn('a resume record cannot be used', { path, reason })
    if (error instanceof ResumeError) await this.#disk.rename(path, `${path}.bad`).catch(() => {})
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    const path = this.#path(key)
    const temporary = this.#path(key, `${suffix}.tmp`)
    await makeStateFolder(this.#disk, this.#folder)
    try {
      const file = await this.#disk.open(temporary, 'w', 0o600)
      try {
        await writeWhole(file, bytes)
        await file.sync()
      } finally {
        await file.close()
      }
      await this.#disk.rename(temporary, path)
    } catch (error) {
      await this.#disk.unlink(temporary).catch(() => {})
      throw error
    }
    await this.#flushNames()
  }

  async remove(key: string): Promise<void> {
    const path = this.#path(key)
    try {
      await this.#disk.unlink(path)
    } catch (error) {
      if (isMissing(error)) return
      throw error
    }
    await this.#flushNames()
  }

  async keys(): Promise<string[]> {
    const names = await this.#disk.readdir(this.#folder).catch((error: unknown) => {
      if (isMissing(error)) return []
      throw error
    })
    const keys = names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length))
    return keys.filter((key) => keyPattern.test(key))
  }
}

/** Makes the state folder, which nobody else may look into, and its name durable. */
export async function makeStateFolder(disk: FileSystem, folder: string): Promise<void> {
  const first = await disk.mkdir(folder, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let path = folder; path.length >= first.length; path = join(path, '..')) {
    await syncFolder(disk, join(path, '..'))
  }
}

async function readWhole(disk: FileSystem, path: string): Promise<Uint8Array> {
  const file = await disk.open(path, 'r')
  try {
    const facts = await file.stat()
    if (!facts.isFile()) throw new ResumeError('it is no file')
    const bytes = new Uint8Array(facts.size)
    for (let at = 0; at < bytes.length;) {
      const { bytesRead } = await file.readv([bytes.subarray(at)], at)
      if (bytesRead === 0) throw new ResumeError('it became shorter while it was read')
      at += bytesRead
    }
    return bytes
  } finally {
    await file.close()
  }
}

async function writeWhole(file: OpenFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += (await file.write(bytes, at, bytes.length - at, at)).bytesWritten
  }
}

/** One run at a time. Whoever calls during a run shares the next one, which begins after all their calls. */
function together(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined
  const begin = (): Promise<void> => {
    next = undefined
    return run()
  }
  return () => {
    next ??= running = running.then(begin, begin)
    return next
  }
}

/** Where the system cannot flush a folder (Windows), a name is durable when the system says so. */
async function syncFolder(disk: FileSystem, folder: string): Promise<void> {
  try {
    const handle = await disk.open(folder, 'r')
    await handle.sync().finally(() => handle.close())
  } catch (error) {
    if (!['EINVAL', 'EISDIR', 'EPERM', 'EACCES', 'EBADF'].includes(codeOf(error))) throw error
  }
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT'
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
