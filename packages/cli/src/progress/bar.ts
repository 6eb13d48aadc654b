import { createLogUpdate } from 'log-update'
import type { Output } from '../output.js'
import { blockLines } from './block.js'
import type { Progress, ProgressRow } from './row.js'

const redrawMs = 250

/** One redrawn block, at most 4 redraws a second, never larger than the terminal. */
export function barProgress(output: Output): Progress {
  const log = createLogUpdate(output.stderr as NodeJS.WriteStream, { showCursor: true })
  let drawnAtMs = Number.NEGATIVE_INFINITY
  const draw = (rows: readonly ProgressRow[]): void => {
    const { columns, rows: height } = output.stderr
    log(blockLines(rows, Math.max(20, columns || 80) - 1, height || 24, output.colored).join('\n'))
  }
  return {
    update(rows, nowMs) {
      if (nowMs - drawnAtMs < redrawMs || rows.length === 0) return
      drawnAtMs = nowMs
      draw(rows)
    },
    clear() {
      log.clear()
      drawnAtMs = Number.NEGATIVE_INFINITY
    },
    finish(rows) {
      if (rows.length > 0) draw(rows)
      log.done()
    },
  }
}
