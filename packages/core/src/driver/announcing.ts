import type { Endpoint } from '../ports/endpoint.js'
import type { TrackerView, TorrentView } from '../ports/views.js'
import { AnnounceSchedule } from '../torrent/announce-schedule.js'
import { Announcer } from './announcer.js'
import type { EngineContext } from './context.js'
import type { TorrentTracer } from './torrent-tracer.js'

/** A download with fewer peers asks its trackers for more. */
const fewPeers = 5

export interface AnnouncingParts {
  readonly context: EngineContext
  readonly id: string
  readonly view: TorrentView
  readonly trace: TorrentTracer
  readonly infoHash: Uint8Array
  readonly trackers: readonly (readonly string[])[]
  found(endpoints: readonly Endpoint[]): void
  wake(): void
}

/** What the trackers of one torrent hear, and when: its schedule, and whoever carries it out. */
export class Announcing {
  readonly #parts: AnnouncingParts
  readonly #schedule: AnnounceSchedule
  readonly #announcer: Announcer
  /** Announces of `stopped` that are under way. */
  #stopped: Promise<unknown> = Promise.resolve()

  constructor(parts: AnnouncingParts) {
    const { context, view, infoHash, id } = parts
    this.#parts = parts
    this.#schedule = new AnnounceSchedule(parts.trackers, context.random.fork(`trackers/${id}`))
    const key = context.random.below(2 ** 32)
    this.#announcer = new Announcer({
      turns: context.turns,
      clock: context.clock,
      services: context.services,
      hooks: context.hooks,
      view,
      trace: parts.trace,
      schedule: this.#schedule,
      identity: () => ({ infoHash, peerId: context.peerId, key, private: view.private }),
      port: () => context.addresses()[0]?.port ?? 0,
      found: (endpoints) => parts.found(endpoints),
      wake: () => parts.wake(),
    })
  }

  get trackers(): readonly TrackerView[] {
    return this.#schedule.trackers
  }

  get urls(): readonly (readonly string[])[] {
    return this.#schedule.urls
  }

  /** The torrent is at work. Of many that start together each has its time. */
  start(): void {
    const isAlone = this.urls.length === 0
    this.#announcer.start(isAlone ? this.#nowMs : this.#parts.context.announces.next(this.#nowMs))
  }

  get #nowMs(): number {
    return this.#parts.context.turns.nowMs
  }

  /** At once: whoever watches `completed` may remove the torrent in the same turn. */
  completed(): void {
    this.#schedule.completed(this.#nowMs)
    this.#announcer.run()
  }

  /** The torrent leaves its swarm. */
  stop(): void {
    this.#stopped = Promise.all([this.#stopped, this.#announcer.stop()])
  }

  /** Every `stopped` has been heard, or given up. */
  async stopped(): Promise<void> {
    await this.#stopped
  }

  now(): void {
    this.#schedule.announceNow(this.#nowMs)
  }

  add(url: string, tier?: number): void {
    this.#schedule.add(url, tier)
  }

  remove(url: string): void {
    this.#schedule.remove(url, this.#nowMs)
  }

  /** Starts what is due. */
  tick(): void {
    this.#announcer.run(this.#isShortOfPeers)
  }

  nextDeadlineMs(): number {
    return this.#announcer.nextDeadlineMs(this.#isShortOfPeers)
  }

  get #isShortOfPeers(): boolean {
    const { state, stats } = this.#parts.view
    return (state === 'downloading' || state === 'fetching-metadata') && stats.peers < fewPeers
  }
}
