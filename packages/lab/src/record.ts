import type { PeerResult, SwarmResult } from '@bitloom/simulator'
import { type Measured, type MetricName, metricNames, metrics } from './metrics.js'
import { type Swarm, completionSeconds } from './facts.js'
import type { Job, Scopes } from './plan.js'

/** The figures of some peers of one run; a figure that the run does not have is absent. */
export type Figures = Readonly<Partial<Record<MetricName, number>>>

/** Some peers of one run. */
export interface ScopeRecord {
  readonly peers: number
  readonly figures: Figures
  /** Seconds from joining until whole, ascending; peers that never were are missing. */
  readonly completionSeconds: readonly number[]
}

/** The state of a swarm at a time. */
export interface Sample {
  readonly atSeconds: number
  /** Copies of the rarest piece. */
  readonly rarest: number
  /** Copies of a piece, as a mean. */
  readonly copies: number
}

/** What is kept of one run: plain data, which a worker can hand over. */
export interface RunRecord extends Job {
  /** The same for the same scenario, strategy and seed on any machine. */
  readonly traceHash: string
  readonly seconds: number
  readonly measured: ScopeRecord
  /** Each group that downloads, by name. */
  readonly groups: Readonly<Record<string, ScopeRecord>>
  readonly samples: readonly Sample[]
  /** Errors that engines logged, each once. A swarm without hostile peers or broken plugins has none. */
  readonly faults: readonly string[]
}

const mostFaults = 10

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? text

/** A result with all that went wrong in words. */
export type Outcome = Omit<SwarmResult, 'faults'> & { readonly faults: readonly string[] }

/** Takes from a result what the lab reports. */
export function recordOf(job: Job, swarm: Swarm, result: Outcome, scopes: Scopes): RunRecord {
  const scope = (peers: readonly PeerResult[]): ScopeRecord => ({
    peers: peers.length,
    figures: figuresOf({ swarm, result, peers }),
    completionSeconds: peers
      .map(completionSeconds)
      .filter(Number.isFinite)
      .sort((a, b) => a - b),
  })
  return {
    ...job,
    traceHash: result.traceHash,
    seconds: result.finishedAtMs / 1000,
    measured: scope(result.peers.filter(({ group }) => scopes.measured.includes(group))),
    groups: Object.fromEntries(
      scopes.downloading.map((name) => [name, scope(result.peers.filter(({ group }) => group === name))]),
    ),
    samples: result.samples.map(({ atMs, availabilityMin, availabilityMean }) => ({
      atSeconds: atMs / 1000,
      rarest: availabilityMin,
      copies: availabilityMean,
    })),
    faults: [...new Set(result.faults.map(firstLine))].slice(0, mostFaults),
  }
}

function figuresOf(run: Measured): Figures {
  const figures: Partial<Record<MetricName, number>> = {}
  for (const name of metricNames) {
    const value = metrics[name].of(run)
    if (value !== undefined) figures[name] = value
  }
  return figures
}
