import { Worker } from 'node:worker_threads'
import { PluginError } from '../bytes/errors.js'
import type { Digests, HashJob } from '../ports/hasher.js'
import { closedError } from './hash-inline.js'

interface Answer {
  readonly bytes: Uint8Array
  readonly digests?: Digests
}

interface Waiting {
  /** What the caller gets back, where its buffer was copied and not transferred. */
  readonly kept: Uint8Array | undefined
  resolve(answer: Answer): void
  reject(error: Error): void
}

/** A worker answers in the order of `waiting`. `begun` = jobs of which it holds a state. */
interface Thread {
  readonly worker: Worker
  readonly waiting: Waiting[]
  readonly begun: Set<number>
}

/** Worker threads that hash, started when first needed. A job always goes to the same one. */
export class WorkerPool {
  readonly #threads: (Thread | undefined)[]
  /** Jobs whose state went with a worker: to go on would give a wrong digest. */
  readonly #lost = new Set<number>()
  #closing: Promise<unknown> | undefined

  readonly #script: () => URL | undefined

  /** `script` may name another worker script, asked each time one starts. */
  constructor(size: number, script: () => URL | undefined = () => undefined) {
    this.#threads = Array.from({ length: size }, () => undefined)
    this.#script = script
  }

  hash(job: HashJob, bytes: Uint8Array, last: boolean): Promise<Answer> {
    if (this.#closing !== undefined) return Promise.reject(closedError())
    if (this.#lost.has(job.id)) {
      if (last) this.#lost.delete(job.id)
      return Promise.reject(workerError(undefined))
    }
    const { worker, waiting, begun } = this.#thread(job)
    if (last) begun.delete(job.id)
    else begun.add(job.id)
    // Transferring a part of a buffer would take the whole buffer away from its other users.
    const isWhole = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength
    const sent = isWhole ? bytes : new Uint8Array(bytes)
    return new Promise((resolve, reject) => {
      waiting.push({ kept: isWhole ? undefined : bytes, resolve, reject })
      if (waiting.length === 1) worker.ref()
      worker.postMessage({ id: job.id, plan: job.plan, bytes: sent, last }, [sent.buffer as ArrayBuffer])
    })
  }

  /** Of a job that is begun. */
  drop(job: HashJob): void {
    this.#lost.delete(job.id)
    const thread = this.#threads[this.#indexOf(job)]
    if (thread?.begun.delete(job.id) === true) thread.worker.postMessage({ id: job.id })
  }

  async close(): Promise<void> {
    this.#closing ??= Promise.all(this.#threads.map((thread) => thread?.worker.terminate()))
    await this.#closing
  }

  #indexOf(job: HashJob): number {
    return job.id % this.#threads.length
  }

  #thread(job: HashJob): Thread {
    const index = this.#indexOf(job)
    const running = this.#threads[index]
    if (running !== undefined) return running
    const worker = new Worker(this.#script() ?? new URL('./hash-worker.js', import.meta.url))
    const thread: Thread = { worker, waiting: [], begun: new Set() }
    this.#threads[index] = thread
    worker.unref()
    worker.on('message', (answer: Answer) => {
      const call = thread.waiting.shift()
      if (thread.waiting.length === 0) worker.unref()
      call?.resolve(call.kept === undefined ? answer : { ...answer, bytes: call.kept })
    })
    worker.on('error', (cause) => this.#ended(index, thread, cause))
    worker.on('exit', (code) => this.#ended(index, thread, new Error(`it exited with ${code}`)))
    return thread
  }

  #ended(index: number, thread: Thread, cause: unknown): void {
    if (this.#threads[index] === thread) this.#threads[index] = undefined
    for (const id of thread.begun) this.#lost.add(id)
    thread.begun.clear()
    const error = this.#closing === undefined ? workerError(cause) : closedError()
    for (const call of thread.waiting.splice(0)) call.reject(error)
  }
}

function workerError(cause: unknown): PluginError {
  return new PluginError('PLUGIN_FAILED', 'a hash worker ended before its work was done', {
    plugin: 'node',
    hook: 'hash',
    cause,
  })
}
