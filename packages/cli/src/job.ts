import type { TorrentHandle } from '@bitloom/core'
import { CliError } from './exit-codes.js'
import type { SeedGoal } from './options.js'
import { formatBytes, formatDuration, type Output } from './output.js'
import { Pace } from './progress/pace.js'
import type { Reporter } from './transfer.js'
import { keyOf, titleOf } from './torrents.js'

/**
 * One torrent of a run and how far it is. Invariant: `phase` only moves forward; `error` is set only with 'ended', and
 * has been reported by then.
 */
export interface Job {
  readonly handle: TorrentHandle
  readonly infoHash: string
  readonly addedMs: number
  phase: 'metadata' | 'checking' | 'running' | 'whole' | 'ended'
  error: unknown
  /** When payload moved last, and how much had by then. */
  movedMs: number
  movedBytes: number
  wholeMs: number
  /** Payload, both ways, at the last look. */
  reportedBytes: number
  /** Of useful payload, and of what went up. */
  readonly down: Pace
  readonly up: Pace
}

/** What the jobs of a run have in common. */
export interface JobContext {
  readonly output: Output
  readonly reporter: Reporter
  /** Go on when whole: until the goal. `undefined` = end. */
  readonly seed: SeedGoal | undefined
  /** A run of `seed`: never fetches. */
  readonly serving: boolean
  /** Ends when the metadata is known; nothing is downloaded. */
  readonly listing: boolean
  readonly stallTimeoutMs: number | undefined
  /** The session is being closed: torrents that leave it unfinished have not failed. */
  isClosing: boolean
  /** A job moved to another phase. */
  changed(): void
}

/** Takes the pace of a job; called every tick. */
export function timeJob({ handle, down, up }: Job, nowMs: number): void {
  const { receivedBytes, wastedBytes, uploadedBytes } = handle.view.stats
  down.add(receivedBytes - wastedBytes, nowMs)
  up.add(uploadedBytes, nowMs)
}

/** How long the rest takes; `undefined` while it cannot be told: without metadata nobody knows how much is left. */
export function etaOf({ handle, down }: Job): number | undefined {
  const { content, stats } = handle.view
  return content === undefined ? undefined : down.secondsFor(stats.leftBytes)
}

/** Follows a torrent that was just added. */
export function startJob(context: JobContext, handle: TorrentHandle, nowMs: number): Job {
  const job: Job = {
    handle,
    infoHash: keyOf(handle.view.infoHashes),
    addedMs: nowMs,
    phase: 'metadata',
    error: undefined,
    movedMs: nowMs,
    movedBytes: 0,
    wholeMs: 0,
    reportedBytes: 0,
    down: new Pace(),
    up: new Pace(),
  }
  checkMetadata(context, job)
  const failed = (error: unknown): void => {
    if (!context.isClosing) endJob(context, job, error)
  }
  handle.ready.then(() => onReady(context, job), failed)
  handle.completed.then(() => onWhole(context, job), failed)
  return job
}

/** Goes on to the next phase once the metadata is known. */
function checkMetadata(context: JobContext, job: Job): void {
  const { view } = job.handle
  if (job.phase !== 'metadata' || view.metainfo === undefined) return
  context.reporter.added(view, view.metainfo)
  job.phase = 'checking'
  if (context.listing) endJob(context, job, undefined)
}

/** Ends a job; a failure is reported. */
export function endJob(context: JobContext, job: Job, error: unknown): void {
  if (job.phase === 'ended') return
  job.phase = 'ended'
  job.error = error
  if (error !== undefined) context.output.fail(error, { infoHash: job.infoHash, name: titleOf(job.handle.view) })
  context.changed()
}

function onReady(context: JobContext, job: Job): void {
  checkMetadata(context, job)
  if (job.phase !== 'checking') return
  const { content, stats } = job.handle.view
  context.output.event({ event: 'checked', infoHash: job.infoHash, havePieces: content?.have.count ?? 0 })
  job.phase = 'running'
  job.movedMs = performance.now()
  if (context.serving && stats.leftBytes > 0) servePart(context, job)
}

/** Data that is missing when seeding is not fetched: nothing is wanted any more, and what is there is served. */
function servePart(context: JobContext, job: Job): void {
  const { view, control } = job.handle
  if ((view.content?.have.count ?? 0) === 0) {
    const message = `No piece of ${view.name} is whole in ${view.directory}: there is nothing to serve`
    endJob(context, job, new CliError('DATA_DIFFERS', message, { path: view.directory }))
    return
  }
  context.output.warn(
    `${view.name}: ${formatBytes(view.stats.leftBytes)} are missing or do not match; serving the rest`,
  )
  control.select((view.metainfo?.files ?? []).map(() => false))
  onWhole(context, job)
}

function onWhole(context: JobContext, job: Job): void {
  onReady(context, job)
  if (job.phase !== 'running') return
  const { output, reporter, seed, serving } = context
  job.phase = 'whole'
  job.wholeMs = performance.now()
  reporter.progress(job.handle.view, etaOf(job))
  const { receivedBytes, wastedBytes } = job.handle.view.stats
  const seconds = Math.round(job.wholeMs - job.addedMs) / 1000
  if (!serving) output.event({ event: 'complete', infoHash: job.infoHash, seconds, receivedBytes, wastedBytes })
  if (seed === undefined) endJob(context, job, undefined)
  else output.event({ event: 'seeding', infoHash: job.infoHash })
  context.changed()
}

/** Looks at a job, twice a second: reports, and ends what has failed, stalled or reached its goal. */
export function checkJob(context: JobContext, job: Job, nowMs: number): void {
  checkMetadata(context, job)
  if (job.phase === 'ended') return
  const { view } = job.handle
  if (view.state === 'checking') {
    const piecesTotal = view.metainfo?.layout.pieceCount ?? 0
    const piecesDone = view.stats.checkedPieces
    context.output.event({ event: 'checking', infoHash: job.infoHash, piecesDone, piecesTotal })
  } else if ((view.state === 'blocked' || view.state === 'failed') && view.error !== undefined) {
    endJob(context, job, view.error)
  } else {
    reportMovement(context, job, nowMs)
    checkEnd(context, job, nowMs)
  }
}

/** A `progress` event while payload moves, and one more after it has stopped. */
function reportMovement({ reporter }: JobContext, job: Job, nowMs: number): void {
  const { receivedBytes, uploadedBytes, downRate, upRate } = job.handle.view.stats
  if (job.phase === 'running' && receivedBytes !== job.movedBytes) {
    job.movedBytes = receivedBytes
    job.movedMs = nowMs
  }
  const active =
    job.phase === 'metadata' ||
    job.phase === 'running' ||
    downRate + upRate >= 1 ||
    receivedBytes + uploadedBytes !== job.reportedBytes
  job.reportedBytes = receivedBytes + uploadedBytes
  if (active) reporter.progress(job.handle.view, etaOf(job))
}

function checkEnd(context: JobContext, job: Job, nowMs: number): void {
  const { view } = job.handle
  const { stallTimeoutMs, reporter, seed } = context
  if (job.phase === 'whole') {
    if (goalReached(seed ?? {}, view.stats, nowMs - job.wholeMs)) endJob(context, job, undefined)
    return
  }
  const waits = job.phase === 'metadata' || job.phase === 'running'
  if (stallTimeoutMs === undefined || !waits || nowMs - job.movedMs < stallTimeoutMs) return
  const span = formatDuration(stallTimeoutMs / 1000)
  const what = job.phase === 'metadata' ? `the metadata of ${titleOf(view)}` : titleOf(view)
  const stalled = new CliError('STALLED', `Nothing has come of ${what} for ${span}`)
  const lonely = new CliError('NO_PEERS', `No peer of ${titleOf(view)} was met within ${span}`)
  endJob(context, job, reporter.metPeer(view) ? stalled : lonely)
}

/** The whole run took too long: what is not whole has failed. */
export function timeOutJob(context: JobContext, job: Job, timeoutMs: number): void {
  const message = `${titleOf(job.handle.view)} is not whole after ${formatDuration(timeoutMs / 1000)}`
  endJob(context, job, job.phase === 'whole' ? undefined : new CliError('TIMEOUT', message))
}

function goalReached(
  goal: SeedGoal,
  stats: { readonly uploadedBytes: number; readonly wantedBytes: number },
  seedingMs: number,
): boolean {
  if (goal.ratio !== undefined && stats.uploadedBytes >= goal.ratio * stats.wantedBytes) return true
  return goal.durationMs !== undefined && seedingMs >= goal.durationMs
}
