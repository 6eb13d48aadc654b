import { canonicalHost } from '../ports/endpoint.js'

/** Hosts that are kept away for some time. One list serves a whole session. Times are monotonic ms. */
export class BanList {
  readonly #untilMs = new Map<string, number>()
  readonly #limit: number

  /** With `limit` hosts in it, the ban that ends first makes room for a new one. */
  constructor(limit = 10_000) {
    this.#limit = limit
  }

  /** How many hosts it holds, bans that are over included until they are met. */
  get size(): number {
    return this.#untilMs.size
  }

  /** Bans an address, in any spelling; a shorter ban does not cut a longer one short. */
  ban(host: string, untilMs: number): void {
    const name = canonicalHost(host)
    if (!this.#untilMs.has(name) && this.#untilMs.size >= this.#limit) this.#dropEarliest()
    this.#untilMs.set(name, Math.max(untilMs, this.#untilMs.get(name) ?? -Infinity))
  }

  isBanned(host: string, nowMs: number): boolean {
    if (this.#untilMs.size === 0) return false
    const name = canonicalHost(host)
    const untilMs = this.#untilMs.get(name)
    if (untilMs === undefined) return false
    if (nowMs < untilMs) return true
    this.#untilMs.delete(name)
    return false
  }

  /** Ends a ban; false if there was none. */
  lift(host: string): boolean {
    return this.#untilMs.delete(canonicalHost(host))
  }

  #dropEarliest(): void {
    let earliest: string | undefined
    for (const [host, untilMs] of this.#untilMs) {
      if (earliest === undefined || untilMs < (this.#untilMs.get(earliest) ?? Infinity)) earliest = host
    }
    if (earliest !== undefined) this.#untilMs.delete(earliest)
  }
}
