import type { Guarantee } from '../kit/runner.js'
import type { StorageBench } from './bench.js'

/** A promise of every storage, and how it is looked at: on a bench of its own. */
export interface StorageGuarantee extends Omit<Guarantee, 'run'> {
  run(bench: StorageBench): Promise<void>
}
