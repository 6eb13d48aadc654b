import { seededRandom } from '../kit/random.js'
import type { Guarantee } from '../kit/runner.js'
import type { TransportBench } from './bench.js'

/** A promise of every transport, and how it is looked at: on a bench of its own. */
export interface TransportGuarantee extends Omit<Guarantee, 'run'> {
  run(bench: TransportBench): Promise<void>
}

/** More than systems and transports buffer together is not needed here: this is a few reads. */
export const payload = seededRandom('payload').bytes(300_000)
export const ignore = (): void => {}
