import type { Internals } from './internals.js'

/** What a stage's cost is compared with: work that the machine does at the same time in the same way. */
export type Reference = 'loop' | 'copy' | 'sha1'

/** What a stage may need. */
export interface StageTools {
  readonly internals: Internals
  /** For files. */
  readonly folder: string
  /** Fewer pieces, peers and files: to see that it works, not what it costs. */
  readonly small: boolean
}

/** A stage that is ready to run. */
export interface StageRun {
  /** Does the work once. */
  run(): void | Promise<void>
  /** So many units of work in one run, of which the cost is told. */
  readonly units: number
  /** Called before each run, outside of what is measured. */
  prepare?(): void
  close?(): void | Promise<void>
}

/** One part of the way of a block, a message or a torrent. */
export interface Stage {
  readonly name: string
  readonly unit: 'ns' | 'µs' | 'ms'
  /** What one unit of work is: "block". */
  readonly per: string
  readonly reference: Reference
  /** Where one unit has so many bytes, the throughput is told too. */
  readonly unitBytes?: number
  /** Several threads work at once, so the time by the clock counts too. */
  readonly isThreaded?: boolean
  start(tools: StageTools): StageRun | Promise<StageRun>
}

/** Milliseconds in each unit. */
export const unitMs = { ns: 1e-6, µs: 1e-3, ms: 1 } as const
