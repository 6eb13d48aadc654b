import type { Picker, PiecePicker, Random } from '@bitloom/core'
import { withoutAmbient } from '../kit/ambient.js'
import { broken, BrokenGuarantee, show } from '../kit/expect.js'
import { seededRandom } from '../kit/random.js'
import { type Misuse, ReferencePicks, type Taken } from './reference-picks.js'
import { type ReferencePeer, ReferenceTorrent } from './reference-torrent.js'

export interface DownloadSetting {
  readonly picker: PiecePicker
  readonly seed: string
  readonly pieceCount?: number
  readonly blocksPerPiece?: number
  /** Whether each take is compared with what a picker of good order would take. Default true; it costs much. */
  readonly judgesOrder?: boolean
}

/** One torrent with one picker, told what core tells a picker, and asked as core asks. Every pick is looked at. */
export class Download {
  readonly torrent: ReferenceTorrent
  readonly random: Random
  /** All that was taken, in order: what must be equal for equal seeds. */
  readonly taken: Taken[] = []
  /** What was wrong, in words, by what it was. */
  readonly faults: { readonly kind: Fault; readonly what: string }[] = []
  readonly #setting: DownloadSetting
  readonly #old: ReferencePicks[] = []
  #picker: Picker
  #picks = 0

  constructor(setting: DownloadSetting) {
    const { seed, pieceCount = 24, blocksPerPiece = 4 } = setting
    this.#setting = setting
    this.random = seededRandom(`${seed}/download`)
    this.torrent = new ReferenceTorrent({ pieceCount, blocksPerPiece })
    this.#picker = this.#create()
  }

  #create(): Picker {
    const { picker, seed } = this.#setting
    const view = this.torrent.view()
    const made = this.#call('create', () => picker.create(view, seededRandom(`${seed}/picker`)))
    if (typeof made?.pick !== 'function') broken(`create answered ${show(made)}, which cannot pick`)
    return made
  }

  /** What core does when a strategy is swapped, and when it makes the first one. */
  renew(): void {
    this.#picker = this.#create()
    this.reset()
  }

  changed(piece: number): void {
    this.#call('changed', () => this.#picker.changed?.(piece))
  }

  reset(): void {
    this.#call('reset', () => this.#picker.reset?.())
  }

  /** A refill of one peer. Answers what was taken. */
  pick(peer: ReferencePeer, budget: number): readonly Taken[] {
    const { torrent } = this
    const { judgesOrder = true } = this.#setting
    this.#picks++
    const picks = new ReferencePicks(torrent, peer, budget, (piece) => judgesOrder && this.#judge(peer, piece))
    this.#call('pick', () => this.#picker.pick(peer.view, picks))
    picks.end()
    this.#old.push(picks)
    this.taken.push(...picks.taken)
    if (picks.unused > 0) this.#expectNothingLeft(peer, picks.unused)
    return picks.taken
  }

  /** What was asked amiss, calls on picks that were over included. */
  get misuses(): readonly Misuse[] {
    return this.#old.flatMap(({ misuses }) => misuses)
  }

  #expectNothingLeft(peer: ReferencePeer, unused: number): void {
    const missed = this.torrent.askable(peer)
    if (missed.length === 0) return
    const where = missed.slice(0, 10).join(', ')
    this.#fault(
      'starved',
      `it stopped with ${unused} blocks of the budget unused, and the peer has free blocks of ${where}`,
    )
  }

  /** A piece is about to be taken from: is that what a picker of good order would do? */
  #judge(peer: ReferencePeer, piece: number): void {
    const { torrent } = this
    if (torrent.open.has(piece)) return
    const [partial] = torrent.partials(peer)
    if (partial !== undefined)
      this.#fault('begun', `it began piece ${piece} while piece ${partial} was begun and had free blocks`)
    const better = torrent
      .askable(peer)
      .find((other) => !torrent.open.has(other) && torrent.priority(other) > torrent.priority(piece))
    if (better === undefined) return
    const [taken, missed] = [torrent.priority(piece), torrent.priority(better)]
    this.#fault('priority', `it began piece ${piece} of priority ${taken} before piece ${better} of priority ${missed}`)
  }

  #fault(kind: Fault, what: string): void {
    this.faults.push({ kind, what: `${what} (pick ${this.#picks}, seed ${this.#setting.seed})` })
  }

  #call<T>(step: string, run: () => T): T {
    this.torrent.beginCall()
    try {
      return withoutAmbient(`the picker, in ${step}`, run)
    } catch (error) {
      const where = `in ${step}, pick ${this.#picks}, seed ${this.#setting.seed}`
      if (error instanceof BrokenGuarantee) broken(`${error.message} (${where})`)
      return broken(`the picker threw ${show(error)} (${where})`, error)
    }
  }
}

type Fault = 'starved' | 'priority' | 'begun'
