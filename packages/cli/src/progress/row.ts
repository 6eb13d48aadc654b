/** One torrent (or one process of the demo) as progress shows it. */
export interface ProgressRow {
  readonly key: string
  readonly name: string
  /** "checking", "downloading", "seeding", "waiting for peers" … */
  readonly state: string
  readonly doneBytes: number
  readonly totalBytes: number
  readonly downRate: number
  readonly upRate: number
  readonly peers: number
  readonly etaSeconds: number | undefined
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
  return row.totalBytes === 0 ? 100 : Math.floor((100 * row.doneBytes) / row.totalBytes)
}

/** Work on local data has neither peers nor transfer rates. */
export function isLocal(row: ProgressRow): boolean {
  return row.state === 'checking' || row.state === 'hashing'
}

/** How long the rest takes at this rate; `undefined` when nothing moves. */
export function etaSeconds(leftBytes: number, rateBytesPerSecond: number): number | undefined {
  if (leftBytes === 0) return 0
  return rateBytesPerSecond < 1 ? undefined : leftBytes / rateBytesPerSecond
}
