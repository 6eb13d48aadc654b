import type { LabReport } from '../report.js'
import { type Markup, html } from './markup.js'

/** What stands behind the figures: what each means, how sure they are, how to see a run again. */
export function methodSection({ scenario, metrics, strategies }: LabReport, operand: string): Markup {
  const first = strategies[0]?.name ?? ''
  const quick = scenario.quick ? ' --quick' : ''
  const cited = strategies.filter(({ summary, source }) => summary !== undefined || source !== undefined)
  return html`<section>
    <h2>How to read this</h2>
    <p>
      Each run is the real engine on virtual time in a simulated network; a run is fixed by scenario, strategy and seed.
      Intervals are Student’s t over seeds, at 95 %. Strategies meet the same seeds, so differences are taken seed by
      seed and their intervals are paired; a difference counts as clear when its interval leaves zero out. That is not
      corrected for the number of comparisons: of twenty figures that in truth do not differ, about one will look as if
      it did. Figures of a few seeds in one small swarm say how strategies behave there, not everywhere.
    </p>
    <pre><code>bitloom simulate ${quoted(operand)}${quick} --seed ${scenario.seeds[0] ?? '1'} --strategy ${quoted(first)}</code></pre>
    ${
      cited.length === 0
        ? ''
        : html`<h3>Strategies</h3>
            <div class="scroll">
              <table class="text">
                <thead>
                  <tr>
                    <th scope="col">Strategy</th>
                    <th scope="col">What it does</th>
                    <th scope="col">Source</th>
                  </tr>
                </thead>
                <tbody>
                  ${cited.map(
                    ({ name, summary, source }) =>
                      html`<tr>
                        <th scope="row">${name}</th>
                        <td>${summary}</td>
                        <td>${source}</td>
                      </tr>`,
                  )}
                </tbody>
              </table>
            </div>`
    }
    <h3 style="margin-top: 1.5rem">Figures</h3>
    <div class="scroll">
      <table class="text">
        <thead>
          <tr>
            <th scope="col">Figure</th>
            <th scope="col">Unit</th>
            <th scope="col">Meaning</th>
          </tr>
        </thead>
        <tbody>
          ${metrics.map(
            ({ title, unit, meaning, source, name }) =>
              html`<tr>
                <th scope="row">${title}<br /><code>${name}</code></th>
                <td>${unit === '' ? '1' : unit}</td>
                <td>${meaning}${source === undefined ? '' : html` <span class="note">Source: ${source}.</span>`}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`
}

function quoted(name: string): string {
  return name.includes(' ') ? `"${name}"` : name
}

/** Every run with its hash, for those who want to see it again. */
export function runsSection({ runs }: LabReport): Markup {
  return html`<section>
    <h2>Runs</h2>
    <p>The same scenario, strategy and seed give the same trace on any machine; its hash tells.</p>
    <details>
      <summary>All ${runs.length} runs</summary>
      <div class="scroll" tabindex="0" role="region" aria-label="All runs">
        <table>
          <thead>
            <tr>
              <th scope="col">Strategy</th>
              <th scope="col">Seed</th>
              <th scope="col">Virtual time</th>
              <th scope="col">Whole</th>
              <th scope="col">Trace</th>
            </tr>
          </thead>
          <tbody>
            ${runs.map(
              ({ strategy, seed, seconds, measured, traceHash }) =>
                html`<tr>
                  <th scope="row">${strategy}</th>
                  <td>${seed}</td>
                  <td>${seconds.toFixed(1)} s</td>
                  <td>${measured.completionSeconds.length} of ${measured.peers}</td>
                  <td><code>${traceHash.slice(0, 16)}</code></td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </details>
  </section>`
}
