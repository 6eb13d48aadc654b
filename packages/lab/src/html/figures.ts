import type { Curve } from '../curves.js'
import { type Metric, type MetricName, metrics } from '../metrics.js'
import type { LabReport, MetricReport, StrategyReport } from '../report.js'
import { valueText } from '../table.js'
import { type Markup, html, raw } from './markup.js'
import { type CurveOptions, type NamedCurve, colorOf, curvesPlot, dotsDomain, dotsPlot } from './plots.js'

/** All plots of the page, each with its data as a table. */
export function figureSections(report: LabReport): Markup {
  const { strategies, scenario } = report
  const groups = Object.keys(strategies[0]?.groups ?? {})
  const byGroup = groups.length < 2 ? [] : groups
  return html`<section>
      <h2>How long peers take</h2>
      ${completionFigure(report, ({ measured }) => measured.whole, scenario.measured.join(' and '), false)}
    </section>
    ${
      byGroup.length === 0
        ? ''
        : html`<section>
            <h2>How long each group takes</h2>
            <div class="cards">
              ${byGroup.map((group) => completionFigure(report, ({ groups: all }) => all[group]?.whole ?? [], group, true))}
            </div>
          </section>`
    }
    <section>
      <h2>Figure by figure</h2>
      <p>
        The large dot is the mean over seeds, the bar its 95 % interval, small dots are single seeds; a bar ends where a
        figure cannot go further. Which direction is good stands beside the name.
      </p>
      <div class="cards">
        ${report.metrics.filter(({ name }) => varies(report, name)).map((metric) => metricFigure(report, metric))}
      </div>
    </section>
    ${availabilitySection(report)}`
}

/** A figure that is one and the same for all runs needs no plot. */
function varies({ runs }: LabReport, metric: MetricName): boolean {
  return new Set(runs.map(({ measured }) => measured.figures[metric])).size > 1
}

function completionFigure(
  report: LabReport,
  of: (strategy: StrategyReport) => Curve,
  who: string,
  isSmall: boolean,
): Markup {
  const curves = namedCurves(report, of)
  const shares = [0.1, 0.25, 0.5, 0.75, 0.9, 1]
  const times = curves.map(({ name, curve }) => ({ name, times: shares.map((share) => timeOf(curve, share)) }))
  const alt = `Line plot of the share of ${who} that is whole by time since joining. Half are whole after: ${times
    .map(({ name, times: [, , half] }) => `${name} ${half === undefined ? 'never' : `${half.toFixed(0)} s`}`)
    .join(', ')}.`
  return html`<figure>
    ${
      isSmall
        ? html`<h3>${who}</h3>`
        : html`<figcaption>
            The share of ${who} that is whole so long after joining: the further left and the steeper, the better. Bands
            are 95 % intervals over seeds, point by point.
          </figcaption>`
    }
    ${bothWidths(curves, { xLabel: 'seconds since joining', yLabel: '% whole', isShare: true, alt }, isSmall)}
    ${dataTable(
      'Seconds until a share of the peers is whole',
      ['Strategy', ...shares.map((share) => `${share * 100} %`)],
      times.map(({ name, times: row }) => [
        name,
        ...row.map((time) => (time === undefined ? 'never' : time.toFixed(1))),
      ]),
    )}
  </figure>`
}

/** When a rising curve reaches a share: the first point of its grid that does. */
function timeOf(curve: Curve, share: number): number | undefined {
  return curve.find(({ mean }) => mean >= share - 1e-9)?.atSeconds
}

function metricFigure(report: LabReport, { name, title, unit, better, meaning }: MetricReport): Markup {
  const { digits, most }: Metric = metrics[name]
  const dots = report.strategies.map((strategy, color) => {
    const value = strategy.measured.figures[name]?.value
    const seeds = report.runs
      .filter((run) => run.strategy === strategy.name)
      .flatMap((run) => run.measured.figures[name] ?? [])
    return {
      name: strategy.name,
      color,
      value,
      seeds,
      text: value === undefined ? 'no value' : valueText(value, digits),
    }
  })
  const aside = [unit, ...(better === 'neither' ? [] : [`${better} is better`])]
    .filter((text) => text !== '')
    .join(', ')
  const [start] = dotsDomain(dots, most)
  const alt = `Dot plot of ${title}: ${dots.map((dot) => `${dot.name} ${dot.text}`).join(', ')}${unit === '' ? '' : ` (${unit})`}.`
  return html`<figure>
    <h3>${title} <span class="unit">${aside}</span></h3>
    <figcaption>${meaning}${start === 0 ? '' : ' The axis does not begin at 0.'}</figcaption>
    ${dotsPlot(dots, { width: 420, xLabel: unit === '' ? title.toLowerCase() : unit, alt, most })}
  </figure>`
}

function availabilitySection(report: LabReport): Markup {
  const rarest = namedCurves(report, (strategy) => strategy.rarest)
  if (rarest.every(({ curve }) => curve.length === 0)) return html``
  const copies = namedCurves(report, (strategy) => strategy.copies)
  return html`<section>
    <h2>Availability over time</h2>
    <p>How many peers have a piece. A run that has ended keeps its last value. Bands are 95 % intervals over seeds.</p>
    ${availabilityFigure(rarest, 'The rarest piece', 'Copies of the rarest piece. While it stays low, the swarm hangs on those who have it.')}
    ${availabilityFigure(copies, 'Pieces on average', 'Mean copies of a piece: how much of the torrent is in the swarm.')}
  </section>`
}

function availabilityFigure(curves: readonly NamedCurve[], title: string, caption: string): Markup {
  const ends = curves.map(({ name, curve }) => `${name} ${curve.at(-1)?.mean.toFixed(1) ?? 'none'}`).join(', ')
  const alt = `Line plot of copies over the time of the swarm (${title.toLowerCase()}). At the end: ${ends}.`
  const points = 10
  const grid = Array.from({ length: points + 1 }, (_, index) => index / points)
  const at = (curve: Curve, share: number) => curve[Math.round(share * (curve.length - 1))]
  return html`<figure>
    <h3>${title}</h3>
    <figcaption>${caption}</figcaption>
    ${bothWidths(curves, { xLabel: 'seconds since the swarm began', yLabel: 'copies', alt }, false)}
    ${dataTable(
      `Copies over time (${title.toLowerCase()})`,
      ['Strategy', ...grid.map((share) => `${at(curves[0]?.curve ?? [], share)?.atSeconds.toFixed(0) ?? ''} s`)],
      curves.map(({ name, curve }) => [name, ...grid.map((share) => at(curve, share)?.mean.toFixed(1) ?? '–')]),
    )}
  </figure>`
}

function namedCurves({ strategies }: LabReport, of: (strategy: StrategyReport) => Curve): NamedCurve[] {
  return strategies.map((strategy, color) => ({ name: strategy.name, color, curve: of(strategy) }))
}

/** A plot is text too, which must not shrink with the page: one for wide pages, one for narrow ones. */
function bothWidths(
  curves: readonly NamedCurve[],
  options: Omit<CurveOptions, 'width' | 'height'>,
  isSmall: boolean,
): Markup {
  if (isSmall) return curvesPlot(curves, { ...options, width: 420, height: 290 })
  return html`<ul class="key">
      ${curves.map(({ name, color }) => html`<li style="--mark: ${raw(colorOf(color))}">${name}</li>`)}
    </ul>
    <div class="wide">${curvesPlot(curves, { ...options, width: 960, height: 420 })}</div>
    <div class="narrow">${curvesPlot(curves, { ...options, width: 400, height: 320 })}</div>`
}

function dataTable(caption: string, head: readonly string[], rows: readonly (readonly string[])[]): Markup {
  return html`<details>
    <summary>The data as a table</summary>
    <div class="scroll" tabindex="0" role="region" aria-label="${caption}">
      <table>
        <caption class="note" style="text-align: left">
          ${caption}
        </caption>
        <thead>
          <tr>
            ${head.map((cell) => html`<th scope="col">${cell}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ([first = '', ...rest]) =>
              html`<tr>
                <th scope="row">${first}</th>
                ${rest.map((cell) => html`<td>${cell}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`
}
