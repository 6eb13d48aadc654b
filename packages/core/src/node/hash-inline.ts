import { BitloomError } from '../bytes/errors.js'
import type { Digests, HashJob } from '../ports/hasher.js'
import { HashState } from './hash-state.js'

/** What is hashed at a stretch: about 0.15 ms. */
const sliceBytes = 262_144

interface Call {
  readonly job: HashJob
  readonly bytes: Uint8Array
  readonly last: boolean
  /** Bytes hashed so far. */
  at: number
  resolve(answer: { readonly bytes: Uint8Array; readonly digests?: Digests }): void
  reject(error: Error): void
}

/** Hashes on the calling thread, all jobs together at most `sliceBytes` in a turn of the event loop, in the order asked. */
export class InlineHashing {
  readonly #states = new Map<number, HashState>()
  readonly #calls: Call[] = []
  #isClosed = false

  hash(
    job: HashJob,
    bytes: Uint8Array,
    last: boolean,
  ): Promise<{ readonly bytes: Uint8Array; readonly digests?: Digests }> {
    if (this.#isClosed) return Promise.reject(closedError())
    return new Promise((resolve, reject) => {
      this.#calls.push({ job, bytes, last, at: 0, resolve, reject })
      if (this.#calls.length === 1) setImmediate(() => this.#work())
    })
  }

  drop(job: HashJob): void {
    this.#states.delete(job.id)
  }

  close(): void {
    this.#isClosed = true
    this.#states.clear()
    for (const call of this.#calls.splice(0)) call.reject(closedError())
  }

  #work(): void {
    let budget = sliceBytes
    let call = this.#calls[0]
    while (call !== undefined && (budget > 0 || call.at === call.bytes.length)) {
      const state = this.#states.get(call.job.id) ?? new HashState(call.job.plan)
      this.#states.set(call.job.id, state)
      const part = call.bytes.subarray(call.at, call.at + budget)
      state.update(part)
      call.at += part.length
      budget -= part.length
      if (call.at === call.bytes.length) {
        this.#calls.shift()
        if (call.last) this.#states.delete(call.job.id)
        call.resolve(call.last ? { bytes: call.bytes, digests: state.finish() } : { bytes: call.bytes })
      }
      call = this.#calls[0]
    }
    if (call !== undefined) setImmediate(() => this.#work())
  }
}

export function closedError(): BitloomError {
  return new BitloomError('CLOSED', 'the hasher is closed')
}
