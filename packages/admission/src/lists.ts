import { stat } from 'node:fs/promises'
import { type ListReport, readListFile } from './list-file.js'
import type { AdmissionSettings } from './options.js'
import { RangeTable } from './range-table.js'

/** The ranges to keep out. A load that fails leaves them as they were. */
export class BlockLists {
  readonly #settings: AdmissionSettings
  readonly #allowed: RangeTable
  #blocked = new RangeTable()
  #versions = ''
  #loading: Promise<readonly ListReport[]> | undefined

  constructor(settings: AdmissionSettings) {
    this.#settings = settings
    this.#allowed = RangeTable.of(settings.allow)
  }

  /** Merged ranges. */
  get count(): number {
    return this.#blocked.count
  }

  isBlocked(host: string): boolean {
    return this.#blocked.has(host) && !this.#allowed.has(host)
  }

  /** Reads all files; calls that overlap are one. @throws BitloomError as `readListFile` */
  load(signal: AbortSignal): Promise<readonly ListReport[]> {
    this.#loading ??= this.#load(signal).finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  async #load(signal: AbortSignal): Promise<readonly ListReport[]> {
    const table = new RangeTable()
    const reports: ListReport[] = []
    // Before the files: one that changes meanwhile is read again.
    this.#versions = await this.#currentVersions()
    for (const range of this.#settings.block) table.add(range)
    for (const path of this.#settings.lists) reports.push(await readListFile(path, this.#settings, table, signal))
    table.finish()
    this.#blocked = table
    return reports
  }

  /** Whether a file was changed since the last load, which may have failed. */
  async isStale(): Promise<boolean> {
    return (await this.#currentVersions()) !== this.#versions
  }

  async #currentVersions(): Promise<string> {
    const versions = this.#settings.lists.map(async (path) => {
      const found = await stat(path).catch(() => undefined)
      return found === undefined ? 'none' : `${found.mtimeMs}/${found.size}/${found.ino}`
    })
    return (await Promise.all(versions)).join(' ')
  }
}
