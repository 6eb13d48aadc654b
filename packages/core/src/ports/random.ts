import { token } from './token.js'

/** Randomness from outside. `fork` gives streams that do not disturb each other, so that a seed replays. */
export interface Random {
  /** `length` bytes; from the CSPRNG outside simulations. */
  bytes(length: number): Uint8Array
  /** A whole number, 0 ≤ n < `limit`; `limit` ≤ 2^32. */
  below(limit: number): number
  /** An independent stream named `name` ("picker/t1"). The same parent and name give the same stream under a seed. */
  fork(name: string): Random
}
export const Random = token<Random>('Random')
