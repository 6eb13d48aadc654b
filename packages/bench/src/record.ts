import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { MachineFacts } from './machine.js'
import type { BenchResults } from './results.js'

/** Results as they come, in a file: whatever ends a run, what it has measured stays. */
export interface Record {
  readonly results: BenchResults
  /** Writes what there is by now; nothing without a file. */
  save(): void
}

/**
 * Opens the results of a run. With `resume`, those of the file are kept, if it exists, and the run goes on with them.
 * @throws Error for a file of another command or another machine
 */
export function openRecord(facts: MachineFacts, path: string | undefined, resume: boolean): Record {
  const results = path !== undefined && resume && existsSync(path) ? earlierResults(path, facts) : { facts }
  return {
    results,
    save: () => {
      if (path === undefined) return
      const part = `${path}.part`
      writeFileSync(part, `${JSON.stringify(results, undefined, 2)}\n`)
      renameSync(part, path)
    },
  }
}

function earlierResults(path: string, facts: MachineFacts): BenchResults {
  const { failed: _failed, ...earlier } = JSON.parse(readFileSync(path, 'utf8')) as BenchResults
  for (const name of ['processor', 'cores', 'system', 'node', 'folder'] as const) {
    if (earlier.facts[name] !== facts[name])
      throw new Error(`${path} is of another run: its ${name} is ${earlier.facts[name]}, not ${facts[name]}`)
  }
  // More time is no other run.
  const [was, is] = [earlier.facts, facts].map(({ command }) => command.replace(/ --minutes \d+/, ''))
  if (was !== is) throw new Error(`${path} is of another run: its command is ${was}, not ${is}`)
  const [from] = earlier.facts.date.split(' to ')
  const date = from === facts.date ? facts.date : `${from} to ${facts.date}`
  return { ...earlier, facts: { ...facts, date } }
}
