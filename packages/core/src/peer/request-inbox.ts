/** One block that the remote asked of us. */
export interface PeerRequest {
  readonly piece: number
  readonly begin: number
  readonly lengthBytes: number
}

/** Contiguous requests of one piece, answered by one read and one write. */
export interface Run {
  readonly piece: number
  readonly begin: number
  /** Lengths of the requests in order; they follow each other without gaps. */
  readonly lengths: readonly number[]
  readonly lengthBytes: number
}

/** At most this many requests of one peer wait; LIMITS "requests". */
const capacity = 500

const none = new Int32Array(0)
const leastRoom = 16
/** Piece, begin, length. */
const width = 3

/**
 * Requests of one remote, in the order they came, as numbers in a flat array: they wait for seconds, and many objects that
 * do are a burden to the collector. Invariant: they are the entries [#head, #tail) of `#cells`, each `width` numbers.
 */
export class RequestInbox {
  #cells = none
  #head = 0
  #tail = 0

  get size(): number {
    return this.#tail - this.#head
  }

  /** False when full. */
  add(piece: number, begin: number, lengthBytes: number): boolean {
    if (this.size >= capacity) return false
    if (this.#tail * width === this.#cells.length) this.#makeRoom()
    const at = this.#tail++ * width
    this.#cells[at] = piece
    this.#cells[at + 1] = begin
    this.#cells[at + 2] = lengthBytes
    return true
  }

  remove(piece: number, begin: number, lengthBytes: number): boolean {
    for (let entry = this.#head; entry < this.#tail; entry++) {
      const request = this.#at(entry)
      if (request.piece !== piece || request.begin !== begin || request.lengthBytes !== lengthBytes) continue
      this.#cells.copyWithin(entry * width, (entry + 1) * width, this.#tail * width)
      this.#tail--
      return true
    }
    return false
  }

  dropIf(test: (piece: number) => boolean, dropped: (request: PeerRequest) => void): void {
    const gone: PeerRequest[] = []
    let kept = this.#head
    for (let entry = this.#head; entry < this.#tail; entry++) {
      const request = this.#at(entry)
      if (test(request.piece)) gone.push(request)
      else this.#cells.copyWithin(kept++ * width, entry * width, (entry + 1) * width)
    }
    this.#tail = kept
    for (const request of gone) dropped(request)
  }

  /** Takes the oldest request and those that continue it, at most `maxBlocks` and `maxBytes` (one always fits). */
  nextRun(maxBlocks: number, maxBytes: number): Run | undefined {
    if (this.size === 0) return undefined
    const { piece, begin } = this.#at(this.#head)
    const lengths: number[] = []
    let lengthBytes = 0
    for (; this.#head < this.#tail; this.#head++) {
      const next = this.#at(this.#head)
      const continues = next.piece === piece && next.begin === begin + lengthBytes
      const fits = lengths.length < maxBlocks && lengthBytes + next.lengthBytes <= maxBytes
      if (lengths.length > 0 && !(continues && fits)) break
      lengths.push(next.lengthBytes)
      lengthBytes += next.lengthBytes
    }
    if (this.size === 0) this.#head = this.#tail = 0
    return { piece, begin, lengths, lengthBytes }
  }

  #at(entry: number): PeerRequest {
    const at = entry * width
    return { piece: this.#cells[at] ?? 0, begin: this.#cells[at + 1] ?? 0, lengthBytes: this.#cells[at + 2] ?? 0 }
  }

  #makeRoom(): void {
    const { size } = this
    const old = this.#cells.subarray(this.#head * width, this.#tail * width)
    const room = Math.max(leastRoom, size * 2)
    if (room * width > this.#cells.length) this.#cells = new Int32Array(room * width)
    this.#cells.set(old)
    this.#head = 0
    this.#tail = size
  }
}
