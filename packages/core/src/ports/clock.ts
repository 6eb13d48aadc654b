import { token } from './token.js'

/** Time from outside. The engine reads it once per turn; nothing else in core knows what time it is. */
export interface Clock {
  /** Monotonic milliseconds, with fractions. Never steps. */
  nowMs(): number
  /** Wall time in milliseconds since 1970, for logs and records only. */
  wallMs(): number
  /** Calls `run` once, `delayMs` from now at the earliest; the returned function cancels it. */
  after(delayMs: number, run: () => void): () => void
}
export const Clock = token<Clock>('Clock')
