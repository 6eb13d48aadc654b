import type { Clock } from '../ports/clock.js'

/** The longest delay that a timer of Node takes; beyond it fires at once. */
const longestTimerMs = 2 ** 31 - 1

/** The machine's monotonic clock and timers. A timer keeps the process alive until it ran or is cancelled. */
export function systemClock(): Clock {
  const nowMs = (): number => performance.now()
  return { nowMs, wallMs: () => Date.now(), after: (delayMs, run) => startTimer(nowMs, delayMs, run) }
}

function startTimer(nowMs: () => number, delayMs: number, run: () => void): () => void {
  const dueMs = nowMs() + Math.max(0, delayMs)
  let timer: NodeJS.Timeout
  // A timer of Node may be a fraction of a millisecond early, and cannot wait longer than 24 days.
  const arm = (): void => {
    timer = setTimeout(fire, Math.min(Math.ceil(dueMs - nowMs()), longestTimerMs))
  }
  const fire = (): void => {
    if (nowMs() < dueMs) arm()
    else run()
  }
  arm()
  return () => clearTimeout(timer)
}
