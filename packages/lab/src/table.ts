import { metrics } from './metrics.js'
import type { MetricName } from './metrics.js'
import type { Comparison, Comparisons, LabReport } from './report.js'
import type { Estimate } from './statistics.js'
import { describeSwarm, wrapWords } from './words.js'

export interface TableOptions {
  /** Columns of the terminal (default 100); a table that is wider is cut into several. */
  readonly width?: number
  /** Paints what is better or worse than the baseline. */
  readonly paint?: (verdict: 'better' | 'worse', text: string) => string
}

/** The report for a terminal: a row for each strategy, a column for each figure of interest. */
export function formatTable(report: LabReport, { width = 100, paint = (_, text) => text }: TableOptions = {}): string {
  const { scenario, strategies } = report
  const { name, summary, seeds, quick, headlines, measured } = scenario
  const one = seeds.length === 1
  const groups = Object.keys(strategies[0]?.groups ?? {}).filter(
    (group) => !(measured.length === 1 && measured[0] === group),
  )
  const scopes: readonly (readonly [string, (strategy: LabReport['strategies'][number]) => Comparisons])[] = [
    ['', ({ measured: all }) => all.figures],
    ...(groups.length > 0
      ? groups.map(
          (group) => [group, (each: LabReport['strategies'][number]) => each.groups[group]?.figures ?? {}] as const,
        )
      : []),
  ]
  const parts = scopes.map(([group, of]) => {
    const columns = headlines.filter((metric) => group === '' || !('ofSwarm' in metrics[metric]))
    const rows = strategies.map((strategy) => ({ name: strategy.name, comparisons: of(strategy) }))
    return [...(group === '' ? [] : [`\nThe group ${group}:\n`]), tables(rows, columns, width, paint)].join('')
  })
  const sure = one
    ? `One seed (${seeds[0]}), so no intervals.`
    : `${seeds.length} seeds; mean ± half of the 95 % interval (Student’s t).`
  const head = [
    `${name}${quick ? ' (quick)' : ''}: ${summary}`,
    `${describeSwarm(scenario)}.`,
    `${sure}${legend(report)}`,
  ]
  return [...head.flatMap((text) => wrapWords(text, width)), '', ...parts].join('\n')
}

function legend({ scenario: { baseline }, strategies }: LabReport): string {
  if (baseline === undefined || strategies.length < 2) return ''
  return ` Below it the change against ${baseline}, paired by seed: ✓ better, ✗ worse, ≠ differs, ~ not told apart.`
}

interface Row {
  readonly name: string
  readonly comparisons: Comparisons
}
type Paint = NonNullable<TableOptions['paint']>

function tables(rows: readonly Row[], columns: readonly MetricName[], width: number, paint: Paint): string {
  const nameWidth = Math.max(8, ...rows.map(({ name }) => name.length))
  const cells = columns.map((metric) => columnOf(rows, metric))
  const chunks: (typeof cells)[] = [[]]
  let used = nameWidth
  for (const cell of cells) {
    if (used + 2 + cell.width > width && (chunks.at(-1)?.length ?? 0) > 0) {
      chunks.push([])
      used = nameWidth
    }
    chunks.at(-1)?.push(cell)
    used += 2 + cell.width
  }
  return chunks.map((chunk) => oneTable(rows, chunk, nameWidth, paint)).join('\n\n')
}

const headWidth = 13

interface Column {
  readonly head: readonly string[]
  readonly values: readonly string[]
  readonly changes: readonly { readonly text: string; readonly verdict?: Comparison['verdict'] }[]
  readonly width: number
}

function columnOf(rows: readonly Row[], metric: MetricName): Column {
  const { title, unit, digits } = metrics[metric]
  const head = [...wrapWords(title, headWidth), ...(unit === '' ? [] : [unit])]
  const values = rows.map(({ comparisons }) => valueText(comparisons[metric]?.value, digits))
  const changes = rows.map(({ comparisons }) => changeText(comparisons[metric], digits))
  const width = Math.max(...[...head, ...values, ...changes.map(({ text }) => text)].map((text) => text.length))
  return { head, values, changes, width }
}

function oneTable(rows: readonly Row[], columns: readonly Column[], nameWidth: number, paint: Paint): string {
  const line = (first: string, cells: readonly string[]): string =>
    [first.padEnd(nameWidth), ...cells].join('  ').trimEnd()
  const padded = (text: string, { width }: Column): string => text.padStart(width)
  const lines = headLines(columns, nameWidth)
  for (const [index, { name }] of rows.entries()) {
    lines.push(
      line(
        name,
        columns.map((column) => padded(column.values[index] ?? '', column)),
      ),
    )
    const changes = columns.map((column) => {
      const { text = '', verdict } = column.changes[index] ?? {}
      const aligned = padded(text, column)
      return verdict === 'better' || verdict === 'worse' ? paint(verdict, aligned) : aligned
    })
    if (columns.some((column) => column.changes[index]?.text !== '')) lines.push(line('', changes))
  }
  return lines.join('\n')
}

/** The lines of the head stand on the bottom of it. */
function headLines(columns: readonly Column[], nameWidth: number): string[] {
  const height = Math.max(...columns.map(({ head }) => head.length))
  return Array.from({ length: height }, (_, at) => {
    const cells = columns.map(({ head, width }) => (head[at - height + head.length] ?? '').padStart(width))
    return [(at === height - 1 ? 'strategy' : '').padEnd(nameWidth), ...cells].join('  ').trimEnd()
  })
}

/** `41.2 ± 1.3`; `-` where there is none. */
export function valueText(value: Estimate | undefined, digits: number): string {
  if (value === undefined) return '-'
  const half = value.high === undefined ? '' : ` ± ${(value.high - value.mean).toFixed(digits)}`
  return `${value.mean.toFixed(digits)}${half}`
}

const marks = { better: '✓', worse: '✗', differs: '≠', none: '~' } as const

/** `+53 % ✗`: the change against the baseline. */
function changeText(comparison: Comparison | undefined, digits: number): Column['changes'][number] {
  if (comparison?.difference === undefined) return { text: '' }
  const { difference, differencePercent, verdict = 'none' } = comparison
  const size =
    differencePercent === undefined
      ? signed(difference.mean, digits)
      : `${signed(differencePercent.mean, percentDigits(differencePercent.mean))} %`
  return { text: difference.low === undefined ? size : `${size} ${marks[verdict]}`, verdict }
}

/** More digits where it is small. */
export function percentDigits(value: number): number {
  if (Math.abs(value) >= 10) return 0
  return Math.abs(value) >= 0.1 || value === 0 ? 1 : 2
}

/** With its sign, and a true minus. */
export function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits)
  if (Number(text) === 0) return `±${text}`
  return `${value < 0 ? '−' : '+'}${text}`
}
