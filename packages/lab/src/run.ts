import { type Plugin, type TraceSink, pluginContract } from '@bitloom/core'
import { type PeerGroup, simulate } from '@bitloom/simulator'
import type { Swarm } from './facts.js'
import { type Job, scopesOf, strategyNamed, swarmOf, withStrategy } from './plan.js'
import { type RunRecord, recordOf } from './record.js'
import type { Scenario } from './scenario.js'
import { tryStrategy } from './try-strategy.js'

const usualSampleMs = 1000

/** The swarm in which a strategy of a scenario is played. */
function playedSwarm(scenario: Scenario, strategy: string, quick: boolean): Swarm {
  return withStrategy(swarmOf(scenario, quick), strategyNamed(scenario, strategy), scopesOf(scenario).measured)
}

/**
 * Starts a peer of each group of each strategy, without running anything.
 * @throws as `tryStrategy`
 */
export async function tryStrategies(scenario: Scenario, strategies: readonly string[], quick: boolean): Promise<void> {
  for (const name of strategies) await tryStrategy(playedSwarm(scenario, name, quick), name)
}

/** Simulates one strategy with one seed, in this thread. The same job gives the same record, with a trace or without. */
export async function runJob(scenario: Scenario, job: Job, quick: boolean, onTrace?: TraceSink): Promise<RunRecord> {
  const swarm = playedSwarm(scenario, job.strategy, quick)
  const told: string[] = []
  const watched = { ...swarm, groups: swarm.groups.map((group) => withWatch(group, told)) }
  const traced = onTrace === undefined ? {} : { onTrace }
  const result = await simulate({ sampleEveryMs: usualSampleMs, ...watched, ...traced, seed: job.seed })
  const faults = [...result.faults.map(({ message }) => message), ...told]
  return recordOf(job, swarm, { ...result, faults }, scopesOf(scenario))
}

/**
 * Each engine isolates a plugin that throws and goes on without it. A comparison must not do so without a word, so a
 * plugin of ours hears of it.
 */
function withWatch(group: PeerGroup, told: string[]): PeerGroup {
  const watch: Plugin = {
    name: 'lab',
    contract: pluginContract,
    apply({ hooks }) {
      hooks.pluginFailed.tap((error) => void told.push(error.message))
      hooks.torrentFailed.tap((error) => void told.push(error.message))
    },
  }
  return { ...group, plugins: () => [...(group.plugins?.() ?? []), watch] }
}
