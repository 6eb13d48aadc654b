import * as fc from 'fast-check'
import { keepFind } from './finds.js'
import type { Target } from './target.js'
import { targets } from './targets.js'

const runsAtATime = 5_000

interface Row {
  readonly target: string
  readonly runs: number
  readonly seed: number
  readonly finds: string
}

/**
 * Tries each target for its share of the time, from one seed on: round n of a target has the seed plus n. What breaks one is
 * written to `fuzz/finds`, and ends that target. Prints a table; answers whether nothing was found.
 */
export async function longRun(minutes: number, seed: number, only: string | undefined): Promise<boolean> {
  const chosen = targets.filter(({ name }) => only === undefined || name === only)
  if (chosen.length === 0)
    throw new Error(`no target "${only}"; there are ${targets.map(({ name }) => name).join(', ')}`)
  const rows: Row[] = []
  for (const target of chosen) rows.push(await runFor(target, (minutes * 60_000) / chosen.length, seed))
  console.table(rows)
  return rows.every(({ finds }) => finds === 'none')
}

async function runFor({ name, property }: Target, ms: number, firstSeed: number): Promise<Row> {
  const endMs = performance.now() + ms
  let runs = 0
  for (let seed = firstSeed; performance.now() < endMs; seed++) {
    const result = await fc.check(property, {
      seed,
      numRuns: runsAtATime,
      interruptAfterTimeLimit: Math.max(1, endMs - performance.now()),
    })
    runs += result.numRuns
    if (!result.failed || result.counterexample === null) continue
    const path = keepFind(name, result.counterexample[0])
    console.error(`${name}: seed ${seed}, path ${result.counterexamplePath}: ${String(result.errorInstance)}`)
    return { target: name, runs, seed, finds: path }
  }
  return { target: name, runs, seed: firstSeed, finds: 'none' }
}
