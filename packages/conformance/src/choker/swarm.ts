import type { ChokeFacts, ChokeRound, Choker, PeerView, Random, Unchoke } from '@bitloom/core'
import { withoutAmbient } from '../kit/ambient.js'
import { broken, BrokenGuarantee, show } from '../kit/expect.js'
import { seededRandom } from '../kit/random.js'
import { contentView, peerView, torrentView } from '../kit/views.js'
import { contentOf } from '../storage/content.js'

/** An interested peer: what it gives while we unchoke it, and what it takes. */
export interface Actor {
  readonly view: PeerView
  readonly givesPerSecond: number
  readonly takesPerSecond: number
  readonly isSnubbed: boolean
  readonly connectedAtMs: number
  uploadedBytes: number
  downloadedBytes: number
  unchokedAtMs: number | undefined
}

export interface ChokeSwarmSetting {
  readonly choker: Choker
  readonly seed: string
  readonly slots: number
  readonly seeding: boolean
  readonly uploadLimit?: number
}

const content = contentView(contentOf([{ path: 'file', lengthBytes: 40_000_000 }], 262_144))

/** One torrent with one choker, asked round by round as core asks, and obeyed as core obeys. */
export class ChokeSwarm {
  readonly actors: Actor[] = []
  readonly random: Random
  /** The list of every round, as keys of peers with reasons and rates: what must be equal for equal seeds. */
  readonly lists: string[] = []
  readonly #setting: ChokeSwarmSetting
  readonly #choose: (round: ChokeRound) => readonly Unchoke[]
  nowMs = 50_000
  seeding: boolean
  #nextKey = 0

  constructor(setting: ChokeSwarmSetting) {
    this.#setting = setting
    this.seeding = setting.seeding
    this.random = seededRandom(`${setting.seed}/swarm`)
    const { choker, seed } = setting
    const { actors } = this
    const torrent = torrentView({
      content,
      state: setting.seeding ? 'seeding' : 'downloading',
      choker: choker.name,
      get peers() {
        return actors.map(({ view }) => view)
      },
    })
    this.#choose = this.#call('create', () => choker.create(torrent, seededRandom(`${seed}/choker`)))
    if (typeof this.#choose !== 'function') broken(`create answered ${show(this.#choose)}, expected a function`)
  }

  join(facts: { readonly gives?: number; readonly takes?: number; readonly isSnubbed?: boolean } = {}): Actor {
    const { gives = 0, takes = 20_000, isSnubbed = false } = facts
    const actor: { -readonly [K in keyof Actor]: Actor[K] } = {
      view: peerView(0),
      givesPerSecond: gives,
      takesPerSecond: takes,
      isSnubbed,
      connectedAtMs: this.nowMs,
      uploadedBytes: 0,
      downloadedBytes: 0,
      unchokedAtMs: undefined,
    }
    actor.view = peerView(++this.#nextKey, {
      connectedAtMs: this.nowMs,
      snubbed: isSnubbed,
      get amChoking() {
        return actor.unchokedAtMs === undefined
      },
      get uploadedBytes() {
        return actor.uploadedBytes
      },
      get downloadedBytes() {
        return actor.downloadedBytes
      },
      get downRate() {
        return rates(actor).downRate
      },
      get upRate() {
        return rates(actor).upRate
      },
    })
    this.actors.push(actor)
    return actor
  }

  leave(actor: Actor): void {
    this.actors.splice(this.actors.indexOf(actor), 1)
  }

  /** What the choker is asked next. */
  question(): ChokeRound {
    const { slots, uploadLimit } = this.#setting
    const candidates = this.actors.map((actor): ChokeFacts => ({
      peer: actor.view,
      ...rates(actor),
      theyUnchokeUs: actor.givesPerSecond > 0,
      unchokedAtMs: actor.unchokedAtMs,
      connectedAtMs: actor.connectedAtMs,
      snubbed: actor.isSnubbed,
    }))
    return { nowMs: this.nowMs, slots, seeding: this.seeding, uploadLimit, candidates }
  }

  /** A round, and `stepMs` of what follows from it. Answers the whole list. */
  round(stepMs = 10_000): readonly Unchoke[] {
    const list = this.ask(this.question())
    const unchoked = new Set(list.slice(0, this.#setting.slots).map(({ peer }) => peer))
    for (const actor of this.actors) {
      actor.unchokedAtMs = unchoked.has(actor.view) ? (actor.unchokedAtMs ?? this.nowMs) : undefined
      const { upRate, downRate } = rates(actor)
      actor.uploadedBytes += (upRate * stepMs) / 1_000
      actor.downloadedBytes += (downRate * stepMs) / 1_000
    }
    this.nowMs += stepMs
    return list
  }

  /** Asks and obeys nothing. */
  ask(round: ChokeRound): readonly Unchoke[] {
    const list = this.#call('a round', () => this.#choose(round))
    if (!Array.isArray(list)) return broken(`a round answered ${show(list)}, expected a list (${this.where})`)
    this.lists.push(
      list
        .map(
          ({ peer, reason, uploadBytesPerSecond }: Unchoke) => `${peer?.key} ${reason} ${uploadBytesPerSecond ?? ''}`,
        )
        .join(', '),
    )
    return list
  }

  /** Which round of which seed, for messages. */
  get where(): string {
    const { seed, slots } = this.#setting
    return `round ${this.lists.length}, ${slots} slots, ${this.seeding ? 'seeding' : 'downloading'}, seed ${seed}`
  }

  #call<T>(step: string, run: () => T): T {
    try {
      return withoutAmbient(`the choker, in ${step},`, run)
    } catch (error) {
      if (error instanceof BrokenGuarantee) throw error
      return broken(`the choker threw ${show(error)} in ${step} (${this.where})`, error)
    }
  }
}

/** A peer gives what it gives whether or not we unchoke it: only so can a choker find out who gives. */
function rates({ givesPerSecond, takesPerSecond, unchokedAtMs, isSnubbed }: Actor): {
  downRate: number
  upRate: number
} {
  return { downRate: isSnubbed ? 0 : givesPerSecond, upRate: unchokedAtMs === undefined ? 0 : takesPerSecond }
}
