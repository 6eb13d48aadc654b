import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import type { Hasher } from '../ports/hasher.js'
import { InlineHashing } from './hash-inline.js'
import { WorkerPool } from './hash-pool.js'

export interface HasherOptions {
  /** Worker threads; 0 = hash on the calling thread. Default: one less than the cores, 1 to 4; 0 on a single core. */
  readonly workers?: number
}

/** The hasher of Node: `node:crypto` in worker threads, to which buffers are transferred and come back. */
export interface SystemHasher extends Hasher {
  /** Ends the workers; what is under way, and every later call, rejects with BitloomError CLOSED. Idempotent. */
  close(): Promise<void>
}

/** A piece that comes whole and is this short costs less than its way to a worker and back. */
const shortBytes = 32_768

/**
 * `hash` rejects with PluginError PLUGIN_FAILED when a worker ends: its buffers are gone with it, and so are the jobs it
 * had begun, which reject once more if they are continued. New jobs get a new worker.
 */
export function systemHasher(options: HasherOptions = {}): SystemHasher {
  const cores = availableParallelism()
  const workers = options.workers ?? (cores === 1 ? 0 : Math.min(4, cores - 1))
  const inline = new InlineHashing()
  const pool = workers === 0 ? undefined : new WorkerPool(workers)
  const begun = new Set<number>()
  return {
    hash: (job, bytes, last) => {
      const isShort = last && bytes.length <= shortBytes && !begun.has(job.id)
      if (pool === undefined || isShort) return inline.hash(job, bytes, last)
      if (last) begun.delete(job.id)
      else begun.add(job.id)
      return pool.hash(job, bytes, last)
    },
    digest: (algorithm, bytes) => new Uint8Array(createHash(algorithm).update(bytes).digest()),
    drop: (job) => {
      inline.drop(job)
      if (begun.delete(job.id)) pool?.drop(job)
    },
    close: async () => {
      inline.close()
      await pool?.close()
    },
  }
}
