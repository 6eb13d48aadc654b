import type { Decisions, Effects } from '../torrent/effects.js'
import type { TorrentView } from '../ports/views.js'
import { chokeRound } from '../torrent/choke-round.js'
import { keepHouse } from '../torrent/housekeeping.js'
import type { Torrent } from '../torrent/torrent.js'
import type { TorrentContext } from './context.js'
import type { Entrance } from './entrance.js'
import type { OwnLimits } from './torrent-limits.js'

const chokeEveryMs = 10_000
const chokeApartMs = 1_000
const houseEveryMs = 1_000
const havesEveryMs = 200
const limitedEveryMs = 100

export interface RoundParts {
  readonly context: TorrentContext
  readonly torrent: Torrent
  readonly decisions: Decisions
  readonly effects: Effects
  readonly entrance: Entrance
  readonly limits: OwnLimits
  readonly view: () => TorrentView
}

/** What is done again and again while a torrent has peers, and when: haves, choke rounds, housekeeping, rate limits. */
export class Rounds {
  readonly #parts: RoundParts
  #nextChokeMs = 0
  #lastChokeMs = -Infinity
  #nextHouseMs = 0
  #nextHavesMs = 0
  /** Some peer has a rate of its own. */
  #isPaced = false

  constructor(parts: RoundParts) {
    this.#parts = parts
  }

  /** A round as soon as one may be. */
  chokeSoon(): void {
    const { nowMs } = this.#parts.context.turns
    this.#nextChokeMs = Math.min(this.#nextChokeMs, Math.max(nowMs, this.#lastChokeMs + chokeApartMs))
    this.#parts.context.wake()
  }

  /** What is due now; called from the engine's tick. */
  tick(): void {
    const { torrent, effects, entrance } = this.#parts
    const { nowMs } = this.#parts.context.turns
    if (nowMs >= this.#nextHavesMs && this.#parts.torrent.showing.hasNews) {
      this.#parts.torrent.showing.tellHaves()
      this.#nextHavesMs = nowMs + havesEveryMs
    }
    if (this.#parts.torrent.peers.size === 0) return
    if (nowMs >= this.#nextChokeMs) this.#choke(nowMs)
    if (nowMs >= this.#nextHouseMs) {
      this.#nextHouseMs = nowMs + houseEveryMs
      this.#parts.context.reclaim()
      keepHouse(torrent, effects, nowMs)
      entrance.makeRoom(nowMs)
    } else if (this.#isLimited) {
      this.#parts.torrent.requests.markAll()
    } else if (this.#isPaced) {
      this.#parts.torrent.requests.markWaiting()
    }
  }

  #choke(nowMs: number): void {
    const { context } = this.#parts
    this.#nextChokeMs = nowMs + chokeEveryMs
    // A round without anybody in it is none: the first who becomes interested need not wait for the next.
    const peers = [...this.#parts.torrent.peers.values()]
    if (this.#parts.torrent.ledger === undefined || !peers.some((peer) => peer.isInterested || !peer.amChoking)) return
    this.#lastChokeMs = nowMs
    const slots = context.slotsFor(this.#parts.view().id)
    const input = {
      peers: this.#parts.torrent.peers.values(),
      slots,
      seeding: this.#parts.torrent.isWhole,
      uploadLimit: least(context.up.rate, this.#parts.limits.up.rate),
      nowMs,
    }
    this.#isPaced = chokeRound(input, this.#parts.decisions, this.#parts.effects)
  }

  get #isLimited(): boolean {
    const { down, up } = this.#parts.limits
    return [this.#parts.context.down, this.#parts.context.up, down, up].some(({ rate }) => rate !== undefined)
  }

  /** When `tick` has something to do. */
  nextDeadlineMs(): number {
    if (this.#parts.torrent.showing.hasNews) return this.#nextHavesMs
    if (this.#parts.torrent.peers.size === 0) return Infinity
    if (this.#isLimited || this.#isPaced) return this.#parts.context.turns.nowMs + limitedEveryMs
    return Math.min(this.#nextHouseMs, this.#nextChokeMs)
  }
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
}
