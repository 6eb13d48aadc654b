import type { LabReport } from '../report.js'
import { describeGroup, describeTorrent } from '../words.js'
import { figureSections } from './figures.js'
import { type Markup, html, raw } from './markup.js'
import { methodSection, runsSection } from './method.js'
import { colorOf } from './plots.js'
import { style } from './style.js'
import { groupTables, shortSection, tableSection } from './tables.js'

export interface HtmlOptions {
  /** What was given to `bitloom simulate`; default: the name of the scenario. */
  readonly scenario?: string
}

/**
 * The report as one page that needs nothing else: no script, no network, styles and plots inside; for light, dark and
 * print. The report itself is in it as JSON (`<script type="application/json" id="report">`).
 */
export function formatPage(report: LabReport, options: HtmlOptions = {}): string {
  const { scenario } = report
  const body = html`<main>
    <header>
      <p class="kicker">Bitloom strategy lab${scenario.quick ? ' · quick run' : ''}</p>
      <h1>${scenario.name}</h1>
      <p class="lead">${scenario.summary}</p>
      ${facts(report)}
    </header>
    ${shortSection(report)} ${tableSection(report)} ${figureSections(report)} ${groupTables(report)}
    ${methodSection(report, options.scenario ?? scenario.name)} ${runsSection(report)}
    <footer class="note">Made by <code>bitloom simulate</code>. The whole report is in this page as JSON.</footer>
  </main>`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
${html`<title>${scenario.name} · Bitloom strategy lab</title>`.markup}
<style>${style}</style>
</head>
<body>
${body.markup}
<script type="application/json" id="report">${dataText(report)}</script>
</body>
</html>
`
}

/** JSON that cannot end its element. */
function dataText(report: LabReport): string {
  return JSON.stringify(report).replaceAll('<', String.raw`\u003c`)
}

function facts({ scenario, strategies }: LabReport): Markup {
  const { torrent, groups, seeds, baseline } = scenario
  const names = strategies.map(
    ({ name }, index) =>
      html`<li style="--mark: ${raw(colorOf(index))}">${name}${name === baseline ? ' (baseline)' : ''}</li>`,
  )
  return html`<dl class="facts">
    <dt>Torrent</dt>
    <dd>${describeTorrent(torrent)}</dd>
    ${groups.map(
      (group) =>
        html`<dt>${group.name}</dt>
          <dd>${group.count} ${group.count === 1 ? 'peer' : 'peers'}: ${describeGroup(group)}</dd>`,
    )}
    <dt>Seeds</dt>
    <dd>
      ${seeds.length === 1 ? `one (${seeds[0] ?? ''}), so there are no intervals` : `${seeds.length}, the same for each strategy`}
    </dd>
    <dt>Strategies</dt>
    <dd>
      <ul class="key" style="margin: 0">
        ${names}
      </ul>
    </dd>
  </dl>`
}
