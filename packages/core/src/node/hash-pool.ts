import { Worker } from 'node:worker_threads'
import { BitloomError } from '../bytes/errors.js'
import type { Digests, HashJob } from '../ports/hasher.js'

interface Answer {
  readonly bytes: Uint8Array
  readonly digests?: Digests
}

interface Waiting {
  resolve(answer: Answer): void
  reject(error: Error): void
}

interface Thread {
  readonly worker: Worker
  /** In the order sent; a worker answers in order. */
  readonly waiting: Waiting[]
}

/** Worker threads that hash, started when first needed. A job always goes to the same one. */
export class WorkerPool {
  readonly #threads: (Thread | undefined)[]
  #isClosed = false

  constructor(size: number) {
    this.#threads = Array.from({ length: size }, () => undefined)
  }

  hash(job: HashJob, bytes: Uint8Array, last: boolean): Promise<Answer> {
    if (this.#isClosed) return Promise.reject(new BitloomError('CLOSED', 'the hasher is closed'))
    const { worker, waiting } = this.#thread(job)
    return new Promise((resolve, reject) => {
      waiting.push({ resolve, reject })
      worker.ref()
      worker.postMessage({ id: job.id, plan: job.plan, bytes, last }, [bytes.buffer as ArrayBuffer])
    })
  }

  drop(job: HashJob): void {
    const thread = this.#threads[job.id % this.#threads.length]
    thread?.worker.postMessage({ id: job.id })
  }

  #thread(job: HashJob): Thread {
    const index = job.id % this.#threads.length
    const running = this.#threads[index]
    if (running !== undefined) return running
    const thread: Thread = { worker: new Worker(new URL('./hash-worker.js', import.meta.url)), waiting: [] }
    this.#threads[index] = thread
    const { worker, waiting } = thread
    worker.unref()
    worker.on('message', (answer: Answer) => {
      waiting.shift()?.resolve(answer)
      if (waiting.length === 0) worker.unref()
    })
    const failed = (cause: unknown): void => {
      if (this.#threads[index] === thread) this.#threads[index] = undefined
      for (const each of waiting.splice(0)) each.reject(new BitloomError('IO', 'a hash worker ended', { cause }))
    }
    worker.on('error', failed)
    worker.on('exit', failed)
    return thread
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#threads.map((thread) => thread?.worker.terminate()))
  }
}
