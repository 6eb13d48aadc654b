import type { TraceSink } from '@bitloom/core'
import { type Selection, jobsOf, strategiesOf } from './plan.js'
import type { RunRecord } from './record.js'
import { type LabReport, reportOf } from './report.js'
import { runJob, tryStrategies } from './run.js'
import type { Scenario } from './scenario.js'
import { checkScenario } from './scenario-schema.js'

/** How far a comparison is. */
export interface LabProgress {
  readonly done: number
  readonly total: number
  /** The run that has just ended. */
  readonly run: RunRecord
}

export interface LabOptions extends Selection {
  /** Called after each run. */
  readonly onRun?: (progress: LabProgress) => void
  /** Hears why every peer decided as it did; each record says whose it is in `session`. Select one run: records do not say of which they are. */
  readonly onTrace?: TraceSink
  readonly signal?: AbortSignal
}

/**
 * Runs a scenario in this thread, one run after the other, and reports. For several at a time: `runScenarioFile`.
 * @throws BitloomError INVALID_ARGUMENT for a wrong scenario, an unknown strategy, picker or choker; PluginError for a plugin
 * that cannot start; the reason of `signal`
 */
export async function runScenario(value: Scenario, options: LabOptions = {}): Promise<LabReport> {
  const { quick = false, signal, onTrace } = options
  const scenario = checkScenario(value, value.name)
  const jobs = jobsOf(scenario, options)
  const strategies = strategiesOf(scenario, options).map(({ name }) => name)
  await tryStrategies(scenario, strategies, quick)
  const records: RunRecord[] = []
  for (const job of jobs) {
    signal?.throwIfAborted()
    const run = await runJob(scenario, job, quick, onTrace)
    records.push(run)
    options.onRun?.({ done: records.length, total: jobs.length, run })
  }
  return reportOf(scenario, options, records)
}
