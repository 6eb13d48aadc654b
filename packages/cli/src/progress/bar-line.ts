import { formatBytes, formatDuration, printable } from '../output.js'
import { type ProgressRow, amountText, hasEta, isLocal, percentOf } from './row.js'

/** One row in at most `width` columns: name, bar, percent, rates, peers and time left; what does not fit goes first. */
export function barLine(row: ProgressRow, width: number, colored: boolean): string {
  const percent = `${String(percentOf(row)).padStart(3)}%`
  // Padded, so that the bar keeps its width while the figures change.
  const size = amountText(row, '/').padStart(17)
  const eta = hasEta(row) ? `ETA ${formatDuration(row.etaSeconds)}` : row.state
  const transfer = [
    `↓ ${formatBytes(row.downRate).padStart(8)}/s`,
    `↑ ${formatBytes(row.upRate).padStart(8)}/s`,
    `${String(row.peers).padStart(2)} ${row.peers === 1 ? 'peer ' : 'peers'}`,
    eta.padEnd(10),
  ]
  const parts = isLocal(row) ? [size, eta] : [size, ...transfer]
  const nameWidth = Math.min(40, Math.max(8, Math.floor(width / 5)))
  const name = fit(printable(row.name), nameWidth)
  while (parts.length > 0 && nameWidth + percent.length + parts.join('  ').length + 12 > width)
    parts.splice(dropOf(parts), 1)
  const facts = [percent, ...parts].join('  ')
  const barWidth = Math.min(30, width - nameWidth - facts.length - 4)
  const bar = barWidth < 4 ? '' : ` ${drawBar(row, barWidth, colored)}`
  return `${name}${bar} ${facts}`.slice(0, colored ? undefined : width)
}

/** What goes first when it gets narrow: sizes, then the upload rate, the peers, the download rate, the rest. */
function dropOf(parts: readonly string[]): number {
  if (parts.length === 5) return 0
  const found = [/^↑/, / peers? ?$/, /^↓/].map((what) => parts.findIndex((part) => what.test(part)))
  return found.find((index) => index >= 0) ?? parts.length - 1
}

function drawBar(row: ProgressRow, width: number, colored: boolean): string {
  const { doneBytes, totalBytes } = row
  const share = totalBytes === undefined ? 0 : totalBytes === 0 ? 1 : doneBytes / totalBytes
  const full = Math.floor(share * width)
  const text = '█'.repeat(full)
  return `${colored ? `\u001b[32m${text}\u001b[39m` : text}${'░'.repeat(width - full)}`
}

/** Text cut or padded to exactly `width` characters. */
function fit(text: string, width: number): string {
  const characters = [...text]
  return characters.length > width
    ? `${characters.slice(0, width - 1).join('')}…`
    : text + ' '.repeat(width - characters.length)
}
