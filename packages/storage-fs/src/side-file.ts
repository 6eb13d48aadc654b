import { readFile, rm, writeFile } from 'node:fs/promises'
import type { HandlePool } from './handle-pool.js'
import { codeOf, storageError } from './file-errors.js'

/** A run of bytes of one unwanted file that is kept in the side file. */
interface Kept {
  readonly file: number
  readonly offset: number
  readonly length: number
  /** Where in the side file. */
  readonly at: number
}

/**
 * Bytes of unwanted files that boundary pieces bring along, in one hidden file instead of stray stubs. Its layout is a
 * list in a small index beside it, written at `sync`; without an index the side file counts as empty.
 */
export class SideFile {
  readonly #root: string
  readonly #path: string
  readonly #pool: HandlePool
  #kept: Kept[] = []
  #end = 0
  #changed = false
  #loaded: Promise<void> | undefined

  constructor(root: string, path: string, pool: HandlePool) {
    this.#root = root
    this.#path = path
    this.#pool = pool
  }

  get path(): string {
    return this.#path
  }

  get #indexPath(): string {
    return `${this.#path}.index`
  }

  /** Reads the index once. */
  load(): Promise<void> {
    this.#loaded ??= this.#load()
    return this.#loaded
  }

  async #load(): Promise<void> {
    try {
      const kept: unknown = JSON.parse(await readFile(this.#indexPath, 'utf8'))
      if (!Array.isArray(kept) || !kept.every(isKept)) return
      this.#kept = kept
      this.#end = Math.max(0, ...kept.map((run) => run.at + run.length))
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' && !(error instanceof SyntaxError)) throw storageError(error, this.#indexPath)
    }
  }

  /** True if every byte of the range is kept here. */
  holds(file: number, offset: number, length: number): boolean {
    return this.#find(file, offset, length) !== undefined
  }

  #find(file: number, offset: number, length: number): Kept | undefined {
    return this.#kept.find(
      (run) => run.file === file && run.offset <= offset && offset + length <= run.offset + run.length,
    )
  }

  async write(file: number, offset: number, bytes: Uint8Array): Promise<void> {
    await this.load()
    const kept = this.#find(file, offset, bytes.length) ?? this.#append(file, offset, bytes.length)
    await this.#pool.with(this.#root, this.#path, 'write', async (handle) => {
      await writeFully(handle, bytes, kept.at + offset - kept.offset)
    })
    if (!this.#kept.includes(kept)) this.#kept.push(kept)
    this.#changed = true
  }

  #append(file: number, offset: number, length: number): Kept {
    const kept = { file, offset, length, at: this.#end }
    this.#end += length
    return kept
  }

  /** Fills `into` and answers true, or answers false when the bytes are not here. */
  async read(file: number, offset: number, into: Uint8Array): Promise<boolean> {
    await this.load()
    const kept = this.#find(file, offset, into.length)
    if (kept === undefined) return false
    await this.#pool.with(this.#root, this.#path, 'read', (handle) =>
      handle.read(into, 0, into.length, kept.at + offset - kept.offset),
    )
    return true
  }

  /** The kept runs of a file that became wanted; `moved` is called with each, then they are forgotten. */
  async release(file: number, moved: (offset: number, bytes: Uint8Array) => Promise<void>): Promise<void> {
    await this.load()
    for (const kept of this.#kept.filter((run) => run.file === file)) {
      const bytes = new Uint8Array(kept.length)
      await this.read(file, kept.offset, bytes)
      await moved(kept.offset, bytes)
      this.#kept = this.#kept.filter((run) => run !== kept)
      this.#changed = true
    }
  }

  /** Makes the bytes and then the index durable; an empty side file goes away. */
  async sync(): Promise<void> {
    if (!this.#changed) return
    this.#changed = false
    if (this.#kept.length === 0) {
      await this.remove()
      return
    }
    await this.#pool.with(this.#root, this.#path, 'write', (handle) => handle.datasync())
    await writeFile(this.#indexPath, JSON.stringify(this.#kept), { flush: true }).catch((error: unknown) => {
      throw storageError(error, this.#indexPath)
    })
  }

  async remove(): Promise<void> {
    await this.#pool.closeAll(this.#path)
    await rm(this.#path, { force: true })
    await rm(this.#indexPath, { force: true })
    this.#kept = []
    this.#end = 0
  }
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== 'object' || value === null) return false
  const numbers = ['file', 'offset', 'length', 'at'].map((key) => (value as Record<string, unknown>)[key])
  return numbers.every((number) => Number.isSafeInteger(number) && Number(number) >= 0)
}

/** Writes all bytes at a position, also where the system takes only some at once. */
export async function writeFully(
  handle: {
    write(bytes: Uint8Array, from: number, length: number, position: number): Promise<{ bytesWritten: number }>
  },
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, position + at)
    at += bytesWritten
  }
}
