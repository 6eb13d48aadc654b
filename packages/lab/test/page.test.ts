import { describe, expect, it } from 'vitest'
import { formatPage } from '../src/html/page.js'
import { reportOf } from '../src/report.js'
import { run, scenario } from './hand-made.js'

const records = ['slow', 'fast'].flatMap((strategy, index) =>
  ['1', '2', '3'].map((seed) =>
    run(
      strategy,
      seed,
      [5, 6, 7].map((value) => value * (index + 1) + Number(seed)),
    ),
  ),
)
const report = reportOf(scenario, {}, records)
const page = formatPage(report)

const empty = new Set(['meta', 'br', 'hr', 'img', 'link', 'input'])

/** Names of elements that are closed out of order or left open. */
function unbalanced(markup: string): string[] {
  const text = markup.replaceAll(/<(style|script)\b[^>]*>[\s\S]*?<\/\1>/g, '').replace('<!doctype html>', '')
  const open: string[] = []
  const faults: string[] = []
  for (const [, close, name = '', selfClosed] of text.matchAll(/<(\/?)([a-zA-Z][\w-]*)(?:"[^"]*"|[^>"])*?(\/?)>/g)) {
    if (empty.has(name) || selfClosed === '/') continue
    if (close === '') open.push(name)
    else if (open.pop() !== name) faults.push(name)
  }
  return [...faults, ...open]
}

describe('the page', () => {
  it('needs nothing from outside: no address, no script, and a policy that says so', () => {
    expect(page).not.toMatch(/https?:|\bsrc=|@import|url\(|<link|<iframe|<object/)
    expect([...page.matchAll(/<script/g)]).toHaveLength(1)
    expect(page).toContain("default-src 'none'; style-src 'unsafe-inline'")
  })

  it('holds the whole report as JSON', () => {
    const [, text = ''] = /<script type="application\/json" id="report">(.*?)<\/script>/s.exec(page) ?? []
    expect(JSON.parse(text)).toEqual(report)
  })

  it('is well-formed', () => {
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(unbalanced(page)).toEqual([])
    expect(unbalanced('<p><b></p>')).not.toEqual([])
    expect(page).not.toMatch(/undefined|NaN|\[object/)
  })

  it('describes each plot in words, and gives the data of curves as tables', () => {
    const plots = [...page.matchAll(/<svg[^>]*>/g)].map(([tag]) => tag)
    expect(plots.length).toBeGreaterThanOrEqual(7)
    for (const tag of plots) expect(tag).toMatch(/role="img"/)
    for (const tag of plots) expect(tag).toMatch(/aria-label="[^"]{40,}"/)
    expect(page).toContain('Half are whole after: slow 8 s, fast 14 s')
    expect([...page.matchAll(/The data as a table/g)]).toHaveLength(3)
  })

  it('names each line in its plot', () => {
    const [, plot = ''] = /<figure>[\s\S]*?(<svg[\s\S]*?<\/svg>)/.exec(page) ?? []
    expect(plot).toMatch(/>slow<\/text>/)
    expect(plot).toMatch(/>fast<\/text>/)
  })

  it('has colours for light, dark and print', () => {
    expect(page).toContain('prefers-color-scheme: dark')
    expect(page).toContain('@media print')
  })

  it('says how to see a run again, with what was given', () => {
    const shown = formatPage(report, { scenario: './my scenario.mjs' })
    expect(shown).toContain('bitloom simulate &quot;./my scenario.mjs&quot; --seed 1 --strategy slow')
  })

  it('says which figures a strategy lacks that the baseline has', () => {
    const never = records.map((record) =>
      record.strategy === 'slow' ? record : { ...record, measured: { ...record.measured, figures: {} } },
    )
    expect(formatPage(reportOf(scenario, {}, never))).toMatch(/<b>fast<\/b>[^]*?No value: median completion\./)
    expect(page).not.toContain('No value:')
  })

  it('gives long names of strategies two lines beside their dots', () => {
    const long = 'rarest-first + slow seeder'
    const strategies = [{ name: 'slow' }, { name: long }]
    const renamed = records.map((record) => (record.strategy === 'fast' ? { ...record, strategy: long } : record))
    const shown = formatPage(reportOf({ ...scenario, strategies }, {}, renamed))
    expect(shown).toMatch(/<tspan[^>]*>rarest-first \+ slow<\/tspan><tspan[^>]*>seeder<\/tspan>/)
  })

  it('escapes what a scenario says', () => {
    const hostile = { ...scenario, summary: '</script><script>alert("x")</script><!--' }
    const shown = formatPage(reportOf(hostile, {}, records))
    expect(shown).not.toContain('<script>alert')
    expect([...shown.matchAll(/<\/script>/g)]).toHaveLength(1)
    expect(shown).toContain('&lt;/script&gt;')
  })
})
