import type { AddOptions, MagnetLink, Metainfo, MetainfoSummary, TorrentView } from '@bitloom/core'
import { exitCodeOf, exitCodes, sentenceOf } from './exit-codes.js'
import { type Job, type JobContext, checkJob, startJob, timeJob, timeOutJob } from './job.js'
import type { Lock } from '@bitloom/resume-fs'
import { lockTorrent } from './lock.js'
import type { SeedGoal } from './options.js'
import { formatBytes } from './output.js'
import type { ProgressRow } from './progress/row.js'
import { summaryOf } from './run-summary.js'
import type { Runtime } from './runtime.js'
import { type OpenSession, checkMagnets, checkStrategies, openSession } from './session.js'
import { pause } from './stop.js'
import { openTrace, spokenTrace, type TraceFile } from './trace/trace-file.js'
import { type Reporter, reportSession, rowOf } from './transfer.js'
import { keyOf, titleOf } from './torrents.js'
import { type TransferOptions, scheduleOf, sessionOptionsOf } from './transfer-options.js'

const tickMs = 250

/** How a run goes on when its torrents are whole. */
export interface RunPlan {
  /** Nothing more, or seed until the goal. */
  readonly seed: SeedGoal | undefined
  /** A run of `seed`: never fetches, and a stop is its usual end. */
  readonly serving: boolean
  /** Stops when the metadata of every torrent is known: it is handed over, and nothing is stored or locked. */
  readonly list?: (torrents: readonly MetainfoSummary[]) => void
}

/**
 * Adds torrents to a new session, runs them to their end, and answers the exit code. Everything is closed afterwards.
 * @throws whatever keeps the session from starting or a torrent from being added
 */
export async function runTransfers(
  runtime: Runtime,
  options: TransferOptions,
  torrents: readonly (Metainfo | MagnetLink)[],
  addOptions: (torrent: Metainfo | MagnetLink) => AddOptions,
  plan: RunPlan,
): Promise<number> {
  const locks: Lock[] = []
  let open: OpenSession | undefined
  let trace: TraceFile | undefined
  const schedule = scheduleOf(options)
  try {
    for (const torrent of plan.list === undefined ? torrents : []) {
      locks.push(await lockTorrent(runtime.stateDir, keyOf(torrent.infoHashes), titleOf(torrent)))
    }
    if (options.trace !== undefined) trace = await openTrace(options.trace, runtime)
    open = await openSession(runtime, { ...(await sessionOptionsOf(options)), forgetful: plan.list !== undefined })
    checkStrategies(open.host, options)
    open.session.schedule(schedule)
    checkMagnets(
      open.host,
      torrents.filter((torrent) => !('info' in torrent)).map((link) => titleOf(link)),
    )
    for (const sink of [trace?.sink, spokenTrace(runtime)]) if (sink !== undefined) open.session.trace(sink)
    return await runIn(open, runtime, options, torrents, addOptions, plan)
  } finally {
    await open?.session.close().catch((error: unknown) => runtime.log.warn(sentenceOf(error)))
    await trace?.close()
    for (const lock of locks) await lock.release()
  }
}

async function runIn(
  { session }: OpenSession,
  runtime: Runtime,
  options: TransferOptions,
  torrents: readonly (Metainfo | MagnetLink)[],
  addOptions: (torrent: Metainfo | MagnetLink) => AddOptions,
  plan: RunPlan,
): Promise<number> {
  const reporter = reportSession(session, runtime.output)
  reporter.listening()
  const bell = createBell()
  const jobs: Job[] = []
  const context: JobContext = {
    ...plan,
    listing: plan.list !== undefined,
    output: runtime.output,
    reporter,
    stallTimeoutMs: options.stallTimeout,
    isClosing: false,
    changed() {
      const isDone = ({ phase, error }: Job): boolean => phase === 'whole' || (phase === 'ended' && error === undefined)
      if (jobs.length === torrents.length && jobs.every(isDone)) runtime.stop.exitCode = exitCodes.done.exit
      bell.ring()
    },
  }
  for (const torrent of torrents) {
    jobs.push(startJob(context, await session.add(addOptions(torrent)), performance.now()))
  }
  await follow(runtime, context, jobs, bell, options.timeout)
  context.isClosing = true
  const found = jobs.flatMap(({ handle }) => handle.view.metainfo ?? [])
  if (found.length === torrents.length) plan.list?.(found)
  const endedMs = performance.now()
  await closeSession(runtime, session, reporter)
  runtime.output.counts()
  const summary = context.listing ? undefined : summaryOf(jobs, endedMs, plan.serving)
  if (summary !== undefined && runtime.stop.reason !== 'pipe') runtime.output.note(summary)
  return exitCodeOfRun(runtime, jobs, plan)
}

/** Wakes a waiting loop before its time. */
interface Bell {
  ring(): void
  wait(delayMs: number, stop: AbortSignal): Promise<void>
}

function createBell(): Bell {
  let controller = new AbortController()
  return {
    ring: () => controller.abort(),
    async wait(delayMs, stop) {
      await pause(delayMs, AbortSignal.any([stop, controller.signal]))
      controller = new AbortController()
    },
  }
}

/** Follows the jobs until every one has ended or a stop is asked. */
async function follow(
  runtime: Runtime,
  context: JobContext,
  jobs: readonly Job[],
  bell: Bell,
  timeoutMs: number | undefined,
): Promise<void> {
  const { progress, stop } = runtime
  const startedMs = performance.now()
  const rows = () => jobs.filter(({ handle }) => handle.view.state !== 'loading').map((job) => rowOfJob(context, job))
  for (let tick = 0; !stop.signal.aborted && jobs.some(({ phase }) => phase !== 'ended'); tick++) {
    const nowMs = performance.now()
    for (const job of jobs) timeJob(job, nowMs)
    if (tick % 2 === 0) for (const job of jobs) checkJob(context, job, nowMs)
    if (timeoutMs !== undefined && nowMs - startedMs >= timeoutMs) {
      for (const job of jobs) timeOutJob(context, job, timeoutMs)
    }
    progress.update(rows(), nowMs)
    await bell.wait(tickMs, stop.signal)
  }
  progress.finish(rows())
}

/** A torrent that leaves its swarm whole is done, whatever its state in that moment. */
function rowOfJob({ listing }: JobContext, job: Job): ProgressRow {
  const row = rowOf(job)
  if (job.phase !== 'ended' || listing) return row
  return { ...row, state: job.error === undefined ? 'done' : 'failed' }
}

/** Stop announces, flush and saving happen here; a failure of them is told and decides nothing else. */
async function closeSession(runtime: Runtime, session: OpenSession['session'], reporter: Reporter): Promise<void> {
  await session.close().catch((error: unknown) => runtime.output.fail(error))
  reporter.flush()
}

function exitCodeOfRun({ output, stop }: Runtime, jobs: readonly Job[], plan: RunPlan): number {
  const failed = jobs.find(({ error }) => error !== undefined)
  if (failed !== undefined) return exitCodeOf(failed.error)
  const unfinished = jobs.find(({ phase }) => phase !== 'whole' && phase !== 'ended')
  if (unfinished === undefined || plan.serving) return exitCodes.done.exit
  if (stop.reason !== 'pipe') output.note(stopText(unfinished.handle.view))
  return exitCodes.unfinished.exit
}

function stopText(view: TorrentView): string {
  const { stats, metainfo } = view
  if (metainfo === undefined) return `Stopped without the metadata of ${titleOf(view)}`
  if (stats.wantedBytes === 0) return `Stopped before ${view.name} was looked at; the same command begins again`
  const there = `${formatBytes(stats.wantedBytes - stats.leftBytes)} of ${formatBytes(stats.wantedBytes)}`
  return `Stopped with ${there} of ${view.name}; the same command goes on from here`
}
