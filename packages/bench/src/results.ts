import type { Ceilings } from './ceilings.js'
import type { MachineFacts } from './machine.js'
import type { PathResults } from './paths.js'
import type { ScaleResults } from './scale.js'
import type { SideRow } from './side.js'
import type { StageResult } from './stages/run-stages.js'

/** All that a run found out; what it did not measure is not there. The JSON of `--json`. */
export interface BenchResults {
  readonly facts: MachineFacts
  ceilings?: Ceilings
  stages?: readonly StageResult[]
  scale?: ScaleResults
  paths?: PathResults
  side?: readonly SideRow[]
  /** Clients that are not installed here. */
  absent?: readonly string[]
  /** Sentences on steps that gave no figures. */
  failed?: readonly string[]
}
