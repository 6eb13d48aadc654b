import { type Output, formatBytes, formatDuration, printable } from '../output.js'
import { type Progress, type ProgressRow, amountText, hasEta, isLocal, isOver, percentOf } from './row.js'

const everyMs = 30_000
const everyPercent = 10

interface Printed {
  percent: number
  atMs: number
  state: string
}

/** Plain lines without control codes: at the start, at every 10 % or 30 s, when the state changes, and at the end. */
export function plainProgress(output: Output): Progress {
  const printed = new Map<string, Printed>()
  const print = (row: ProgressRow, nowMs: number): void => {
    printed.set(row.key, { percent: percentOf(row), atMs: nowMs, state: row.state })
    output.stderr.write(`${plainLine(row)}\n`)
  }
  return {
    update(rows, nowMs) {
      for (const row of rows) if (isDue(row, printed.get(row.key), nowMs)) print(row, nowMs)
    },
    clear() {},
    finish(rows) {
      for (const row of rows) {
        const last = printed.get(row.key)
        if (last?.percent !== percentOf(row) || last.state !== row.state) print(row, 0)
      }
    },
  }
}

function isDue(row: ProgressRow, last: Printed | undefined, nowMs: number): boolean {
  if (last === undefined || last.state !== row.state) return true
  const step = (percent: number): number => Math.floor(percent / everyPercent)
  return step(percentOf(row)) > step(last.percent) || (!isOver(row) && nowMs - last.atMs >= everyMs)
}

/** `film.mkv: downloading 40% (1.2 GiB of 3.0 GiB), down 5.1 MiB/s, up 1.0 MiB/s, 12 peers, ETA 3m05s`. */
export function plainLine(row: ProgressRow): string {
  const amount = row.totalBytes === undefined ? '' : ` ${percentOf(row)}% (${amountText(row, ' of ')})`
  const head = `${printable(row.name)}: ${row.state}${amount}`
  const eta = hasEta(row) ? `, ETA ${formatDuration(row.etaSeconds)}` : ''
  if (isLocal(row)) return `${head}${eta}`
  const rates = `down ${formatBytes(row.downRate)}/s, up ${formatBytes(row.upRate)}/s`
  const peers = `${row.peers} ${row.peers === 1 ? 'peer' : 'peers'}`
  return `${head}, ${rates}, ${peers}${eta}`
}
