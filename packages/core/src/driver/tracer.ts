import type { Logger } from '../ports/logger.js'
import type { TraceRecord, TraceSink } from '../ports/trace.js'

/** One listener; a function that is added twice hears everything twice. */
interface Entry {
  readonly sink: TraceSink
}

/**
 * Who hears the trace of one session. Off it costs its callers one look at `isOn`: records, and the facts in them, are
 * made only when it is on.
 */
export class Tracer {
  /** Somebody listens. */
  isOn = false
  readonly #sinks = new Set<Entry>()
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  /** Adds a listener, which alone hears of `opening` first; the answer takes it off again. */
  add(sink: TraceSink, opening: readonly TraceRecord[] = []): () => void {
    const entry = { sink }
    this.#sinks.add(entry)
    this.isOn = true
    for (const record of opening) this.#tellOne(entry, record)
    return () => this.#remove(entry)
  }

  #remove(entry: Entry): void {
    this.#sinks.delete(entry)
    this.isOn = this.#sinks.size > 0
  }

  /** Tells everybody. A sink that throws is told nothing more, so that a trace ends nothing but itself. */
  tell(record: TraceRecord): void {
    for (const entry of this.#sinks) this.#tellOne(entry, record)
  }

  #tellOne(entry: Entry, record: TraceRecord): void {
    if (!this.#sinks.has(entry)) return
    try {
      entry.sink(record)
    } catch (error) {
      this.#remove(entry)
      this.#log.error('a trace ends: its sink threw', { error })
    }
  }
}
