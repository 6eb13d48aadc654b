import type { TraceRecord } from '@bitloom/core'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { loadScenario } from './load-scenario.js'
import { strategiesOf } from './plan.js'
import {
  type Answer,
  type Question,
  type TracePortion,
  type WorkerData,
  failureOf,
  withoutFunctions,
} from './pool-messages.js'
import { runJob, tryStrategies } from './run.js'

/** Records in one message. */
const portionRecords = 1_000

/** One thread of the pool: gets questions, one at a time, and answers each. The scenario's code runs here only. */
function serve(port: NonNullable<typeof parentPort>, { path, quick, trace }: WorkerData): void {
  let portion: TraceRecord[] = []
  const send = (): void => {
    if (portion.length > 0) port.postMessage({ trace: portion } satisfies TracePortion)
    portion = []
  }
  const onTrace = (record: TraceRecord): void => {
    if (portion.push(record) >= portionRecords) send()
  }
  const loaded = loadScenario(path)
  // Each question awaits it too; a failure is told there.
  loaded.catch(() => undefined)
  const answerTo = async (question: Question): Promise<Answer> => {
    const scenario = await loaded
    if ('job' in question) {
      const record = await runJob(scenario, question.job, quick, trace ? onTrace : undefined)
      send()
      return { record }
    }
    const strategies = strategiesOf(scenario, question.open).map(({ name }) => name)
    await tryStrategies(scenario, strategies, quick)
    return { scenario: withoutFunctions(scenario) }
  }
  port.on('message', (question: Question) => {
    answerTo(question).then(
      (answer) => port.postMessage(answer),
      (error: unknown) => port.postMessage({ failure: failureOf(error) } satisfies Answer),
    )
  })
}

if (!isMainThread && parentPort !== null) serve(parentPort, workerData as WorkerData)
