import type { Output } from '../output.js'
import { plainProgress } from './plain.js'
import type { Progress } from './row.js'

export type ProgressKind = 'auto' | 'bar' | 'plain' | 'none'

const noProgress: Progress = { update() {}, clear() {}, finish() {} }

/** A terminal without a size, as `script` and containers make them, can show no block. */
function isScreen({ isTTY, rows, columns }: Output['stderr']): boolean {
  return isTTY === true && rows !== 0 && columns !== 0
}

/** The renderer of a kind: `auto` is a bar on a terminal, else plain lines; `-q` and `--json` without `--progress` mean none. */
export async function createProgress(kind: ProgressKind, output: Output): Promise<Progress> {
  if (output.quiet || kind === 'none') return noProgress
  if (kind === 'bar' || (kind === 'auto' && isScreen(output.stderr) && !output.json)) {
    const { barProgress } = await import('./bar.js')
    return barProgress(output)
  }
  return kind === 'auto' && output.json ? noProgress : plainProgress(output)
}
