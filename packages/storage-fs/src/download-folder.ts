import { StorageError } from '@bitloom/core'
import type { FileSystem } from '@bitloom/core/node'
import { dirname } from 'node:path'
import { factsOf } from './disk.js'
import { storageError } from './file-errors.js'
import type { FolderLooks } from './folder-looks.js'

/** The folder below which the files of one torrent are. */
export class DownloadFolder {
  readonly #disk: FileSystem
  readonly #path: string
  #isKnown = false

  constructor(disk: FileSystem, path: string) {
    this.#disk = disk
    this.#path = path
  }

  /** It must be a folder, or not be there yet. Torrents that are opened together share the look. @throws StorageError GONE */
  async check(looks: FolderLooks<boolean>): Promise<void> {
    if (await looks.once(this.#path, () => this.#isThere())) this.#isKnown = true
  }

  async #isThere(): Promise<boolean> {
    const path = this.#path
    const stats = await factsOf(this.#disk, 'stat', path)
    if (stats === undefined || stats.isDirectory()) return stats !== undefined
    throw new StorageError('GONE', `${path}: it is no folder`, { path, retry: false })
  }

  /**
   * Makes it, and those above it; `changed` hears of each folder that got one. One that was there and is not any more may
   * be a disk that is not mounted: nothing is made in its place. @throws StorageError
   */
  async make(changed: (folder: string) => void): Promise<void> {
    const path = this.#path
    if (!(await this.#isThere())) {
      if (this.#isKnown) {
        throw new StorageError('GONE', `${path}: the download folder is missing`, { path, retry: true })
      }
      const first = await this.#disk.mkdir(path, { recursive: true }).catch((error: unknown) => {
        throw storageError(error, path)
      })
      for (let folder = path; folder.length >= (first ?? path).length; folder = dirname(folder)) {
        changed(dirname(folder))
      }
    }
    this.#isKnown = true
  }
}
