import type { FileEntry } from '@bitloom/core'

const none: ReadonlySet<string> = new Set()

/**
 * What the files of one torrent are called on the disk: by their paths, and with a suffix until they are whole. One that
 * was found under its own name keeps it; so do files without bytes, and those whose name with the suffix is another's.
 */
export class FileNames {
  readonly #files: readonly FileEntry[]
  readonly #suffix: string
  readonly #taken: ReadonlySet<string>
  /** Those that have their own name. */
  readonly #own = new Set<number>()

  constructor(files: readonly FileEntry[], suffix = '') {
    this.#files = files
    this.#suffix = suffix
    this.#taken = suffix === '' ? none : new Set(files.map(({ path }) => folded(path)))
  }

  /** What it is called, or will be when it is made. Below the download folder. */
  of(index: number): string {
    const path = this.own(index)
    return this.carries(index) ? path + this.#suffix : path
  }

  /** What it is called when it is whole. */
  own(index: number): string {
    return this.#files[index]?.path ?? ''
  }

  /** Whether it has the suffix. */
  carries(index: number): boolean {
    return !this.#own.has(index) && this.#mayCarry(index)
  }

  #mayCarry(index: number): boolean {
    const file = this.#files[index]
    if (this.#suffix === '' || file === undefined) return false
    return file.lengthBytes > 0 && !this.#taken.has(folded(file.path + this.#suffix))
  }

  /** What it may be called, its own name first. */
  variants(index: number): readonly string[] {
    const path = this.own(index)
    return this.#mayCarry(index) ? [path, path + this.#suffix] : [path]
  }

  /** It was found, or renamed. */
  found(index: number, name: string): void {
    if (name === this.own(index)) this.#own.add(index)
    else this.#own.delete(index)
  }
}

/** Whether a file is one on the disk, too. */
export function isStored(file: FileEntry | undefined): boolean {
  return file?.padding === false && file.symlink === undefined
}

/** Equal for names that a file system may take for one. */
function folded(path: string): string {
  return path.normalize('NFC').toLowerCase()
}
