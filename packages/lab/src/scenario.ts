import type { Plugin } from '@bitloom/core'
import type { Swarm } from './facts.js'
import type { MetricName } from './metrics.js'
import type { PeerGroup } from '@bitloom/simulator'

/** What a strategy may set for a group of peers: all that a group has but its name. */
export type GroupChanges = Partial<Omit<PeerGroup, 'name'>>

/** One of the things to compare. */
export interface Strategy {
  /** Short: it labels lines and columns. */
  readonly name: string
  readonly summary?: string
  /** Where it is described. */
  readonly source?: string
  /** The name of a piece picker, for the measured groups. */
  readonly picker?: string
  /** The name of a choker, for the measured groups. */
  readonly choker?: string
  /** Fresh plugins for one peer of the measured groups, such as `() => [myPicker()]`. */
  readonly plugins?: () => readonly Plugin[]
  /** What it changes group by group, after the above; for the groups that are not measured too. */
  readonly groups?: Readonly<Record<string, GroupChanges>>
}

/** Less of a scenario, for a first look. */
export interface Quick {
  readonly seeds?: number
  readonly torrent?: Swarm['torrent']
  /** Peers by group. */
  readonly counts?: Readonly<Record<string, number>>
  readonly untilMs?: number
}

/** What a scenario file exports: a swarm, and strategies to try in it. */
export interface Scenario {
  readonly name: string
  /** One sentence: what happens, and what to look at. */
  readonly summary: string
  readonly swarm: Swarm
  /** At least one; each name once. */
  readonly strategies: readonly Strategy[]
  /** The strategy that others are compared with; default: the first. */
  readonly baseline?: string
  /** Groups whose peers are measured; default: the honest ones that do not have everything at the start. */
  readonly measure?: readonly string[]
  /** How many seeds each strategy meets (default 10): "1", "2", …. */
  readonly seeds?: number
  /** Figures of interest, the most telling first; default: by what the swarm has. The report has all. */
  readonly metrics?: readonly MetricName[]
  readonly quick?: Quick
}

/** Types a scenario, and returns it as it is: `export default scenario({ … })`. */
export function scenario(value: Scenario): Scenario {
  return value
}
