import { dataStages } from './data-stages.js'
import { decisionStages } from './decision-stages.js'
import { loadInternals } from './internals.js'
import { compare, medianMs, type Patience } from './measure.js'
import { references } from './references.js'
import { type Reference, type Stage, type StageTools, unitMs } from './stage.js'
import { swarmStages } from './swarm-stages.js'
import { wireStages } from './wire-stages.js'

/** What one stage cost. */
export interface StageResult {
  readonly name: string
  /** Median CPU time of one `per`, in `unit`. */
  readonly cost: number
  readonly unit: Stage['unit']
  readonly per: string
  readonly reference: Reference
  /** The cost as a multiple of one call of the reference, with which it took turns. */
  readonly ratio: number
  /** Where a unit of work has bytes: GB (10⁹ bytes) per second of CPU time. */
  readonly gigabytesPerCpuSecond?: number
  /** For what several threads do: GB per second by the clock. */
  readonly gigabytesPerSecond?: number
}

export interface StagePlan {
  readonly patience: Patience
  readonly folder: string
  readonly small: boolean
  progress(line: string): void
}

export const stages: readonly Stage[] = [...wireStages, ...swarmStages, ...decisionStages, ...dataStages]

/** Measures one stage after the other. */
export async function runStages({ patience, folder, small, progress }: StagePlan): Promise<StageResult[]> {
  const tools: StageTools = { internals: await loadInternals(), folder, small }
  const results: StageResult[] = []
  for (const stage of stages) {
    const result = await measureStage(stage, tools, patience)
    results.push(result)
    progress(`${result.name}: ${result.cost.toPrecision(3)} ${result.unit} a ${result.per}`)
  }
  return results
}

async function measureStage(stage: Stage, tools: StageTools, patience: Patience): Promise<StageResult> {
  const { name, unit, per, reference, unitBytes, isThreaded } = stage
  const { run, units, prepare, close } = await stage.start(tools)
  const { ms, ratio } = await compare(run, references[reference], patience, prepare)
  const clockMs = isThreaded
    ? await medianMs(run, patience.sliceMs, { now: () => performance.now(), prepare })
    : undefined
  await close?.()
  const rate = (milliseconds: number): number => ((unitBytes ?? Number.NaN) * units) / 1e6 / milliseconds
  return {
    name,
    cost: ms / units / unitMs[unit],
    unit,
    per,
    reference,
    ratio: ratio / units,
    ...(unitBytes === undefined ? {} : { gigabytesPerCpuSecond: rate(ms) }),
    ...(clockMs === undefined ? {} : { gigabytesPerSecond: rate(clockMs) }),
  }
}
