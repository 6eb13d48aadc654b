import { PluginError } from '../bytes/errors.js'
import type { Logger } from '../ports/logger.js'
import type { AnnounceRequest } from '../ports/tracker-client.js'
import type { TorrentView } from '../ports/views.js'
import { isThenable, refusePromise, requestAnswer } from './answers.js'
import type { HookName } from './hooks.js'

/**
 * The one guard around every tap. Invariant: a guarded tap never throws and never rejects; whatever it does wrong is
 * reported once, with the plugin and the hook it was in.
 */

/** Failures in a row after which a tap is switched off. */
export const mostFailures = 5

/** One tapped function. */
export interface Tap {
  readonly plugin: string
  readonly hook: HookName
  /** In a row. */
  failures: number
  /** Removed, or switched off by the breaker; a call in flight skips it too. */
  isOff: boolean
}

/** Hears how long the calls of taps take, by a clock of its own. */
export interface TapTimer {
  /** In ms; only differences count. */
  now(): number
  took(plugin: string, hook: HookName, ms: number): void
}

/** Takes failures of taps, and knows who was at work: what a trace names. */
export interface Blame {
  /** While somebody measures. */
  timer: TapTimer | undefined
  /** The deciding tap that was called last. */
  at: Tap | undefined
  failed(tap: Tap, cause: unknown): void
}

/** What happens with failures: counted, the tap switched off at the fifth in a row, logged, told to `tell`. */
export function createBlame(log: Logger, tell: (error: PluginError) => void, switchOff: (tap: Tap) => void): Blame {
  return {
    timer: undefined,
    at: undefined,
    failed(tap, cause) {
      tap.failures++
      if (tap.failures > mostFailures) return
      const isLast = tap.failures === mostFailures && tap.hook !== 'acceptPeer'
      if (isLast) switchOff(tap)
      const error = failure(tap, cause, isLast)
      logSafely(log, error)
      // What watches for failing plugins and fails itself would otherwise be told of its own failures.
      if (tap.hook !== 'pluginFailed') tell(error)
    },
  }
}

function failure(tap: Tap, cause: unknown, isLast: boolean): PluginError {
  const { plugin, hook } = tap
  const what = cause instanceof Error ? cause.message : String(cause)
  const end = isLast ? ` (${mostFailures} failures in a row: this tap is switched off)` : ''
  return new PluginError('PLUGIN_FAILED', `the plugin ${plugin} failed in ${hook}: ${what}${end}`, {
    plugin,
    hook,
    cause,
  })
}

function logSafely(log: Logger, error: PluginError): void {
  try {
    log.error(error.message, { plugin: error.plugin, hook: error.hook, error: error.cause })
  } catch {
    // A logger that throws is a plugin's too, and there is nobody left to tell.
  }
}

/** A deciding tap: its answer goes through `check`; after a failure the answer is `otherwise`. */
export function guardDeciding<A extends readonly unknown[], R>(
  tap: Tap,
  fn: (...args: A) => unknown,
  check: (answer: unknown, args: A) => R | undefined,
  blame: Blame,
  otherwise?: R,
): (...args: A) => R | undefined {
  return (...args) => {
    if (tap.isOff) return undefined
    blame.at = tap
    const { timer } = blame
    const startMs = timer?.now() ?? 0
    try {
      const answer = fn(...args)
      refusePromise(answer)
      const result = check(answer, args)
      tap.failures = 0
      return result
    } catch (cause) {
      blame.failed(tap, cause)
      return otherwise
    } finally {
      timer?.took(tap.plugin, tap.hook, timer.now() - startMs)
    }
  }
}

/** A watching tap. It may be an async function: nobody waits, a rejection is its failure. */
export function guardWatching<A extends readonly unknown[]>(
  tap: Tap,
  fn: (...args: A) => unknown,
  blame: Blame,
): (...args: A) => void {
  const succeeded = (): void => void (tap.failures = 0)
  return (...args) => {
    if (tap.isOff) return
    const { timer } = blame
    const startMs = timer?.now() ?? 0
    try {
      const answer = fn(...args)
      if (isThenable(answer)) void answer.then(succeeded, (cause: unknown) => blame.failed(tap, cause))
      else succeeded()
    } catch (cause) {
      blame.failed(tap, cause)
    } finally {
      timer?.took(tap.plugin, tap.hook, timer.now() - startMs)
    }
  }
}

/** One announce on its way through the taps. */
export interface AnnounceRun {
  /** The last good request: what goes out if time is up. */
  good: AnnounceRequest
  /** The tap at work. */
  at: Tap | undefined
  /** The plugin that vetoed it. */
  skippedBy: string | undefined
  /** Time is up, or the chain is through. */
  isOver: boolean
}

/** What a plugin taps `announce` with. */
export type AnnounceTap = (
  request: AnnounceRequest,
  torrent: TorrentView,
) => AnnounceRequest | undefined | Promise<AnnounceRequest | undefined>

/** A tap of `announce`. What it answers after the run is over, or after its removal, counts no more. */
export function guardAnnounce(tap: Tap, fn: AnnounceTap, blame: Blame) {
  return async (
    request: AnnounceRequest,
    torrent: TorrentView,
    run: AnnounceRun,
  ): Promise<AnnounceRequest | undefined> => {
    if (tap.isOff || run.isOver) return undefined
    run.at = tap
    try {
      const answer = requestAnswer(await fn(request, torrent))
      if (tap.isOff || run.isOver) return undefined
      tap.failures = 0
      if (answer === undefined) return undefined
      run.good = Object.freeze({ ...answer })
      run.skippedBy = answer.skip === undefined ? undefined : (run.skippedBy ?? tap.plugin)
      return run.good
    } catch (cause) {
      if (!run.isOver) blame.failed(tap, cause)
      return undefined
    }
  }
}
