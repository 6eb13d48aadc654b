import type { FileStamp } from '@bitloom/core'
import type { FileFacts } from '@bitloom/core/node'

/** Of a file that was found to be another than ours: no file looks like this. */
const strange: FileStamp = { lengthBytes: -1, modifiedUs: -1 }

/**
 * How the files of one torrent looked when they were looked at first, or first after our last write to them. A file that
 * others changed in between keeps a stamp that is not its own, so that whoever compares sees the change.
 */
export class FileStamps {
  readonly #stamps = new Map<number, FileStamp | undefined>()
  readonly #strange = new Set<number>()
  /** Where our bytes end that are known to have been in a file: it cannot be shorter. */
  readonly #reached = new Map<number, number>()

  /** Whether a file is to be looked at before its stamp can be told. */
  isUnknown(index: number): boolean {
    return !this.#stamps.has(index) && !this.#strange.has(index)
  }

  of(index: number): FileStamp | undefined {
    return this.#strange.has(index) ? strange : this.#stamps.get(index)
  }

  /** We write to it. */
  written(index: number, endBytes: number): void {
    this.#stamps.delete(index)
    this.#reached.set(index, Math.max(endBytes, this.#reached.get(index) ?? 0))
  }

  /** Whether a write that ends there makes the file longer than it is known to be. */
  isBeyond(index: number, endBytes: number): boolean {
    const reached = this.#reached.get(index) ?? 0
    return reached > 0 && endBytes > reached
  }

  /** Whether a file of that length lacks bytes that were in it. */
  isTooShort(index: number, lengthBytes: number): boolean {
    return lengthBytes < (this.#reached.get(index) ?? 0)
  }

  /** `undefined` = there is no file. */
  seen(index: number, facts: FileFacts | undefined): void {
    const stamp = facts && { lengthBytes: facts.size, modifiedUs: Math.round(facts.mtimeMs * 1_000) }
    this.#stamps.set(index, stamp)
    this.#reached.set(index, facts?.size ?? 0)
  }

  /** It is not the file that was written to: gone, cut or replaced. */
  strange(index: number): void {
    this.#strange.add(index)
    this.#reached.delete(index)
  }

  /** What is there counts from now on. */
  clear(): void {
    this.#stamps.clear()
    this.#strange.clear()
    this.#reached.clear()
  }
}
