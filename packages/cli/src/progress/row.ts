import { formatBytes } from '../output.js'

/** One torrent (or one process of the demo) as progress shows it. */
export interface ProgressRow {
  readonly key: string
  readonly name: string
  /** "checking", "downloading", "seeding", "waiting for peers", "done" … */
  readonly state: string
  readonly doneBytes: number
  /** `undefined` while the metadata is unknown. */
  readonly totalBytes: number | undefined
  readonly downRate: number
  readonly upRate: number
  readonly peers: number
  readonly etaSeconds: number | undefined
  /** What `doneBytes` and `totalBytes` count, where it is not bytes. */
  readonly counts?: 'runs'
}

/** Draws progress on stderr. Called often; a renderer draws as seldom as its kind wants. */
export interface Progress {
  update(rows: readonly ProgressRow[], nowMs: number): void
  /** A line must go out in between: clears what is drawn. The next update draws again. */
  clear(): void
  /** Draws the last state and leaves it there. */
  finish(rows: readonly ProgressRow[]): void
}

/** 0 … 100, rounded down, so that 100 means whole. */
export function percentOf(row: ProgressRow): number {
  if (row.totalBytes === undefined) return 0
  return row.totalBytes === 0 ? 100 : Math.floor((100 * row.doneBytes) / row.totalBytes)
}

const localStates: ReadonlySet<string> = new Set(['checking', 'hashing', 'done', 'failed', 'queued', 'paused'])

/** Work on local data has neither peers nor transfer rates, nor has what is done or waits. */
export function isLocal(row: ProgressRow): boolean {
  return localStates.has(row.state) || row.counts !== undefined
}

/** Nothing more will happen to it. */
export function isOver({ state }: ProgressRow): boolean {
  return state === 'done' || state === 'failed'
}

/** `1.2 GiB of 3.0 GiB`, `3 of 30 runs`; `0 B of -` while nobody knows. */
export function amountText({ doneBytes, totalBytes, counts }: ProgressRow, between: string): string {
  if (counts !== undefined) return `${doneBytes}${between}${totalBytes} ${counts}`
  return `${formatBytes(doneBytes)}${between}${totalBytes === undefined ? '-' : formatBytes(totalBytes)}`
}

/** Whether it can be told how long the rest takes. */
export function hasEta(row: ProgressRow): boolean {
  return row.state === 'downloading' || row.counts !== undefined
}

/** How long the rest takes at this rate; `undefined` when nothing moves. */
export function etaSeconds(leftBytes: number, rateBytesPerSecond: number): number | undefined {
  if (leftBytes === 0) return 0
  return rateBytesPerSecond < 1 ? undefined : leftBytes / rateBytesPerSecond
}
