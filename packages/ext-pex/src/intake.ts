import type { IpEndpoint } from '@bitloom/core'
import { pexFlags, type PexMessage } from './protocol.js'
import { mayPass } from './told.js'

/** BEP 11 allows one message a minute; clients that are early by some seconds are common. */
const burst = 3
const everyMs = 30_000
/** Messages that are too many, or cannot be read, before the peer is taken for a flood. */
const mostFaults = 50
const mostOfFirst = 100
const mostOfLater = 50
/** Addresses that are taken of one connection in all. */
const mostInAll = 500

/** What of one peer's messages is believed, and how much. */
export class Intake {
  readonly #host: string
  #allowance = burst
  #allowedAtMs: number
  #taken = 0
  #faults = 0

  /** `host`: the address of the peer. */
  constructor(host: string, nowMs: number) {
    this.#host = host
    this.#allowedAtMs = nowMs
  }

  /** The peer sends too much to be honest. */
  get isFlood(): boolean {
    return this.#faults > mostFaults
  }

  /**
   * The addresses to take of a message; `undefined` is one that could not be read. `wantSeeds` false leaves out those that
   * are said to be seeds.
   */
  take(message: PexMessage | undefined, wantSeeds: boolean, nowMs: number): IpEndpoint[] {
    if (message === undefined || !this.#mayCome(nowMs)) {
      this.#faults++
      return []
    }
    const most = Math.min(this.#taken === 0 ? mostOfFirst : mostOfLater, mostInAll - this.#taken)
    const taken = message.added
      .filter(({ flags }) => wantSeeds || (flags & pexFlags.seed) === 0)
      .map(({ endpoint }) => endpoint)
      .filter((endpoint) => mayPass(endpoint, this.#host))
      .slice(0, most)
    this.#taken += taken.length
    return taken
  }

  #mayCome(nowMs: number): boolean {
    this.#allowance = Math.min(burst, this.#allowance + (nowMs - this.#allowedAtMs) / everyMs)
    this.#allowedAtMs = nowMs
    if (this.#allowance < 1) return false
    this.#allowance--
    return true
  }
}
