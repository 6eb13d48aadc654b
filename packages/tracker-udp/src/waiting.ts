import type { Clock } from '@bitloom/core'

/** How long to wait after the `sent`-th sending, counted from 0: 15 · 2^n s, n at most 8 (BEP 15, "time outs"). */
export function patienceMs(sent: number): number {
  return 15_000 * 2 ** Math.min(sent, 8)
}

/**
 * The value, or `undefined` once `ms` have passed without it. Rejects when the signal aborts. Leaves no timer and no
 * listener behind.
 */
export async function within<T>(
  value: Promise<T>,
  ms: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<T | undefined> {
  let cancel: (() => void) | undefined
  const late = new Promise<undefined>((resolve) => {
    cancel = clock.after(ms, () => resolve(undefined))
  })
  try {
    return await untilAborted(Promise.race([value, late]), signal)
  } finally {
    cancel?.()
  }
}

/** The value, or a rejection with the signal's reason as soon as it aborts. */
export function untilAborted<T>(value: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error)
    const done = (): void => signal.removeEventListener('abort', stop)
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
    value.then(resolve, reject).finally(done)
  })
}
