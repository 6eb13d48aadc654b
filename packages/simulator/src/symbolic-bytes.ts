import type { Memory } from '@bitloom/core'

const blockBytes = 16_384

/** What is known of one buffer, shared by all views of it. */
interface Truth {
  /** Where spoilt blocks begin. */
  spoilt?: Set<number> | undefined
  /** All of it is spoilt. */
  isRotten?: boolean
  /** Gives the page back, if the buffer has one of its own. */
  release?: (() => void) | undefined
}

/**
 * A buffer whose payload is not there: thousands of them are views of one shared page. Copying into it copies nothing
 * but one fact, whether the bytes are good or spoilt, block by block. What is written by index (message headers) is
 * kept, if the page is the buffer's own.
 */
export class SymbolicBytes extends Uint8Array<ArrayBuffer> {
  readonly #truth: Truth
  readonly #offset: number

  /** A buffer of its own, or with `of` a part of one, which begins at `offset` of it. */
  constructor(page: ArrayBuffer, begin: number, lengthBytes: number, of: Truth = {}, offset = 0) {
    super(page, begin, lengthBytes)
    this.#truth = of
    this.#offset = offset
  }

  /** Copies are plain bytes, which nobody takes for good data. */
  static get [Symbol.species](): Uint8ArrayConstructor {
    return Uint8Array
  }

  override subarray(begin = 0, end = this.length): SymbolicBytes {
    const lengthBytes = Math.max(0, end - begin)
    return new SymbolicBytes(this.buffer, this.byteOffset + begin, lengthBytes, this.#truth, this.#offset + begin)
  }

  override set(source: ArrayLike<number>, at = 0): void {
    const begin = this.#offset + at
    const block = begin - (begin % blockBytes)
    if (!isGood(source)) this.#mark(block)
    else if (begin === block) this.#truth.spoilt?.delete(block)
  }

  /** Really copies: bytes that are read by index, like those of messages. */
  write(source: Uint8Array, at: number): void {
    super.set(source, at)
  }

  #mark(begin: number): void {
    this.#truth.spoilt ??= new Set()
    this.#truth.spoilt.add(begin)
  }

  /** These bytes are not what they should be. */
  spoil(): void {
    this.#mark(this.#offset)
  }

  /** What begins here is not what it should be. */
  spoilAt(offset: number): void {
    this.#mark(this.#offset + offset)
  }

  /** All of the buffer is good, or spoilt, whatever was known of its parts. */
  declare(good: boolean): void {
    this.#truth.isRotten = !good
    this.#truth.spoilt = undefined
  }

  /** Nothing in this range is spoilt. */
  get isGood(): boolean {
    const { spoilt, isRotten } = this.#truth
    if (isRotten === true) return false
    if (spoilt === undefined || spoilt.size === 0) return true
    const [begin, end] = [this.#offset, this.#offset + this.length]
    for (const at of spoilt) if (at >= begin && at < end) return false
    return true
  }

  /** Where spoilt blocks begin, as offsets; the beginning if all of it is spoilt. */
  get spoiltAt(): readonly number[] {
    const { spoilt = [], isRotten } = this.#truth
    if (isRotten === true) return [0]
    const offsets = [...spoilt].map((at) => at - this.#offset)
    return offsets.filter((at) => at >= 0 && at < this.length)
  }

  /** Something spoilt begins at this offset. */
  isSpoiltAt(offset: number): boolean {
    return this.#truth.spoilt?.has(this.#offset + offset) === true
  }

  /** Its page may be used by others from now on: nothing written into it is read any more. */
  release(): void {
    this.#truth.release?.()
    this.#truth.release = undefined
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
    return new SymbolicBytes(page, 0, lengthBytes, { release: () => void free.push(page) })
  }

  give(bytes: Uint8Array): void {
    if (bytes instanceof SymbolicBytes) bytes.release()
  }
}
