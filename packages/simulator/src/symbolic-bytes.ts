import type { Memory } from '@bitloom/core'

const blockBytes = 16_384

/**
 * A buffer whose payload is not there: thousands of them are views of one shared page. Copying into it copies nothing
 * but one fact, whether the bytes are good or spoilt, block by block. What is written by index (message headers) is
 * kept, if the page is the buffer's own.
 */
export class SymbolicBytes extends Uint8Array<ArrayBuffer> {
  #root: SymbolicBytes = this
  #offset = 0
  /** Where spoilt blocks begin; kept by the root. */
  #spoilt: Set<number> | undefined
  /** All of it is spoilt; kept by the root. */
  #isRotten = false
  /** Gives the page back; kept by the root of a buffer with a page of its own. */
  #release: (() => void) | undefined

  constructor(page: ArrayBuffer, begin: number, lengthBytes: number, release?: () => void) {
    super(page, begin, lengthBytes)
    this.#release = release
  }

  /** Copies are plain bytes, which nobody takes for good data. */
  static get [Symbol.species](): Uint8ArrayConstructor {
    return Uint8Array
  }

  override subarray(begin = 0, end = this.length): SymbolicBytes {
    const part = new SymbolicBytes(this.buffer, this.byteOffset + begin, Math.max(0, end - begin))
    part.#root = this.#root
    part.#offset = this.#offset + begin
    return part
  }

  override set(source: ArrayLike<number>, at = 0): void {
    const begin = this.#offset + at
    const block = begin - (begin % blockBytes)
    if (!isGood(source)) this.#root.#mark(block)
    else if (begin === block) this.#root.#spoilt?.delete(block)
  }

  /** Really copies: bytes that are read by index, like those of messages. */
  write(source: Uint8Array, at: number): void {
    super.set(source, at)
  }

  #mark(begin: number): void {
    this.#spoilt ??= new Set()
    this.#spoilt.add(begin)
  }

  /** These bytes are not what they should be. */
  spoil(): void {
    this.#root.#mark(this.#offset)
  }

  /** What begins here is not what it should be. */
  spoilAt(offset: number): void {
    this.#root.#mark(this.#offset + offset)
  }

  /** All of the buffer is good, or spoilt, whatever was known of its parts. */
  declare(good: boolean): void {
    this.#root.#isRotten = !good
    this.#root.#spoilt = undefined
  }

  /** Nothing in this range is spoilt. */
  get isGood(): boolean {
    const spoilt = this.#root.#spoilt
    if (this.#root.#isRotten) return false
    if (spoilt === undefined || spoilt.size === 0) return true
    const [begin, end] = [this.#offset, this.#offset + this.length]
    for (const at of spoilt) if (at >= begin && at < end) return false
    return true
  }

  /** Where spoilt blocks begin, as offsets; the beginning if all of it is spoilt. */
  get spoiltAt(): readonly number[] {
    if (this.#root.#isRotten) return [0]
    const offsets = [...(this.#root.#spoilt ?? [])].map((at) => at - this.#offset)
    return offsets.filter((at) => at >= 0 && at < this.length)
  }

  /** Something spoilt begins at this offset. */
  isSpoiltAt(offset: number): boolean {
    return this.#root.#spoilt?.has(this.#offset + offset) === true
  }

  /** Its page may be used by others from now on: nothing written into it is read any more. */
  release(): void {
    this.#release?.()
    this.#release = undefined
  }
}

/** Real bytes where symbolic ones belong come from somebody who makes data up. */
function isGood(source: ArrayLike<number>): boolean {
  return source instanceof SymbolicBytes && source.isGood
}

/**
 * Memory for all nodes of a simulation. Buffers of whole blocks (extents) share one page; all others (runs with their
 * message headers, the tail of a torrent) have a page of their own until they are given back or sent.
 */
export class SymbolicMemory implements Memory {
  #shared = new ArrayBuffer(1_048_576)
  readonly #pages = new Map<number, ArrayBuffer[]>()

  take(lengthBytes: number): SymbolicBytes {
    if (lengthBytes % blockBytes !== 0) return this.#ownPage(lengthBytes)
    if (lengthBytes > this.#shared.byteLength) this.#shared = new ArrayBuffer(lengthBytes)
    return new SymbolicBytes(this.#shared, 0, lengthBytes)
  }

  #ownPage(lengthBytes: number): SymbolicBytes {
    const free = this.#pages.get(lengthBytes) ?? []
    this.#pages.set(lengthBytes, free)
    const page = free.pop() ?? new ArrayBuffer(lengthBytes)
    return new SymbolicBytes(page, 0, lengthBytes, () => void free.push(page))
  }

  give(bytes: Uint8Array): void {
    if (bytes instanceof SymbolicBytes) bytes.release()
  }
}
