/** A file of no more is flushed when its last bytes are written, while it is open. */
const smallBytes = 1_048_576

/** Which files of one torrent have bytes that may not be on the disk yet, and which of the small ones are whole. */
export class Unflushed {
  /** By file: the number of its last write. */
  readonly #lastWrites = new Map<number, number>()
  /** Small files that are being written: how many of their bytes were not. */
  readonly #missingBytes = new Map<number, number>()
  #writes = 0

  get files(): number[] {
    return [...this.#lastWrites.keys()]
  }

  /** Answers whether a small file of that length is whole now. Bytes that are written twice count twice. */
  written(index: number, writtenBytes: number, lengthBytes: number): boolean {
    this.#lastWrites.set(index, ++this.#writes)
    if (lengthBytes > smallBytes) return false
    const missingBytes = (this.#missingBytes.get(index) ?? lengthBytes) - writtenBytes
    if (missingBytes > 0) this.#missingBytes.set(index, missingBytes)
    else this.#missingBytes.delete(index)
    return missingBytes <= 0
  }

  /** A flush begins. To be called when it is over: answers whether it was the last one that the file needs by now. */
  flushing(index: number): () => boolean {
    const write = this.#lastWrites.get(index)
    return () => this.#lastWrites.get(index) === write && this.#lastWrites.delete(index)
  }
}
