/**
 * A token bucket in bytes. It fills at `rate` up to a quarter of a second's worth (at least one block), and may go into
 * debt: what was taken beyond the tokens delays what comes next, so that the mean rate holds.
 */
const burstSeconds = 0.25
const leastBurstBytes = 16_384
const mostOwedSeconds = 10

export class TokenBucket {
  #rate: number | undefined
  #tokens: number
  #atMs: number

  /** `bytesPerSecond` undefined or `Infinity` = unlimited. */
  constructor(bytesPerSecond: number | undefined, nowMs: number) {
    this.#rate = finite(bytesPerSecond)
    this.#atMs = nowMs
    this.#tokens = this.#burst
  }

  get rate(): number | undefined {
    return this.#rate
  }

  /**
   * Another rate from now on. `owedBytes` are on their way already, and while there was no rate nobody was charged for them:
   * the first rate begins with that debt. It is at most ten seconds' worth, so that a low rate is not a long silence.
   */
  setRate(bytesPerSecond: number | undefined, nowMs: number, owedBytes = 0): void {
    const wasUnlimited = this.#rate === undefined
    this.#fill(nowMs)
    this.#rate = finite(bytesPerSecond)
    this.#tokens = wasUnlimited
      ? this.#burst - Math.min(owedBytes, (this.#rate ?? 0) * mostOwedSeconds)
      : Math.min(this.#tokens, this.#burst)
  }

  /** Bytes that may be taken now; negative = debt; `Infinity` without a limit. */
  available(nowMs: number): number {
    if (this.#rate === undefined) return Infinity
    this.#fill(nowMs)
    return this.#tokens
  }

  /** Takes bytes, beyond what is available if need be. */
  take(lengthBytes: number, nowMs: number): void {
    if (this.#rate === undefined) return
    this.#fill(nowMs)
    this.#tokens -= lengthBytes
  }

  /** Gives back what was taken for nothing. */
  refund(lengthBytes: number): void {
    if (this.#rate !== undefined) this.#tokens = Math.min(this.#burst, this.#tokens + lengthBytes)
  }

  /** When something is available again; `nowMs` if it is. */
  readyAtMs(nowMs: number): number {
    const available = this.available(nowMs)
    return available > 0 || this.#rate === undefined ? nowMs : nowMs + (1 - available) / (this.#rate / 1_000)
  }

  get #burst(): number {
    return Math.max(leastBurstBytes, (this.#rate ?? 0) * burstSeconds)
  }

  #fill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#atMs)
    this.#atMs = nowMs
    if (this.#rate !== undefined) this.#tokens = Math.min(this.#burst, this.#tokens + (this.#rate * elapsedMs) / 1_000)
  }
}

function finite(bytesPerSecond: number | undefined): number | undefined {
  return bytesPerSecond === Infinity ? undefined : bytesPerSecond
}
