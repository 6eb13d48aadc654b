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

/** Requests of one remote, in the order they came. */
export class RequestInbox {
  #requests: PeerRequest[] = []

  get size(): number {
    return this.#requests.length
  }

  /** False when full. */
  add(piece: number, begin: number, lengthBytes: number): boolean {
    if (this.#requests.length >= capacity) return false
    this.#requests.push({ piece, begin, lengthBytes })
    return true
  }

  remove(piece: number, begin: number, lengthBytes: number): boolean {
    const at = this.#requests.findIndex((r) => r.piece === piece && r.begin === begin && r.lengthBytes === lengthBytes)
    if (at >= 0) this.#requests.splice(at, 1)
    return at >= 0
  }

  dropIf(test: (piece: number) => boolean, dropped: (request: PeerRequest) => void): void {
    if (this.#requests.length === 0) return
    const old = this.#requests
    this.#requests = old.filter((request) => !test(request.piece))
    for (const request of old) if (test(request.piece)) dropped(request)
  }

  /** Takes the oldest request and those that continue it, at most `maxBlocks` and `maxBytes` (one always fits). */
  nextRun(maxBlocks: number, maxBytes: number): Run | undefined {
    const [first] = this.#requests
    if (first === undefined) return undefined
    const lengths: number[] = []
    let lengthBytes = 0
    for (const request of this.#requests) {
      const continues = request.piece === first.piece && request.begin === first.begin + lengthBytes
      const fits = lengths.length < maxBlocks && lengthBytes + request.lengthBytes <= maxBytes
      if (lengths.length > 0 && !(continues && fits)) break
      lengths.push(request.lengthBytes)
      lengthBytes += request.lengthBytes
    }
    this.#requests.splice(0, lengths.length)
    return { piece: first.piece, begin: first.begin, lengths, lengthBytes }
  }
}
