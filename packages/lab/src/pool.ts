import { Worker } from 'node:worker_threads'
import type { TraceSink } from '@bitloom/core'
import type { LabOptions } from './lab.js'
import { type Job, type Selection, jobsOf } from './plan.js'
import { type Answer, type Question, type TracePortion, type WorkerData, errorOf } from './pool-messages.js'
import type { RunRecord } from './record.js'
import { type LabReport, reportOf } from './report.js'
import type { Scenario } from './scenario.js'

/** A swarm makes much that lives for a moment; with this much room a run takes a quarter less processor time. */
const youngMb = 192

export interface PoolOptions extends LabOptions {
  /** Threads; at least 1. The report does not depend on it. */
  readonly workers: number
}

/**
 * Runs a scenario file in threads, and reports. The code of the scenario runs in the threads only: what it prints goes to
 * standard error, and an abort ends it at once, whatever it does.
 * @throws as `runScenario` and `loadScenario` do
 */
export async function runScenarioFile(path: string, options: PoolOptions): Promise<LabReport> {
  const { workers, onRun, onTrace, signal, ...selection } = options
  const data = { path, quick: options.quick ?? false, trace: onTrace !== undefined }
  const threads = new Threads(data, signal, onTrace)
  try {
    signal?.throwIfAborted()
    const scenario = await threads.open(selection)
    const jobs = jobsOf(scenario, selection)
    let done = 0
    const records = await threads.runAll(jobs, workers, (run) => onRun?.({ done: ++done, total: jobs.length, run }))
    return reportOf(scenario, selection, records)
  } finally {
    await threads.end()
  }
}

/** Some threads that do the runs of one scenario. */
class Threads {
  readonly #data: WorkerData
  readonly #signal: AbortSignal | undefined
  readonly #onTrace: TraceSink | undefined
  readonly #workers: Worker[] = []

  constructor(data: WorkerData, signal: AbortSignal | undefined, onTrace: TraceSink | undefined) {
    this.#data = data
    this.#signal = signal
    this.#onTrace = onTrace
  }

  /** Tries the strategies of a selection and answers with the scenario, without its functions. */
  async open(selection: Selection): Promise<Scenario> {
    const answer = await this.#ask(this.#worker(0), { open: selection })
    if (!('scenario' in answer)) throw new Error('A thread gave the wrong answer')
    return answer.scenario
  }

  /** The records in the order of the jobs, whatever the number of threads. */
  async runAll(jobs: readonly Job[], count: number, onRun: (run: RunRecord) => void): Promise<RunRecord[]> {
    const records: RunRecord[] = []
    // One iterator for all: each thread takes the next job when it is free.
    const next = jobs.entries()
    const drain = async (worker: Worker): Promise<void> => {
      for (const [index, job] of next) {
        const answer = await this.#ask(worker, { job })
        if (!('record' in answer)) throw new Error('A thread gave the wrong answer')
        records[index] = answer.record
        onRun(answer.record)
      }
    }
    const workers = Array.from({ length: Math.min(count, jobs.length) }, (_, index) => this.#worker(index))
    await Promise.all(workers.map(drain))
    return records
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  #worker(index: number): Worker {
    return (this.#workers[index] ??= startWorker(this.#data))
  }

  /** @throws what failed in the thread, or the reason of the signal */
  #ask(worker: Worker, question: Question): Promise<Exclude<Answer, { failure: unknown }>> {
    const signal = this.#signal
    return new Promise((resolve, reject) => {
      const ended = new AbortController()
      const settled = (end: () => void): void => {
        ended.abort()
        worker.off('message', onMessage).off('error', onError).off('exit', onExit)
        end()
      }
      const onMessage = (answer: Answer | TracePortion): void => {
        if ('trace' in answer) for (const record of answer.trace) this.#onTrace?.(record)
        else settled(() => ('failure' in answer ? reject(errorOf(answer.failure)) : resolve(answer)))
      }
      const onError = (cause: unknown): void => settled(() => reject(strayError(question, cause)))
      const onExit = (code: number): void => settled(() => reject(new Error(`A thread of the lab ended with ${code}`)))
      const onAbort = (): void => settled(() => reject(asError(signal?.reason)))
      worker.on('message', onMessage).on('error', onError).on('exit', onExit)
      signal?.addEventListener('abort', onAbort, { signal: ended.signal })
      if (signal?.aborted === true) onAbort()
      else worker.postMessage(question)
    })
  }
}

function startWorker(data: WorkerData): Worker {
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: data,
    stdout: true,
    resourceLimits: { maxYoungGenerationSizeMb: youngMb },
  })
  worker.stdout.pipe(process.stderr, { end: false })
  return worker
}

/** What nobody caught in a thread, such as an error in a timer of a plugin: said with the run that it ended. */
function strayError(question: Question, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const when =
    'job' in question ? `in the run of ${question.job.strategy} with seed ${question.job.seed}` : 'at the start'
  return new Error(`Nobody caught an error ${when}: ${reason}`, { cause })
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('The lab was stopped', { cause: reason })
}
