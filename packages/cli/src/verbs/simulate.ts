import type { TraceSink } from '@bitloom/core'
import {
  type LabProgress,
  type LabReport,
  formatHtml,
  formatTable,
  loadScenario,
  locateScenario,
  runScenarioFile,
  shippedScenarios,
} from '@bitloom/lab'
import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, dirname, resolve } from 'node:path'
import { CliError, exitCodes, systemReason } from '../exit-codes.js'
import { printable } from '../output.js'
import type { ProgressRow } from '../progress/row.js'
import type { Runtime } from '../runtime.js'
import { openTrace } from '../trace/trace-file.js'
import { writeWholeFile } from '../write-file.js'

interface SimulateOptions {
  readonly seeds?: number
  readonly seed?: string
  readonly strategy?: readonly string[]
  readonly workers?: number
  readonly quick?: boolean
  readonly report?: string
  readonly list?: boolean
  readonly trace?: string
}

/** `simulate SCENARIO`: runs strategies in simulated swarms and compares them. */
export async function simulate(
  runtime: Runtime,
  [operand]: readonly string[],
  options: SimulateOptions,
): Promise<number> {
  if (options.list === true) return list(runtime)
  if (operand === undefined) throw new CliError('USAGE', 'simulate: name a scenario, or --list those there are')
  if (options.seed !== undefined && options.seeds !== undefined) {
    throw new CliError('USAGE', '--seed runs one seed, --seeds several: give one of them')
  }
  if (options.trace !== undefined && (options.seed === undefined || options.strategy?.length !== 1)) {
    throw new CliError('USAGE', '--trace writes what one run decided: give one --seed and one --strategy')
  }
  const target = options.report === undefined ? undefined : resolve(runtime.cwd, options.report)
  if (target !== undefined) await checkTarget(target)
  const path = await locateScenario(operand, runtime.cwd)
  const outcome = await traced(runtime, path, options)
  if ('stoppedAfter' in outcome) {
    runtime.output.note(stopText(outcome.stoppedAfter))
    return exitCodes.unfinished.exit
  }
  const { report } = outcome
  if (target !== undefined)
    await writeWholeFile(target, Buffer.from(await formatHtml(report, { scenario: operand })), true)
  say(runtime, report)
  if (target !== undefined) runtime.output.note(`The report is in ${target}`)
  return exitCodes.done.exit
}

async function list({ output, cwd }: Runtime): Promise<number> {
  const names = await shippedScenarios()
  const scenarios = await Promise.all(
    names.map(async (name) => {
      const { summary, strategies } = await loadScenario(await locateScenario(name, cwd))
      return { name, summary, strategies: strategies.map((strategy) => strategy.name) }
    }),
  )
  output.document({ scenarios })
  const width = Math.max(...names.map((name) => name.length))
  output.result(
    scenarios
      .map(
        ({ name, summary, strategies }) =>
          `${name.padEnd(width)}  ${summary}\n${' '.repeat(width)}  ${strategies.join(', ')}`,
      )
      .join('\n'),
  )
  return exitCodes.done.exit
}

/** Before the runs, which may take minutes. @throws CliError CANNOT_CREATE */
async function checkTarget(target: string): Promise<void> {
  try {
    const folder = await stat(dirname(target))
    if (!folder.isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' })
  } catch (cause) {
    throw new CliError('CANNOT_CREATE', `${target} cannot be written: ${systemReason(cause)}`, { path: target, cause })
  }
}

/** With the trace in its file, where one is asked for. */
async function traced(runtime: Runtime, path: string, options: SimulateOptions): Promise<Outcome> {
  if (options.trace === undefined) return run(runtime, path, options)
  const file = await openTrace(options.trace, runtime, () => undefined)
  try {
    return await run(runtime, path, options, file.sink)
  } finally {
    await file.close()
  }
}

type Outcome = { readonly report: LabReport } | { readonly stoppedAfter: LabProgress | undefined }

function stopText(last: LabProgress | undefined): string {
  return `Stopped ${last === undefined ? 'before the first run was over' : `after ${last.done} of ${last.total} runs`}: there is no report`
}

async function run(runtime: Runtime, path: string, options: SimulateOptions, onTrace?: TraceSink): Promise<Outcome> {
  const { progress, stop } = runtime
  const { seeds, seed, strategy, quick, workers = availableParallelism() } = options
  const startedMs = performance.now()
  const late: { rows: ProgressRow[]; state?: LabProgress } = { rows: [] }
  const onRun = (state: LabProgress): void => {
    late.state = state
    late.rows = [rowOf(basename(path, '.mjs'), state, (performance.now() - startedMs) / 1000)]
    progress.update(late.rows, performance.now())
  }
  try {
    const report = await runScenarioFile(path, {
      workers,
      onRun,
      signal: stop.signal,
      ...(seeds === undefined ? {} : { seeds }),
      ...(seed === undefined ? {} : { seed }),
      ...(strategy === undefined ? {} : { strategies: strategy }),
      ...(quick === undefined ? {} : { quick }),
      ...(onTrace === undefined ? {} : { onTrace }),
    })
    progress.finish(late.rows)
    return { report }
  } catch (error) {
    progress.clear()
    if (stop.signal.aborted) return { stoppedAfter: late.state }
    throw error
  }
}

function rowOf(name: string, { done, total }: LabProgress, seconds: number): ProgressRow {
  return {
    key: 'runs',
    name,
    state: 'simulating',
    counts: 'runs',
    doneBytes: done,
    totalBytes: total,
    downRate: 0,
    upRate: 0,
    peers: 0,
    etaSeconds: (seconds / done) * (total - done),
  }
}

function say({ output }: Runtime, report: LabReport): void {
  output.document(report)
  const painted = output.colored && output.stdout.isTTY === true
  const table = formatTable(report, {
    width: output.stdout.columns ?? 100,
    ...(painted ? { paint: (verdict, text) => `\u001b[${verdict === 'better' ? 32 : 31}m${text}\u001b[39m` } : {}),
  })
  output.result(printable(table))
  const faulty = report.runs.filter(({ faults }) => faults.length > 0)
  const [first] = faulty
  if (first === undefined) return
  const { strategy, seed, faults } = first
  output.warn(
    `${faulty.length} of ${report.runs.length} runs had errors in an engine; ${strategy} with seed ${seed}: ${faults[0]}`,
  )
}
