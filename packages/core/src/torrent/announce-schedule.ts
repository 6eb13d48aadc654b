import { LazyMap } from '../bytes/lazy-collections.js'
import type { AnnounceAnswer, AnnounceEvent } from '../ports/tracker-client.js'
import type { Random } from '../ports/random.js'
import type { TrackerView } from '../ports/views.js'
import {
  announceTimes,
  isHealthy,
  owedEvent,
  readyAtMs,
  restart,
  takeAnswer,
  takeFailure,
  takeSkip,
  trackerSlot,
  type TrackerSlot,
} from './tracker-slot.js'

/** One announce to carry out. It is in flight until `succeeded`, `failed` or `skipped` is called with it. */
export interface AnnounceTask {
  readonly id: number
  /** The whole URL, secrets included. */
  readonly url: string
  /** Index of the tier, from 0. */
  readonly tier: number
  readonly event: AnnounceEvent | undefined
  /** What this tracker gave in an earlier answer. */
  readonly trackerId?: string
}

interface Flight {
  readonly slot: TrackerSlot
  readonly event: AnnounceEvent | undefined
  /** Which `start` it belongs to. */
  readonly run: number
  readonly startedAtMs: number
}

/** One walk over the tiers: it ends with the first good answer, or when nobody is left. */
interface Walk {
  readonly untried: TrackerSlot[]
  readonly flightIds: Set<number>
}

/**
 * When to announce to which tracker of one torrent (BEP 3, "tracker requests"; BEP 12; BEP 31). It only decides: the
 * owner carries out what `due` hands out and tells how it ended. Times are monotonic ms, handed in.
 *
 * Invariant: while running there is a walk, or `#nextWalkMs` says when the next one begins (`Infinity` = no tracker
 * may ever be asked again).
 */
export class AnnounceSchedule {
  /** Live, in the order the trackers were given, with redacted URLs. */
  readonly trackers: readonly TrackerView[]
  readonly #views: TrackerView[] = []
  readonly #tiers: TrackerSlot[][] = []
  readonly #random: Random
  readonly #flights = new LazyMap<number, Flight>()
  #state: 'idle' | 'running' | 'stopped' = 'idle'
  #run = 0
  #lastId = 0
  #walk: Walk | undefined
  #nextWalkMs = Infinity
  #stopping: { slots: TrackerSlot[]; sinceMs: number } | undefined

  /** Tiers of URLs, the first asked first; each is shuffled (BEP 12, "order of processing"). A URL given twice counts once. */
  constructor(tiers: readonly (readonly string[])[], random: Random) {
    this.#random = random
    this.trackers = this.#views
    for (const [tier, urls] of tiers.entries()) {
      for (const url of urls) this.#insert(url, tier)
      shuffle(this.#tiers[tier] ?? [], random)
    }
  }

  get isRunning(): boolean {
    return this.#state === 'running'
  }

  /** Begins to announce: every tracker gets `started` first. No effect while running. */
  start(nowMs: number): void {
    if (this.#state === 'running') return
    this.#state = 'running'
    this.#run++
    this.#stopping = undefined
    for (const slot of this.#slots()) restart(slot)
    this.#nextWalkMs = nowMs
  }

  /** The last wanted piece came while running: trackers that saw us download are told once, without regard to `min interval`. */
  completed(nowMs: number): void {
    if (this.#state !== 'running') return
    let owed = false
    for (const slot of this.#slots()) {
      const flight = slot.flightId === undefined ? undefined : this.#flights.get(slot.flightId)
      slot.owesCompleted = slot.announced || flight?.event === 'started'
      owed ||= slot.owesCompleted
    }
    if (owed && this.#walk === undefined) this.#nextWalkMs = nowMs
  }

  /** Ends all announcing but a `stopped` to each tracker that took a `started`. */
  stop(nowMs: number): void {
    if (this.#state !== 'running') return
    this.#state = 'stopped'
    this.#walk = undefined
    this.#nextWalkMs = Infinity
    this.#stopping = { slots: [...this.#slots()].filter(mayBeTold), sinceMs: nowMs }
  }

  /** A user asks for an announce: as soon as `min interval` allows; our own back-off is cut short, a tracker's wish is not. */
  announceNow(nowMs: number): void {
    for (const slot of this.#slots()) {
      if (slot.retryIsTheirs) continue
      slot.retryAtMs = Math.min(slot.retryAtMs, Math.max(nowMs, slot.askedAtMs + slot.minIntervalMs))
    }
    this.wantPeers(nowMs)
  }

  /** The torrent is short of peers: the next announce comes as soon as `min interval` and back-off allow. */
  wantPeers(nowMs: number): void {
    if (this.#state !== 'running' || this.#walk !== undefined) return
    const current = this.#current()
    const readyMs = current === undefined ? this.#firstReadyMs() : readyAtMs(current)
    this.#nextWalkMs = Math.min(this.#nextWalkMs, Math.max(nowMs, readyMs))
  }

  /** What to carry out now; each task is in flight from here on. */
  due(nowMs: number): AnnounceTask[] {
    const tasks: AnnounceTask[] = []
    for (const slot of this.#stopping?.slots ?? []) tasks.push(this.#launch(slot, 'stopped', nowMs))
    this.#stopping = undefined
    if (this.#state !== 'running') return tasks
    if (this.#walk === undefined && nowMs >= this.#nextWalkMs) this.#beginWalk(nowMs)
    const walk = this.#walk
    if (walk !== undefined && nowMs >= this.#nextStepMs(walk)) {
      const slot = walk.untried.shift()
      if (slot !== undefined) tasks.push(this.#launch(slot, owedEvent(slot), nowMs, walk))
    }
    return tasks
  }

  /** The tracker answered, in time or late. */
  succeeded(task: AnnounceTask, answer: AnnounceAnswer, nowMs: number): void {
    const flight = this.#land(task)
    if (flight === undefined) return
    takeAnswer(flight.slot, answer, nowMs)
    if (flight.event === 'started') flight.slot.announced = true
    this.#done(flight, nowMs)
  }

  /** A plugin left the announce out: it counts as done, but the tracker does not know us by it. */
  skipped(task: AnnounceTask, nowMs: number): void {
    const flight = this.#land(task)
    if (flight === undefined) return
    takeSkip(flight.slot, nowMs)
    this.#done(flight, nowMs)
  }

  /** The tracker refused or could not be asked. TRACKER_UNSUPPORTED and a `retryInMs` of `Infinity` are for good. */
  failed(task: AnnounceTask, error: Error, nowMs: number): void {
    const flight = this.#land(task)
    if (flight === undefined) return
    takeFailure(flight.slot, error, this.#random, nowMs)
    if (this.#walk === undefined) this.#nextWalkMs = Math.min(this.#nextWalkMs, this.#afterWalkMs(nowMs))
    else this.#endWalkIfOver(this.#walk, nowMs)
  }

  /** When `due` will have something; may lie in the past, `Infinity` if only a settlement can change anything. */
  nextDeadlineMs(): number {
    if (this.#stopping !== undefined && this.#stopping.slots.length > 0) return this.#stopping.sinceMs
    if (this.#state !== 'running') return Infinity
    return this.#walk === undefined ? this.#nextWalkMs : this.#nextStepMs(this.#walk)
  }

  /** One more tracker, at the end of a tier; default: a new last tier. A known URL has no effect. */
  add(url: string, tier = this.#tiers.length): void {
    const slot = this.#insert(url, Math.min(tier, this.#tiers.length))
    if (slot === undefined || this.#state !== 'running') return
    if (this.#walk !== undefined) this.#walk.untried.push(slot)
    else if (this.#current() === undefined) this.#nextWalkMs = -Infinity
  }

  /** One tracker fewer; it hears `stopped` if it knows us. An unknown URL has no effect. */
  remove(url: string, nowMs: number): void {
    const slot = [...this.#slots()].find((one) => one.url === url)
    if (slot === undefined) return
    take(this.#tiers[slot.tier] ?? [], slot)
    take(this.#views, slot.view)
    if (this.#walk !== undefined) take(this.#walk.untried, slot)
    this.#tellStopped(slot, nowMs)
    if (this.#state !== 'running') return
    if (this.#walk === undefined) this.#nextWalkMs = Math.min(this.#nextWalkMs, this.#afterWalkMs(nowMs))
    else this.#endWalkIfOver(this.#walk, nowMs)
  }

  /** As they were given, in their tiers, the first asked first. */
  get urls(): readonly (readonly string[])[] {
    return this.#tiers.filter((tier) => tier.length > 0).map((tier) => tier.map(({ url }) => url))
  }

  #tellStopped(slot: TrackerSlot, nowMs: number): void {
    if (mayBeTold(slot)) this.#stopping = { slots: [...(this.#stopping?.slots ?? []), slot], sinceMs: nowMs }
  }

  #insert(url: string, tier: number): TrackerSlot | undefined {
    while (this.#tiers.length <= tier) this.#tiers.push([])
    for (const slot of this.#slots()) if (slot.url === url) return undefined
    const slot = trackerSlot(url, tier)
    this.#tiers[tier]?.push(slot)
    this.#views.push(slot.view)
    return slot
  }

  *#slots(): Generator<TrackerSlot> {
    for (const tier of this.#tiers) yield* tier
  }

  /** The tracker that the regular announces go to. */
  #current(): TrackerSlot | undefined {
    for (const slot of this.#slots()) if (isHealthy(slot)) return slot
    return undefined
  }

  #firstReadyMs(): number {
    let firstMs = Infinity
    for (const slot of this.#slots()) if (slot.flightId === undefined) firstMs = Math.min(firstMs, readyAtMs(slot))
    return firstMs
  }

  #beginWalk(nowMs: number): void {
    const untried = [...this.#slots()].filter((slot) => slot.flightId === undefined && readyAtMs(slot) <= nowMs)
    this.#walk = { untried, flightIds: new Set() }
    this.#endWalkIfOver(this.#walk, nowMs)
  }

  /** The next of a walk is asked when nobody is, or when the newest one asked keeps us waiting. */
  #nextStepMs(walk: Walk): number {
    if (walk.untried.length === 0) return Infinity
    let stepMs = -Infinity
    for (const id of walk.flightIds) {
      stepMs = Math.max(stepMs, (this.#flights.get(id)?.startedAtMs ?? -Infinity) + announceTimes.patienceMs)
    }
    return stepMs
  }

  #launch(slot: TrackerSlot, event: AnnounceEvent | undefined, nowMs: number, walk?: Walk): AnnounceTask {
    const id = ++this.#lastId
    this.#flights.set(id, { slot, event, run: this.#run, startedAtMs: nowMs })
    walk?.flightIds.add(id)
    slot.flightId = id
    slot.askedAtMs = nowMs
    slot.view.state = 'announcing'
    // A `started` sent after completion says left = 0 already: this tracker never saw us download.
    if (event === 'started') slot.owesCompleted = false
    if (event === 'stopped') slot.announced = false
    const trackerId = slot.trackerId === undefined ? {} : { trackerId: slot.trackerId }
    return { id, url: slot.url, tier: slot.tier, event, ...trackerId }
  }

  /** The flight of a settled task, if it still means something: an answer to `stopped` or to an earlier run does not. */
  #land(task: AnnounceTask): Flight | undefined {
    const flight = this.#flights.get(task.id)
    if (flight === undefined) return undefined
    this.#flights.delete(task.id)
    this.#walk?.flightIds.delete(task.id)
    if (flight.slot.flightId === task.id) {
      flight.slot.flightId = undefined
      flight.slot.view.state = 'idle'
    }
    return flight.run === this.#run && flight.event !== 'stopped' ? flight : undefined
  }

  #done(flight: Flight, nowMs: number): void {
    const { slot, event } = flight
    if (event === 'completed') slot.owesCompleted = false
    const tier = this.#tiers[slot.tier] ?? []
    const isRemoved = !tier.includes(slot)
    // Its `started` came through after all, so it must hear that we are gone.
    if ((this.#state === 'stopped' || isRemoved) && event === 'started') this.#tellStopped(slot, nowMs)
    if (this.#state === 'stopped') return
    if (isRemoved) {
      if (this.#walk !== undefined) this.#endWalkIfOver(this.#walk, nowMs)
      return
    }
    take(tier, slot)
    tier.unshift(slot)
    this.#walk = undefined
    this.#nextWalkMs = this.#afterWalkMs(nowMs)
  }

  #endWalkIfOver(walk: Walk, nowMs: number): void {
    if (walk.untried.length > 0 || walk.flightIds.size > 0) return
    this.#walk = undefined
    this.#nextWalkMs = this.#afterWalkMs(nowMs)
  }

  #afterWalkMs(nowMs: number): number {
    const current = this.#current()
    if (current === undefined) return Math.max(nowMs, this.#firstReadyMs())
    return current.owesCompleted ? Math.max(nowMs, readyAtMs(current)) : (current.nextAtMs ?? nowMs)
  }
}

function mayBeTold(slot: TrackerSlot): boolean {
  return slot.announced && slot.retryAtMs !== Infinity
}

function take<T>(list: T[], item: T): void {
  const at = list.indexOf(item)
  if (at >= 0) list.splice(at, 1)
}

function shuffle<T>(list: T[], random: Random): void {
  for (let last = list.length - 1; last > 0; last--) {
    const other = random.below(last + 1)
    const [a, b] = [list[last], list[other]]
    if (a !== undefined && b !== undefined) [list[last], list[other]] = [b, a]
  }
}
