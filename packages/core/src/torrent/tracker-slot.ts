import { isBitloomError } from '../bytes/errors.js'
import { type AnnounceAnswer, type AnnounceEvent, redactUrl } from '../ports/tracker-client.js'
import type { Random } from '../ports/random.js'
import type { TrackerView } from '../ports/views.js'

/** Seconds and minutes of the announce rules, in ms. LIMITS, "Trackers and URLs". */
export const announceTimes = {
  defaultIntervalMs: 1_800_000,
  lowestIntervalMs: 60_000,
  highestIntervalMs: 86_400_000,
  /** What is kept to where a tracker names no `min interval`. */
  defaultMinIntervalMs: 60_000,
  lowestMinIntervalMs: 15_000,
  firstBackOffMs: 30_000,
  highestBackOffMs: 3_600_000,
  /** A tracker that has not answered for so long gets company by the next one. */
  patienceMs: 15_000,
} as const

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * What is known of one tracker of one torrent. Times are monotonic ms.
 * Invariant: `nextAtMs` is defined from the first good (or skipped) announce after `start` on.
 */
export interface TrackerSlot {
  readonly url: string
  readonly tier: number
  readonly view: Writable<TrackerView>
  trackerId: string | undefined
  /** It took a `started` and no `stopped` since. */
  announced: boolean
  /** It saw us as a downloader, and the torrent is complete by now. */
  owesCompleted: boolean
  /** Failures in a row. */
  failures: number
  /** Not before, after a failure. `Infinity` = never again. */
  retryAtMs: number
  /** `retryAtMs` is the tracker's own wish (BEP 31), so a user's impatience does not shorten it. */
  retryIsTheirs: boolean
  /** Not before, by `min interval`; events may. */
  earliestMs: number
  /** When the regular announce is due. */
  nextAtMs: number | undefined
  askedAtMs: number
  minIntervalMs: number
  /** The announce on its way that the walk waits for. */
  flightId: number | undefined
}

/** A tracker that was never asked. */
export function trackerSlot(url: string, tier: number): TrackerSlot {
  return {
    url,
    tier,
    view: {
      url: redactUrl(url),
      tier,
      state: 'idle',
      peers: 0,
      message: undefined,
      seeders: undefined,
      leechers: undefined,
    },
    trackerId: undefined,
    announced: false,
    owesCompleted: false,
    failures: 0,
    retryAtMs: -Infinity,
    retryIsTheirs: false,
    earliestMs: -Infinity,
    nextAtMs: undefined,
    askedAtMs: -Infinity,
    minIntervalMs: announceTimes.defaultMinIntervalMs,
    flightId: undefined,
  }
}

/** Its last announce went well, or was left out by a plugin, and it does not keep us waiting now. */
export function isHealthy(slot: TrackerSlot): boolean {
  return slot.failures === 0 && slot.nextAtMs !== undefined && slot.flightId === undefined
}

/** The event its next announce carries (BEP 3, "tracker requests"). */
export function owedEvent(slot: TrackerSlot): AnnounceEvent | undefined {
  if (!slot.announced) return 'started'
  return slot.owesCompleted ? 'completed' : undefined
}

/** The earliest time it may be asked again: failures hold back everything, `min interval` only announces without news. */
export function readyAtMs(slot: TrackerSlot): number {
  return owedEvent(slot) === undefined ? Math.max(slot.retryAtMs, slot.earliestMs) : slot.retryAtMs
}

/** Forgets what an earlier run of the torrent left, except what the tracker itself asked for. */
export function restart(slot: TrackerSlot): void {
  slot.announced = false
  slot.owesCompleted = false
  slot.nextAtMs = undefined
  slot.flightId = undefined
  slot.view.state = 'idle'
  if (slot.retryIsTheirs) return
  slot.failures = 0
  slot.retryAtMs = -Infinity
}

/** Takes the facts of a good answer; a number outside of its range counts as not said. */
export function takeAnswer(slot: TrackerSlot, answer: AnnounceAnswer, nowMs: number): void {
  const { lowestIntervalMs, highestIntervalMs, defaultIntervalMs, lowestMinIntervalMs, defaultMinIntervalMs } =
    announceTimes
  const intervalMs = clamp(answer.intervalMs ?? defaultIntervalMs, lowestIntervalMs, highestIntervalMs)
  slot.minIntervalMs = clamp(answer.minIntervalMs ?? defaultMinIntervalMs, lowestMinIntervalMs, highestIntervalMs)
  slot.failures = 0
  slot.retryAtMs = -Infinity
  slot.retryIsTheirs = false
  slot.earliestMs = nowMs + slot.minIntervalMs
  slot.nextAtMs = nowMs + Math.max(intervalMs, slot.minIntervalMs)
  if (answer.trackerId !== undefined) slot.trackerId = answer.trackerId
  slot.view.state = 'ok'
  slot.view.peers = answer.peers.length
  slot.view.message = answer.warning
  slot.view.seeders = answer.seeders ?? slot.view.seeders
  slot.view.leechers = answer.leechers ?? slot.view.leechers
}

/** A plugin left the announce out: the tracker rests like after a good answer, but does not know us. */
export function takeSkip(slot: TrackerSlot, nowMs: number): void {
  slot.failures = 0
  slot.retryIsTheirs = false
  slot.retryAtMs = nowMs + slot.minIntervalMs
  slot.nextAtMs = Math.max(nowMs + announceTimes.defaultIntervalMs, slot.retryAtMs, slot.earliestMs)
}

/** Counts a failure and sets when it may be tried again: as the tracker said, else doubling with jitter. */
export function takeFailure(slot: TrackerSlot, error: Error, random: Random, nowMs: number): void {
  slot.failures++
  slot.view.state = 'error'
  slot.view.message = error.message
  const wishMs = wantedRetryMs(error)
  slot.retryIsTheirs = wishMs !== undefined
  slot.retryAtMs = nowMs + (wishMs ?? backOffMs(slot.failures, random))
}

function wantedRetryMs(error: Error): number | undefined {
  if (!isBitloomError(error)) return undefined
  if (error.code === 'TRACKER_UNSUPPORTED') return Infinity
  const wish = 'retryInMs' in error ? error.retryInMs : undefined
  if (typeof wish !== 'number' || Number.isNaN(wish)) return undefined
  return Math.max(wish, announceTimes.lowestIntervalMs)
}

function backOffMs(failures: number, random: Random): number {
  const { firstBackOffMs, highestBackOffMs } = announceTimes
  const fullMs = Math.min(firstBackOffMs * 2 ** Math.min(failures - 1, 20), highestBackOffMs)
  return fullMs / 2 + random.below(fullMs / 2 + 1)
}

function clamp(value: number, low: number, high: number): number {
  return Number.isNaN(value) ? low : Math.min(Math.max(value, low), high)
}
