import { exitCodes } from './exit-codes.js'

/** Why a run should end before its time. */
export type StopReason = 'signal' | 'pipe'

/** Tells a verb to end in good order. The second signal ends the process at once, beside this. */
export interface Stop {
  readonly signal: AbortSignal
  readonly reason: StopReason | undefined
  /** What a stop ends the process with: 7 (unfinished) unless the verb has done what was asked of it. */
  exitCode: number
}

/** A `Stop` and how to ask for it. Asking again changes nothing. */
export function createStop(): Stop & { ask(reason: StopReason): void } {
  const controller = new AbortController()
  let asked: StopReason | undefined
  return {
    exitCode: exitCodes.unfinished.exit,
    signal: controller.signal,
    get reason() {
      return asked
    },
    ask(reason) {
      asked ??= reason
      controller.abort()
    },
  }
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Resolves after `delayMs`, or earlier when the signal aborts. */
export function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, delayMs)
    signal.addEventListener('abort', end, { once: true })
  })
}
