import { isBitloomError, TrackerError } from '../bytes/errors.js'
import type { HookRunner } from '../hooks/runner.js'
import { blockBytes } from '../metainfo/metainfo.js'
import type { Endpoint } from '../ports/endpoint.js'
import { redactUrl, TrackerClient } from '../ports/tracker-client.js'
import type { AnnounceAnswer, AnnounceIdentity, AnnounceRequest } from '../ports/tracker-client.js'
import type { Clock } from '../ports/clock.js'
import type { TorrentView } from '../ports/views.js'
import type { AnnounceSchedule, AnnounceTask } from '../torrent/announce-schedule.js'
import type { Services } from './services.js'
import type { TorrentTracer } from './torrent-tracer.js'
import type { Turns } from './turns.js'
import { untilAborted } from './until-aborted.js'

/** LIMITS, "Trackers and URLs". */
const answerWithinMs = 60_000
const stopWithinMs = 3_000
/** A torrent that is short of peers asks again after so long, whatever the interval; `min interval` is kept to. */
const askAgainMs = 300_000

export interface AnnouncerParts {
  readonly turns: Turns
  readonly clock: Clock
  readonly services: Services
  readonly hooks: HookRunner
  readonly view: TorrentView
  readonly schedule: AnnounceSchedule
  readonly trace: TorrentTracer
  identity(): AnnounceIdentity
  /** The listening port that trackers are told. */
  port(): number
  found(endpoints: readonly Endpoint[]): void
  /** The schedule has another deadline now. */
  wake(): void
}

/** The announces between a start and a stop. */
interface Run {
  readonly abort: AbortController
  /** Ends announces that tell nothing: `stopped` is the last that a tracker hears. */
  readonly regular: AbortController
  readonly underWay: Set<Promise<void>>
}

/** Carries out what the schedule of one torrent says is due, and tells it how that went. */
export class Announcer {
  readonly #parts: AnnouncerParts
  #run: Run = freshRun()
  /** When trackers were asked last, or would have been. */
  #askedAtMs = -Infinity

  constructor(parts: AnnouncerParts) {
    this.#parts = parts
  }

  /** Trackers hear `started` from then on. */
  start(atMs: number): void {
    this.#parts.schedule.start(atMs)
    this.#askedAtMs = atMs
  }

  /** Starts every announce that is due. `isShort`: the torrent has too few peers to wait for its interval. */
  run(isShort = false): void {
    const { schedule, turns } = this.#parts
    const { nowMs } = turns
    if (isShort && nowMs >= this.#askedAtMs + askAgainMs) {
      this.#askedAtMs = nowMs
      schedule.wantPeers(nowMs)
    }
    this.#launch(this.#run)
  }

  #launch(run: Run): void {
    const { schedule, turns } = this.#parts
    for (const task of schedule.due(turns.nowMs)) {
      this.#askedAtMs = turns.nowMs
      const announcing = this.#announce(task, run)
      run.underWay.add(announcing)
      void announcing.finally(() => run.underWay.delete(announcing))
    }
  }

  /** When `run` has something to do. */
  nextDeadlineMs(isShort: boolean): number {
    return Math.min(this.#parts.schedule.nextDeadlineMs(), isShort ? this.#askedAtMs + askAgainMs : Infinity)
  }

  /**
   * Sends `stopped` and waits for it, 3 s at most; announces without an event end before it, all others with it, and a `started` that is
   * answered meanwhile is followed by its `stopped`. What is announced after a new start is not touched.
   */
  async stop(): Promise<void> {
    const { schedule, clock } = this.#parts
    const run = this.#run
    run.regular.abort()
    schedule.stop(clock.nowMs())
    this.run()
    this.#run = freshRun()
    if (run.underWay.size === 0) return
    let cancel = (): void => {}
    const deadline = new Promise<void>((resolve) => {
      cancel = clock.after(stopWithinMs, resolve)
    })
    await Promise.race([allOver(run), deadline])
    cancel()
    run.abort.abort()
    await allOver(run)
  }

  async #announce(task: AnnounceTask, run: Run): Promise<void> {
    const { turns, schedule, hooks, view } = this.#parts
    const { signal } = task.event === undefined ? run.regular : run.abort
    const url = redactUrl(task.url)
    try {
      const request = await untilAborted(hooks.announce(this.#request(task), view), signal)
      if (request.skip !== undefined) {
        const reason = request.skip
        turns.run(() => {
          schedule.skipped(task, turns.nowMs)
          this.#parts.wake()
          this.#parts.trace.announceSkipped(url, task.event, hooks.skippedBy(request), reason)
        })
        return
      }
      const answer = await this.#send(task, request, signal)
      turns.run(() => {
        schedule.succeeded(task, answer, turns.nowMs)
        if (schedule.isRunning) this.#parts.wake()
        else this.#launch(run)
        if (task.event !== 'stopped') this.#parts.found(answer.peers)
        turns.watch(() => hooks.announced({ url, answer }, view))
      })
    } catch (error) {
      const fault = asTrackerError(error, url)
      turns.run(() => {
        schedule.failed(task, fault, turns.nowMs)
        this.#parts.wake()
        if (!signal.aborted) turns.watch(() => hooks.announced({ url, error: fault }, view))
      })
    }
  }

  #request(task: AnnounceTask): AnnounceRequest {
    const { stats, content } = this.#parts.view
    const { url, event } = task
    // Who does not know how much is missing is no seed, which is what 0 would say.
    const left = content === undefined ? blockBytes : stats.leftBytes
    const numWant = event === 'stopped' ? 0 : 200
    const counts = { uploaded: stats.uploadedBytes, downloaded: stats.receivedBytes, left }
    return { url, event, port: this.#parts.port(), numWant, ...counts, params: {}, headers: {} }
  }

  async #send(task: AnnounceTask, request: AnnounceRequest, ended: AbortSignal): Promise<AnnounceAnswer> {
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(request.url)?.[1]?.toLowerCase() ?? ''
    const client = this.#parts.services.all(TrackerClient).find((one) => one.schemes.includes(scheme))
    if (client === undefined) {
      throw new TrackerError(
        'TRACKER_UNSUPPORTED',
        `no plugin speaks to ${scheme === '' ? 'such' : scheme} trackers: ${redactUrl(request.url)}`,
      )
    }
    const deadline = new AbortController()
    const cancel = this.#parts.clock.after(answerWithinMs, () => deadline.abort())
    const signal = AbortSignal.any([ended, deadline.signal])
    try {
      const identity = this.#parts.identity()
      const who = task.trackerId === undefined ? identity : { ...identity, trackerId: task.trackerId }
      return await untilAborted(client.announce(request, who, signal), signal)
    } finally {
      cancel()
    }
  }
}

/** What is launched while one waits is waited for as well. */
async function allOver({ underWay }: Run): Promise<void> {
  while (underWay.size > 0) await Promise.all(underWay)
}

function freshRun(): Run {
  return { abort: new AbortController(), regular: new AbortController(), underWay: new Set() }
}

function asTrackerError(error: unknown, url: string): TrackerError {
  if (error instanceof TrackerError) return error
  const reason = isBitloomError(error) ? error.message : 'it could not be asked'
  return new TrackerError('TRACKER_UNREACHABLE', `tracker ${url}: ${reason}`, { cause: error })
}
