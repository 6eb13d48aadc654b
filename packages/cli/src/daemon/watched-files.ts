/** How a file looks from outside. */
export interface FileLook {
  readonly name: string
  readonly lengthBytes: number
  readonly modifiedMs: number
}

/**
 * Which files of a watched folder are to be read, decided by how they look from one look to the next. A file that still
 * changes is being written, and waits; one that could not be used is tried again when it has changed, and not before.
 */
export class WatchedFiles {
  #seen = new Map<string, { readonly look: string; isDone: boolean }>()

  /** The names to read now, in alphabetical order: of torrent files that look as they did at the last look. */
  ripe(files: readonly FileLook[]): readonly string[] {
    const seen = new Map<string, { readonly look: string; isDone: boolean }>()
    const ripe: string[] = []
    for (const { name, lengthBytes, modifiedMs } of files) {
      if (!/\.torrent$/i.test(name) || name.startsWith('.')) continue
      const look = `${lengthBytes} ${modifiedMs}`
      const before = this.#seen.get(name)
      const isSame = before?.look === look
      const isDone = isSame && before.isDone
      if (isSame && !isDone && lengthBytes > 0) ripe.push(name)
      seen.set(name, { look, isDone })
    }
    // What is gone is forgotten: a file that comes again is a new one.
    this.#seen = seen
    return ripe.sort()
  }

  /** It has been dealt with, well or not: as it is now, it is not read again. */
  done(name: string): void {
    const seen = this.#seen.get(name)
    if (seen !== undefined) seen.isDone = true
  }
}
