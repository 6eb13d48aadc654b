import { encodeMessage, type MetadataMessage, pieceBytes, pieceCountOf } from './protocol.js'

/** Requests of one peer that wait because it does not read what it was sent. */
const mostWaiting = 256
/** A peer may ask for the whole twice a minute, and for as much at least. */
const leastAllowance = 64
const allowanceMs = 60_000
/** Refusals of one peer before it is taken for a flood. */
const mostRefusals = 1_000

/** What comes of a request. `flood`: the peer should go. */
export type Admission = 'waiting' | 'rejected' | 'flood'

/**
 * Answers one peer's requests for metadata (BEP 9, "flood protection"): pieces as fast as it reads them, up to twice the
 * whole in a minute; what is beyond that, or not there, is rejected.
 */
export class Serving {
  /** Somebody sees to what waits. */
  isBusy = false
  readonly #send: (payload: Uint8Array) => boolean
  readonly #waiting: number[] = []
  #allowance: number | undefined
  #allowedAtMs = 0
  #refusals = 0

  constructor(send: (payload: Uint8Array) => boolean) {
    this.#send = send
  }

  /** `sizeBytes` is `undefined` while we have no metadata ourselves. What is not rejected waits for `resume`. */
  request(piece: number, sizeBytes: number | undefined, nowMs: number): Admission {
    // It may take a moment until it is gone: nothing is said to it any more.
    if (this.#refusals >= mostRefusals) return 'flood'
    const isThere = sizeBytes !== undefined && piece < pieceCountOf(sizeBytes)
    if (!isThere || this.#waiting.length >= mostWaiting || !this.#mayAsk(sizeBytes, nowMs)) {
      this.#reject(piece)
      return 'rejected'
    }
    this.#waiting.push(piece)
    return 'waiting'
  }

  #reject(piece: number): void {
    this.#send(encodeMessage({ type: 'reject', piece }))
    this.#refusals++
  }

  /** Sends what waits; false if the peer has to read first. Without `info` all of it is rejected. */
  resume(info: Uint8Array | undefined): boolean {
    if (info === undefined) {
      for (const piece of this.#waiting.splice(0)) this.#reject(piece)
      return true
    }
    while (this.#waiting.length > 0) {
      const [piece = 0] = this.#waiting
      const begin = piece * pieceBytes
      const bytes = info.subarray(begin, begin + pieceBytes)
      const message: MetadataMessage = { type: 'data', piece, totalBytes: info.length, bytes }
      if (!this.#send(encodeMessage(message))) return false
      this.#waiting.shift()
    }
    return true
  }

  #mayAsk(sizeBytes: number, nowMs: number): boolean {
    const most = Math.max(leastAllowance, 2 * pieceCountOf(sizeBytes))
    const refill = ((nowMs - this.#allowedAtMs) * most) / allowanceMs
    this.#allowance = Math.min(most, (this.#allowance ?? most) + refill)
    this.#allowedAtMs = nowMs
    if (this.#allowance < 1) return false
    this.#allowance--
    return true
  }
}
