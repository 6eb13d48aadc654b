import { setImmediate } from 'node:timers/promises'
import { Bench } from 'tinybench'
import { median } from '../statistics.js'

/** How long to measure one stage, in milliseconds of CPU time. */
export interface Patience {
  readonly warmMs: number
  /** Stage and reference take turns so often. */
  readonly slices: number
  readonly sliceMs: number
}

/** CPU time of this process, all threads, in milliseconds: unlike the clock it stands still while others compute. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

interface MeasureOptions {
  /** Default: `cpuMs`. */
  readonly now?: () => number
  /** Comes before each call and is not counted. */
  readonly prepare?: (() => void) | undefined
  readonly warmMs?: number
}

/** The median time of one call, in milliseconds, of as many as fit into `runMs`, but for one at least. */
export async function medianMs(run: () => unknown, runMs: number, options: MeasureOptions = {}): Promise<number> {
  const { now = cpuMs, prepare, warmMs = 0 } = options
  const bench = new Bench({
    now,
    time: runMs,
    iterations: 1,
    warmup: warmMs > 0,
    warmupTime: warmMs,
    warmupIterations: 1,
    throws: true,
  })
  bench.add('stage', run, {
    // Told, since finding out calls it once more, before the run that counts has ended.
    async: true,
    beforeEach: async () => {
      // Or nobody could stop the bench by a signal, which is heard between turns of the event loop.
      await setImmediate()
      prepare?.()
    },
  })
  await bench.run()
  const [task] = bench.tasks
  if (task?.result.state !== 'completed') throw new Error('a stage was not measured to its end')
  return task.result.latency.p50
}

/** What one call of a stage costs, and how many calls of the reference that is: medians of slices that take turns. */
export async function compare(
  run: () => unknown,
  reference: () => unknown,
  { warmMs, slices, sliceMs }: Patience,
  prepare?: () => void,
): Promise<{ readonly ms: number; readonly ratio: number }> {
  const costs: number[] = []
  const ratios: number[] = []
  for (let slice = 0; slice < slices; slice += 1) {
    const referenceMs = await medianMs(reference, sliceMs / 3, { warmMs: slice === 0 ? warmMs / 3 : 0 })
    const ms = await medianMs(run, sliceMs, { prepare, warmMs: slice === 0 ? warmMs : 0 })
    costs.push(ms)
    ratios.push(ms / referenceMs)
  }
  return { ms: median(costs), ratio: median(ratios) }
}
