import { encodeMessage, type MetadataMessage, pieceBytes, pieceCountOf } from './protocol.js'

/** Requests of one peer that wait because it does not read what it was sent. */
const mostWaiting = 256
/** A peer may ask for the whole twice a minute, and for as much at least. */
const leastAllowance = 64
const allowanceMs = 60_000
/** Refusals of one peer before it is taken for a flood. */
const mostRefusals = 1_000

/** What comes of a request. `flood`: the peer should go. */
export type ServingResult = 'fine' | 'waiting' | 'flood'

/**
 * Answers one peer's requests for metadata (BEP 9, "flood protection"): pieces as fast as it reads them, up to twice the
 * whole in a minute; what is beyond that, or not there, is rejected.
 */
export class Serving {
  readonly #send: (payload: Uint8Array) => boolean
  readonly #waiting: number[] = []
  #allowance: number | undefined
  #allowedAtMs = 0
  #refusals = 0

  constructor(send: (payload: Uint8Array) => boolean) {
    this.#send = send
  }

  /** `info` is `undefined` while we have no metadata ourselves. */
  request(piece: number, info: Uint8Array | undefined, nowMs: number): ServingResult {
    // It may take a moment until it is gone: nothing is said to it any more.
    if (this.#refusals >= mostRefusals) return 'flood'
    const isThere = info !== undefined && piece < pieceCountOf(info.length)
    if (!isThere || this.#waiting.length >= mostWaiting || !this.#mayAsk(info.length, nowMs)) {
      this.#send(encodeMessage({ type: 'reject', piece }))
      this.#refusals++
      return 'fine'
    }
    this.#waiting.push(piece)
    return this.resume(info)
  }

  /** Sends what waits, as far as it can be sent. */
  resume(info: Uint8Array | undefined): ServingResult {
    if (info === undefined) return 'fine'
    while (this.#waiting.length > 0) {
      const [piece = 0] = this.#waiting
      const begin = piece * pieceBytes
      const bytes = info.subarray(begin, begin + pieceBytes)
      const message: MetadataMessage = { type: 'data', piece, totalBytes: info.length, bytes }
      if (!this.#send(encodeMessage(message))) return 'waiting'
      this.#waiting.shift()
    }
    return 'fine'
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
