import { metrics } from '../metrics.js'
import type { MetricName } from '../metrics.js'
import type { Comparison, Comparisons, LabReport, MetricReport, StrategyReport } from '../report.js'
import { percentDigits, signed } from '../table.js'
import { type Markup, html, raw } from './markup.js'
import { colorOf } from './plots.js'

/** What came out, in a sentence for each strategy. */
export function shortSection(report: LabReport): Markup {
  const { scenario, strategies } = report
  const { baseline, headlines } = scenario
  const others = strategies
    .map((strategy, index) => ({ strategy, index }))
    .filter(({ strategy }) => strategy.name !== baseline)
  const usual = strategies.find(({ name }) => name === baseline)
  if (usual === undefined || others.length === 0) return html``
  const known = headlines.filter((metric) => usual.measured.figures[metric] !== undefined)
  return html`<section>
    <h2>In short</h2>
    <p>Against <b>${baseline}</b>, on the same seeds. In brackets the 95 % interval of the difference.</p>
    <ul class="short">
      ${others.map(({ strategy, index }) => shortItem(strategy, index, known))}
    </ul>
  </section>`
}

/** About the figures that the baseline has. */
function shortItem({ name, measured }: StrategyReport, index: number, known: readonly MetricName[]): Markup {
  const compared = known.flatMap((metric) => {
    const comparison = measured.figures[metric]
    return comparison?.difference === undefined ? [] : [{ metric, comparison }]
  })
  const clear = compared.filter(({ comparison }) => comparison.verdict !== 'none')
  const unclear = compared.filter(({ comparison }) => comparison.verdict === 'none')
  const parts = clear.map(
    ({ metric, comparison }, at) =>
      html`${at === 0 ? '' : '; '}${lowerFirst(metrics[metric].title)}
        <span class="${comparison.verdict}">${changeText(comparison, metric)}</span>${intervalText(comparison)}`,
  )
  const rest = unclear.map(({ metric }) => lowerFirst(metrics[metric].title)).join(', ')
  const lacking = known.filter((metric) => measured.figures[metric] === undefined)
  const none = lacking.map((metric) => lowerFirst(metrics[metric].title)).join(', ')
  return html`<li style="--mark: ${raw(colorOf(index))}">
    <b>${name}</b>: ${parts}${clear.length === 0 ? 'no difference that these seeds can show' : '.'}
    ${rest === '' || clear.length === 0 ? '' : html`<span class="note">Not told apart: ${rest}.</span>`}
    ${none === '' ? '' : html`<span class="note">No value: ${none}.</span>`}
  </li>`
}

/** The bigger picture: each figure, each strategy. */
export function tableSection(report: LabReport): Markup {
  return html`<section>
    <h2>All figures</h2>
    <p>
      Mean over seeds ± half of its 95 %
      interval${report.scenario.baseline === undefined ? '' : html`; below it the change against ${report.scenario.baseline}: ${key()}`}.
      ${measuredText(report)}
    </p>
    ${figuresTable(report, report.metrics, ({ measured }) => measured.figures)}
  </section>`
}

/** Groups of peers by themselves, where there are several that download. */
export function groupTables(report: LabReport): Markup {
  const groups = Object.keys(report.strategies[0]?.groups ?? {})
  if (groups.length < 2) return html``
  const own = report.metrics.filter(({ name }) => !('ofSwarm' in metrics[name]))
  return html`<section>
    <h2>Group by group</h2>
    ${groups.map(
      (group) =>
        html`<h3 style="margin-top: 1.5rem">${group}</h3>
          ${figuresTable(report, own, ({ groups: all }) => all[group]?.figures ?? {})}`,
    )}
  </section>`
}

function key(): Markup {
  return html`<span class="better">✓ better</span>, <span class="worse">✗ worse</span>,
    <span class="differs">≠ differs</span>, <span class="none">~ not told apart</span>`
}

function measuredText({ scenario: { measured, groups } }: LabReport): string {
  return measured.length === groups.length
    ? ''
    : `Of the measured peers (${measured.join(' and ')}), unless it says otherwise.`
}

/** A row for each figure and a column for each strategy, so that it can be read on a narrow page. */
function figuresTable(
  { strategies }: LabReport,
  rows: readonly MetricReport[],
  of: (strategy: StrategyReport) => Comparisons,
): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Figures of each strategy">
    <table class="${strategies.length > 5 ? 'many' : ''}">
      <thead>
        <tr>
          <th scope="col">Figure</th>
          ${strategies.map(({ name }, index) => html`<th scope="col"><span class="swatch" style="--mark: ${raw(colorOf(index))}">${name}</span></th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ name, title, unit }) =>
            html`<tr>
              <th scope="row">${title}${unit === '' ? '' : html` <span class="unit">${unit}</span>`}</th>
              ${strategies.map((strategy) => html`<td>${cell(of(strategy)[name], name)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

function cell(comparison: Comparison | undefined, metric: MetricName): Markup {
  if (comparison === undefined) return html`–`
  const { digits } = metrics[metric]
  const change =
    comparison.difference === undefined
      ? undefined
      : html`<span class="change ${comparison.verdict}">${changeText(comparison, metric)}</span>`
  const { mean, high } = comparison.value
  const half = high === undefined ? undefined : html` <span class="half">± ${(high - mean).toFixed(digits)}</span>`
  return html`${mean.toFixed(digits)}${half}${change}`
}

const marks = { better: '✓', worse: '✗', differs: '≠', none: '~' } as const

/** `+53 % ✗`. */
function changeText({ difference, differencePercent, verdict = 'none' }: Comparison, metric: MetricName): string {
  const size =
    differencePercent === undefined
      ? signed(difference?.mean ?? 0, metrics[metric].digits)
      : percentText(differencePercent.mean)
  return difference?.low === undefined ? size : `${size}\u00a0${marks[verdict]}`
}

function intervalText({ differencePercent }: Comparison): string {
  if (differencePercent?.low === undefined || differencePercent.high === undefined) return ''
  return ` (${percentText(differencePercent.low)} to ${percentText(differencePercent.high)})`
}

/** `+53 %`. */
export function percentText(value: number): string {
  return `${signed(value, percentDigits(value))}\u00a0%`
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
