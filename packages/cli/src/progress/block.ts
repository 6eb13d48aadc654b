import { formatBytes, formatDuration } from '../output.js'
import { barLine } from './bar-line.js'
import { type ProgressRow, hasEta, isLocal } from './row.js'

/** What the terminal must keep for lines that go out above the block. */
const spareRows = 2

/** States in which a row changes: these are shown when not all can be. */
const isBusy = ({ state }: ProgressRow): boolean =>
  !['done', 'seeding', 'queued', 'paused', 'failed', 'blocked'].includes(state)

/**
 * The block of a run: a line for each row, and below several of them one for all. Where the terminal is not high enough,
 * those that move stay, and the others are counted.
 */
export function blockLines(rows: readonly ProgressRow[], width: number, height: number, colored: boolean): string[] {
  const lines = (shown: readonly ProgressRow[]): string[] => shown.map((row) => barLine(row, width, colored))
  if (rows.length < 2) return lines(rows)
  const room = Math.max(1, height - spareRows - 1)
  const isWhole = rows.length <= room
  const shown = isWhole ? rows : chosen(rows, Math.max(1, room - 1))
  const hidden = rows.filter((row) => !shown.includes(row))
  return [...lines(shown), ...(isWhole ? [] : [hiddenLine(hidden).slice(0, width)]), totalLine(rows).slice(0, width)]
}

/** So many rows, those that move first, in the order in which they stand. */
function chosen(rows: readonly ProgressRow[], count: number): ProgressRow[] {
  const first = [...rows.filter(isBusy), ...rows.filter((row) => !isBusy(row))].slice(0, count)
  return rows.filter((row) => first.includes(row))
}

/** `… and 12 more: 9 done, 3 queued`. */
function hiddenLine(rows: readonly ProgressRow[]): string {
  return `… and ${rows.length} more: ${statesOf(rows)}`
}

function statesOf(rows: readonly ProgressRow[]): string {
  const states = new Map<string, number>()
  for (const { state } of rows) states.set(state, (states.get(state) ?? 0) + 1)
  return [...states].map(([state, count]) => `${count} ${state}`).join(', ')
}

/** `all 15   ↓ 5.10 MiB/s  ↑ 1.00 MiB/s  12 peers  ETA 3m05s`. */
function totalLine(rows: readonly ProgressRow[]): string {
  const moving = rows.filter((row) => !isLocal(row))
  if (moving.length === 0) return `all ${rows.length}: ${statesOf(rows)}`
  const sum = (key: 'downRate' | 'upRate' | 'peers'): number => moving.reduce((all, row) => all + row[key], 0)
  const parts = [
    `all ${rows.length}`,
    `↓ ${formatBytes(sum('downRate')).padStart(8)}/s`,
    `↑ ${formatBytes(sum('upRate')).padStart(8)}/s`,
    `${sum('peers')} ${sum('peers') === 1 ? 'peer' : 'peers'}`,
  ]
  const etas = rows.filter(hasEta).map(({ etaSeconds }) => etaSeconds ?? Number.POSITIVE_INFINITY)
  return [...parts, ...(etas.length === 0 ? [] : [`ETA ${formatDuration(Math.max(...etas))}`])].join('  ')
}
