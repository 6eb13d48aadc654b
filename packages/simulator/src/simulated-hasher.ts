import { createHash, type Hash, hash as hashOnce } from 'node:crypto'
import type { Digests, HashJob, Hasher } from '@bitloom/core'
import type { SimulatedTorrent } from './simulated-torrent.js'
import { SymbolicBytes } from './symbolic-bytes.js'
import type { VirtualClock } from './virtual-clock.js'

const badSha1 = new Uint8Array(20)
const goodSha1 = badSha1.slice().fill(1)

/** SHA-1 or SHA-256 of a small input. */
export function digest(algorithm: 'sha1' | 'sha256', bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hashOnce(algorithm, bytes, 'buffer'))
}

interface SymbolicJob {
  lengthBytes: number
  isGood: boolean
}

/**
 * Answers for symbolic bytes without looking at them: a piece is good if all of it is. Real bytes are hashed. Takes no
 * time on the virtual clock.
 */
export function simulatedHasher(clock: VirtualClock, torrent: SimulatedTorrent): Hasher {
  const symbolic = new Map<number, SymbolicJob>()
  const real = new Map<number, Hash>()
  const hashSymbolic = (job: HashJob, bytes: SymbolicBytes, last: boolean): Digests | undefined => {
    const state = symbolic.get(job.id) ?? { lengthBytes: 0, isGood: true }
    state.lengthBytes += bytes.length
    state.isGood &&= bytes.isGood
    if (last) symbolic.delete(job.id)
    else symbolic.set(job.id, state)
    return last ? { sha1: state.isGood ? torrent.sha1Of(state.lengthBytes) : badSha1 } : undefined
  }
  const hashReal = (job: HashJob, bytes: Uint8Array, last: boolean): Digests | undefined => {
    const hash = (real.get(job.id) ?? createHash('sha1')).update(bytes)
    if (last) real.delete(job.id)
    else real.set(job.id, hash)
    return last ? { sha1: new Uint8Array(hash.digest()) } : undefined
  }
  return {
    // Of symbolic bytes it tells good ones from spoilt ones.
    digest: (algorithm, bytes) => {
      if (bytes instanceof SymbolicBytes) return bytes.isGood ? goodSha1 : badSha1
      return digest(algorithm, bytes)
    },
    drop: (job) => {
      symbolic.delete(job.id)
      real.delete(job.id)
    },
    hash: (job, bytes, last) => {
      clock.touch()
      const isSymbolic = bytes instanceof SymbolicBytes
      const digests = isSymbolic ? hashSymbolic(job, bytes, last) : hashReal(job, bytes, last)
      return Promise.resolve(digests === undefined ? { bytes } : { bytes, digests })
    },
  }
}
