import { availableParallelism } from 'node:os'
import { createHash } from 'node:crypto'
import type { Digests, Hasher, HashJob } from '../ports/hasher.js'
import { WorkerPool } from './hash-pool.js'
import { HashState } from './hash-state.js'

export interface HasherOptions {
  /** Worker threads; 0 = hash on the calling thread. Default: one less than the cores, 1 to 4; 0 on a single core. */
  readonly workers?: number
}

/** The hasher of Node: `node:crypto` in worker threads, to which buffers are transferred and come back. */
export interface SystemHasher extends Hasher {
  /** Ends the workers; what is under way rejects. */
  close(): Promise<void>
}

export function systemHasher(options: HasherOptions = {}): SystemHasher {
  const cores = availableParallelism()
  const workers = options.workers ?? (cores === 1 ? 0 : Math.min(4, Math.max(1, cores - 1)))
  const pool = workers === 0 ? undefined : new WorkerPool(workers)
  const inline = new Map<number, HashState>()
  return {
    hash: async (job, bytes, last) =>
      pool === undefined ? hashInline(inline, job, bytes, last) : pool.hash(job, bytes, last),
    digest: (algorithm, bytes) => new Uint8Array(createHash(algorithm).update(bytes).digest()),
    drop: (job) => {
      inline.delete(job.id)
      pool?.drop(job)
    },
    close: () => pool?.close() ?? Promise.resolve(),
  }
}

/** A turn of the event loop between slices keeps the loop responsive on a single core. */
const sliceBytes = 262_144

async function hashInline(states: Map<number, HashState>, job: HashJob, bytes: Uint8Array, last: boolean) {
  const state = states.get(job.id) ?? new HashState(job.plan)
  states.set(job.id, state)
  for (let at = 0; at < bytes.length; at += sliceBytes) {
    if (at > 0) await new Promise<void>((resolve) => setImmediate(resolve))
    state.update(bytes.subarray(at, at + sliceBytes))
  }
  if (!last) return { bytes }
  states.delete(job.id)
  const digests: Digests = state.finish()
  return { bytes, digests }
}
