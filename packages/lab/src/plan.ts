import { BitloomError } from '@bitloom/core'
import { type Swarm, isSeeding } from './facts.js'
import type { GroupChanges, Scenario, Strategy } from './scenario.js'

/** One run: a strategy meets a seed. */
export interface Job {
  readonly strategy: string
  readonly seed: string
}

/** Which part of a scenario is run. */
export interface Selection {
  /** How many seeds, "1" and up; default: as the scenario says. */
  readonly seeds?: number
  /** This one seed only. */
  readonly seed?: string
  /** These strategies only. */
  readonly strategies?: readonly string[]
  /** The smaller form of the scenario. */
  readonly quick?: boolean
}

const defaultSeeds = 10
const defaultQuickSeeds = 3

/** The seeds of a selection. Each strategy meets all of them, so that runs can be compared pair by pair. */
export function seedsOf(scenario: Scenario, { seeds, seed, quick = false }: Selection): string[] {
  if (seed !== undefined) return [seed]
  const usual = quick ? (scenario.quick?.seeds ?? defaultQuickSeeds) : (scenario.seeds ?? defaultSeeds)
  return Array.from({ length: seeds ?? usual }, (_, index) => String(index + 1))
}

/**
 * The strategies of a selection, the baseline first.
 * @throws BitloomError INVALID_ARGUMENT naming those there are
 */
export function strategiesOf(scenario: Scenario, { strategies }: Selection): Strategy[] {
  for (const name of strategies ?? []) strategyNamed(scenario, name)
  const chosen = scenario.strategies.filter(({ name }) => strategies === undefined || strategies.includes(name))
  const baseline = scenario.baseline ?? scenario.strategies[0]?.name
  return [...chosen.filter(({ name }) => name === baseline), ...chosen.filter(({ name }) => name !== baseline)]
}

/** @throws BitloomError INVALID_ARGUMENT naming those there are */
export function strategyNamed({ name: scenario, strategies }: Scenario, name: string): Strategy {
  const found = strategies.find((strategy) => strategy.name === name)
  if (found !== undefined) return found
  const known = strategies.map((strategy) => strategy.name).join(', ')
  throw new BitloomError('INVALID_ARGUMENT', `${scenario} has no strategy ${name}; it has ${known}`)
}

/** All runs of a selection: seed by seed, so that the first seeds of all strategies are done first. */
export function jobsOf(scenario: Scenario, selection: Selection): Job[] {
  const strategies = strategiesOf(scenario, selection)
  return seedsOf(scenario, selection).flatMap((seed) => strategies.map(({ name }) => ({ strategy: name, seed })))
}

/** The groups that figures are of, by name. */
export interface Scopes {
  /** Whose peers are measured together. */
  readonly measured: readonly string[]
  /** Who downloads, each measured by itself too. */
  readonly downloading: readonly string[]
}

/** As the scenario describes the groups, whatever a strategy makes of them. */
export function scopesOf({ measure, swarm }: Scenario): Scopes {
  const namesOf = (some: readonly string[]): string[] =>
    swarm.groups
      .filter((group) => !isSeeding(group) && some.includes(group.behaviour ?? 'honest'))
      .map(({ name }) => name)
  return { measured: measure ?? namesOf(['honest']), downloading: namesOf(['honest', 'free-rider']) }
}

/** The swarm of a scenario, smaller if it is to be quick. */
export function swarmOf({ swarm, quick }: Scenario, isQuick: boolean): Swarm {
  if (!isQuick || quick === undefined) return swarm
  const { torrent = swarm.torrent, counts = {}, untilMs } = quick
  return {
    ...swarm,
    torrent,
    groups: swarm.groups.map((group) => ({ ...group, count: counts[group.name] ?? group.count })),
    ...(untilMs === undefined ? {} : { untilMs }),
  }
}

/** The swarm in which a strategy is played: what it sets laid over the groups. */
export function withStrategy(swarm: Swarm, strategy: Strategy, measured: readonly string[]): Swarm {
  const { picker, choker, plugins, groups = {} } = strategy
  const changes: GroupChanges = {
    ...(picker === undefined ? {} : { picker }),
    ...(choker === undefined ? {} : { choker }),
    ...(plugins === undefined ? {} : { plugins }),
  }
  return {
    ...swarm,
    groups: swarm.groups.map((group) => ({
      ...group,
      ...(measured.includes(group.name) ? changes : {}),
      ...groups[group.name],
    })),
  }
}
