import type { TorrentState, TorrentView } from '../ports/views.js'
import type { Lane } from '../torrent/queue.js'
import { seedGoal, SeedingTime, type SeedLimits, seedLimits } from '../torrent/seed-goal.js'
import { Slowness } from '../torrent/slowness.js'
import type { SessionLimits } from './api.js'
import type { Queueable, Queueing } from './queueing.js'

export interface TurnParts<T extends Queueable> {
  readonly torrent: T
  readonly queue: Queueing<T>
  readonly view: TorrentView
  nowMs(): number
  isWhole(): boolean
  ownLimits(): SeedLimits
  sessionLimits(): SessionLimits
  /** Of all sessions. */
  totals(): { readonly uploadedBytes: number; readonly seedingMs: number }
}

/**
 * Whether it is a torrent's turn, and until when: its wish to work in the queue, its turn that it lends while it transfers
 * next to nothing, and the limits at which it has seeded enough.
 */
export class TorrentTurn<T extends Queueable> {
  readonly #parts: TurnParts<T>
  readonly #seeding = new SeedingTime()
  readonly #slowness = new Slowness()
  /** What it works at. */
  #lane: Lane | undefined

  constructor(parts: TurnParts<T>) {
    this.#parts = parts
  }

  /** It wants to work; the queue says at once whether it may. */
  enter(): void {
    const { queue, torrent, isWhole } = this.#parts
    queue.enter(torrent, isWhole() ? 'seed' : 'download')
  }

  changed(state: TorrentState): void {
    const { queue, torrent, nowMs } = this.#parts
    this.#seeding.run(state === 'seeding', nowMs())
    if (state === 'paused' || state === 'failed') queue.leave(torrent)
    const lane = laneOf(state, this.#lane)
    if (lane !== undefined && lane !== this.#lane) this.#slowness.began(nowMs(), this.#bytes(lane))
    this.#lane = lane
  }

  /** In this session. */
  seedingMs(nowMs: number): number {
    return this.#seeding.at(nowMs)
  }

  /** What a torrent in this lane is there for. */
  #bytes(lane: Lane): number {
    const { stats } = this.#parts.view
    return lane === 'seed' ? stats.uploadedBytes : stats.receivedBytes
  }

  /** Lends its turn while it is slow. */
  tick(): void {
    const { queue, torrent, nowMs } = this.#parts
    if (this.#lane === undefined || !this.#isLimited) return
    const isSlow = this.#slowness.look(nowMs(), this.#bytes(this.#lane))
    if (isSlow !== undefined) queue.lend(torrent, isSlow)
  }

  /** Somebody may wait for its turn. */
  get #isLimited(): boolean {
    const { activeDownloads, activeSeeds } = this.#parts.sessionLimits()
    return (this.#lane === 'seed' ? activeSeeds : activeDownloads) !== undefined
  }

  get #limits(): SeedLimits {
    return seedLimits(this.#parts.ownLimits(), this.#parts.sessionLimits())
  }

  /** The limit at which it has seeded enough, if it has. */
  goal(): TorrentView['pausedBy'] {
    const { totals, view } = this.#parts
    return seedGoal(this.#limits, { ...totals(), wantedBytes: view.stats.wantedBytes })
  }

  /** When it will have seeded for long enough, or is to be looked at. */
  get dueMs(): number {
    const lookMs = this.#lane !== undefined && this.#isLimited ? this.#slowness.dueMs : Infinity
    const { seedMs } = this.#limits
    const { view, nowMs, totals } = this.#parts
    if (view.state !== 'seeding' || seedMs === undefined) return lookMs
    return Math.min(lookMs, nowMs() + Math.max(0, seedMs - totals().seedingMs))
  }
}

/** One that the disk blocks is where it was. */
function laneOf(state: TorrentState, before: Lane | undefined): Lane | undefined {
  if (state === 'blocked') return before
  if (state === 'seeding') return 'seed'
  return state === 'downloading' || state === 'fetching-metadata' ? 'download' : undefined
}
