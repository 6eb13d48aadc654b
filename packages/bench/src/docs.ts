import { readFileSync, writeFileSync } from 'node:fs'
import { markdownTable } from 'markdown-table'
import { format, resolveConfig } from 'prettier'
import { ceilingTable, sideCeiling } from './ceilings.js'
import { goalsOf, goalTable } from './goals.js'
import { pathTable } from './paths.js'
import { missedGoals } from './reasons.js'
import type { BenchResults } from './results.js'
import { scaleTable } from './scale.js'
import { sideTable } from './side-table.js'
import { type Ratios, stageTable } from './stages/ratios.js'

/** With more than that taken by other programs, figures are not worth quoting. */
const quietShare = 0.05
const [begin, end] = ['<!-- figures: written by npm run bench -- --write-docs -->', '<!-- end of figures -->']

/** A table of a run with the heading it has in print. */
export interface Section {
  readonly title: string
  readonly table: readonly (readonly string[])[]
}

/** The tables of a run, in the order they are read. */
export function sectionsOf(results: BenchResults, committed: Ratios): Section[] {
  const { ceilings, side, scale, paths, stages } = results
  const ceiling = ceilings === undefined ? undefined : sideCeiling(ceilings)
  return [
    ...(ceilings === undefined ? [] : [{ title: 'Ceilings', table: ceilingTable(ceilings) }]),
    ...(side === undefined ? [] : [{ title: 'Side by side', table: sideTable(side, ceiling) }]),
    ...(scale === undefined ? [] : [{ title: 'Scale', table: scaleTable(scale) }]),
    ...(paths === undefined ? [] : [{ title: 'Long paths', table: pathTable(paths) }]),
    ...(stages === undefined ? [] : [{ title: 'Stages', table: stageTable(stages, committed) }]),
  ]
}

/** What the page says of a run. */
export function formatFigures(results: BenchResults, committed: Ratios): string {
  const { facts, absent = [], failed = [] } = results
  const { date, command, processor, cores, memoryGibibytes, system, node, folder } = facts
  const missing = absent.length === 0 ? '' : ` Not installed, left out: ${absent.join(', ')}.`
  const broken = failed.map((sentence) => ` ${firstLine(sentence)}.`).join('')
  const shares = (results.side ?? []).flatMap((row) => row.results).map(({ foreignShare }) => foreignShare)
  const disturbed = shares.filter((share) => share > quietShare)
  const busy =
    disturbed.length === 0
      ? ''
      : ` In ${disturbed.length} of ${shares.length} transfers other programs took more than ${quietShare * 100} % of the machine, ${(Math.max(...disturbed) * 100).toFixed(0)} % at the most.`
  const head = `Measured on ${date} with \`${command}\`: ${processor}, ${cores} cores, ${memoryGibibytes} GiB, ${system}, Node ${node}, files in \`${folder}\`.${busy}${missing}${broken}`
  const goals = goalsOf(results)
  const missed = missedGoals(goals)
  const goalSection = [`### Goals\n\n${markdownTable(goalTable(goals))}`]
  if (missed.length > 0)
    goalSection.push(`What the profiles of missed goals say, and the next step:\n\n${missed.join('\n')}`)
  const sections = sectionsOf(results, committed).map(({ title, table }) => `### ${title}\n\n${markdownTable(table)}`)
  return [head, ...goalSection, ...sections].join('\n\n')
}

function firstLine(text: string): string {
  return text.slice(0, text.search(/\n|$/))
}

/** The page with other figures between its marks. @throws Error for a page without them */
export function withFigures(page: string, figures: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error('the page has no marks between which figures are written')
  return `${page.slice(0, from + begin.length)}\n\n${figures}\n\n${page.slice(to)}`
}

/** Writes the figures of a run into a page. */
export async function writeFigures(path: string, results: BenchResults, committed: Ratios): Promise<void> {
  const text = withFigures(readFileSync(path, 'utf8'), formatFigures(results, committed))
  writeFileSync(path, await format(text, { ...(await resolveConfig(path)), parser: 'markdown' }))
}
