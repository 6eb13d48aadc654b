/**
 * The style sheet of the page. The colours of the lines are those of Okabe and Ito ("Color universal design", 2008) and
 * neighbours of them, dark enough on white and light enough on black to be read, and told apart by people who do not see
 * red and green.
 */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --panel: #f6f7f9; --ink: #16191d; --ink-soft: #4c545e; --rule: #dfe3e8; --axis: #8a929c;
  --accent: #0b6bab; --good: #00715a; --bad: #b3470b; --unsure: #6a727c;
  --series-0: #3d4650; --series-1: #0072b2; --series-2: #c44e00; --series-3: #008060; --series-4: #b0558f;
  --series-5: #9a6a00; --series-6: #2b93d1; --series-7: #6a4fb5; --series-8: #7f7f00; --series-9: #a03050;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --panel: #1c2026; --ink: #eef1f4; --ink-soft: #b3bbc5; --rule: #323840; --axis: #79828d;
    --accent: #6cb8ee; --good: #3fc9a4; --bad: #ff9a5c; --unsure: #98a1ac;
    --series-0: #d3d9e0; --series-1: #56a9e8; --series-2: #ff8f4a; --series-3: #2fc79b; --series-4: #e59ac9;
    --series-5: #edb83d; --series-6: #8fd3ff; --series-7: #b7a3f5; --series-8: #d8d84a; --series-9: #ff8fa6;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 64rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
h1 { font-size: 2rem; line-height: 1.15; letter-spacing: -0.015em; margin: 0 0 0.4rem; text-wrap: balance; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 3rem 0 0.35rem; padding-top: 1rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1rem; line-height: 1.35; margin: 0 0 0.1rem; }
p { margin: 0.35rem 0 0.8rem; max-width: 46rem; }
.lead { font-size: 1.125rem; color: var(--ink-soft); margin: 0 0 1.4rem; }
.kicker { font-size: 0.8125rem; font-weight: 600; letter-spacing: 0.04em; color: var(--accent); margin: 0 0 0.5rem; }
.note, figcaption, .unit { color: var(--ink-soft); font-size: 0.875rem; }
figcaption { margin: 0 0 0.5rem; max-width: 46rem; }
code { font: 0.9em ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; background: var(--panel); padding: 0.1em 0.35em; border-radius: 4px; overflow-wrap: anywhere; }
pre { background: var(--panel); padding: 0.7rem 0.9rem; border-radius: 8px; overflow-x: auto; margin: 0.5rem 0 1rem; }
pre code { background: none; padding: 0; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: 0.3rem 1.25rem; margin: 0; padding: 1rem 1.25rem; background: var(--panel); border-radius: 10px; font-size: 0.9375rem; }
dl.facts dt { color: var(--ink-soft); }
dl.facts dd { margin: 0; }
ul.short { margin: 0.4rem 0 0; padding: 0; list-style: none; max-width: 54rem; }
ul.short li { padding: 0.45rem 0 0.45rem 1rem; border-left: 4px solid var(--mark); margin: 0.5rem 0; }
figure { margin: 1rem 0 0; }
figure svg { display: block; width: 100%; height: auto; max-width: 100%; }
.narrow { display: none; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(22rem, 1fr)); gap: 1.75rem 2rem; margin-top: 1rem; }
.cards figure { margin: 0; break-inside: avoid; }
.key { display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; margin: 0.5rem 0 0; padding: 0; list-style: none; font-size: 0.875rem; }
.key li::before, .swatch::before { content: ""; display: inline-block; width: 0.8em; height: 0.8em; border-radius: 50%; background: var(--mark); margin-right: 0.45em; vertical-align: -0.06em; }
.swatch { position: relative; padding-left: 1.25em; }
.swatch::before { position: absolute; left: 0; top: 0.15em; }
.scroll { overflow-x: auto; margin-top: 0.75rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.875rem; }
th, td { text-align: right; padding: 0.45rem 0.65rem; vertical-align: top; border-bottom: 1px solid var(--rule); white-space: nowrap; }
th { font-weight: 600; }
tbody th { position: sticky; left: 0; background: var(--paper); white-space: normal; min-width: 8.5rem; }
td .half { color: var(--ink-soft); font-size: 0.93em; }
th .unit { font-size: 1em; }
.many th, .many td { padding-left: 0.35rem; padding-right: 0.35rem; }
thead th { vertical-align: bottom; border-bottom: 2px solid var(--axis); white-space: normal; min-width: 4.5rem; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
.text td, .text th { text-align: left; white-space: normal; }
td .change { display: block; font-size: 0.93em; }
.better { color: var(--good); } .worse { color: var(--bad); } .differs { color: var(--accent); } .none { color: var(--unsure); }
details { margin-top: 0.6rem; font-size: 0.875rem; }
summary { cursor: pointer; color: var(--accent); width: fit-content; }
summary:focus-visible, a:focus-visible, .scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--rule); }
@media (max-width: 44rem) {
  main { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.55rem; }
  .lead { font-size: 1rem; }
  .wide { display: none; } .narrow { display: block; }
  .cards { grid-template-columns: 1fr; }
  dl.facts { grid-template-columns: 1fr; gap: 0; padding: 0.8rem 1rem; }
  dl.facts dd { margin-bottom: 0.5rem; }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --panel: #fff; --ink: #000; --ink-soft: #333; --rule: #bbb; --axis: #666;
    --accent: #004a7c; --good: #005c48; --bad: #8f3600; --unsure: #444;
    --series-0: #3d4650; --series-1: #0072b2; --series-2: #c44e00; --series-3: #008060; --series-4: #b0558f;
    --series-5: #9a6a00; --series-6: #2b93d1; --series-7: #6a4fb5; --series-8: #7f7f00; --series-9: #a03050;
  }
  html { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  .wide { display: block; } .narrow { display: none; }
  .cards { grid-template-columns: 1fr 1fr; }
  .scroll { overflow: visible; }
  table { font-size: 0.8rem; } th, td { padding: 0.25rem 0.3rem; } th:first-child { min-width: 7rem; }
  h2 { margin-top: 2rem; }
  figure, ul.short li, tr { break-inside: avoid; } h2, h3 { break-after: avoid; }
  details:not([open]) { display: none; }
  dl.facts { border: 1px solid var(--rule); grid-template-columns: max-content 1fr; gap: 0.2rem 1rem; }
  dl.facts dd { margin: 0; }
}`
