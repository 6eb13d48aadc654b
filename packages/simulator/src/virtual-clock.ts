import type { Clock } from '@bitloom/core'
import { EventQueue, type EventTarget } from './event-queue.js'
import { TraceHash } from './trace-hash.js'

/** Virtual time does not begin at 0, so that nobody mistakes "at the start" for "never". */
const startMs = 1_000
const wallStartMs = 1_700_000_000_000
/** So often promises settle before the machine's own loop has a turn. */
const settlesPerLoop = 1_024

/**
 * Time that moves from event to event, as fast as the machine allows.
 *
 * Between two events every promise that can settle without time passing settles, but only where one may have: a
 * simulated port that makes or settles a promise says so by `touch`, and timers are always followed by it. A delivery of
 * bytes that touches nothing costs no turn of the machine's own loop.
 */
export class VirtualClock implements Clock {
  readonly trace = new TraceHash()
  readonly #queue = new EventQueue()
  #nowMs = startMs
  #isTouched = true
  #settles = 0

  nowMs(): number {
    return this.#nowMs
  }

  /** Milliseconds since the simulation began. */
  get elapsedMs(): number {
    return this.#nowMs - startMs
  }

  wallMs(): number {
    return wallStartMs + this.#nowMs
  }

  after(delayMs: number, run: () => void): () => void {
    return this.#after(0, delayMs, run)
  }

  #after(traceId: number, delayMs: number, run: () => void): () => void {
    const timer = new Timer(traceId, run, this)
    this.at(this.#nowMs + Math.max(0, delayMs), timer, 0)
    return () => timer.cancel()
  }

  /** The same time for one node; its timers carry the node's number in the trace. */
  of(traceId: number): Clock {
    return {
      nowMs: () => this.#nowMs,
      wallMs: () => this.wallMs(),
      after: (delayMs, run) => this.#after(traceId, delayMs, run),
    }
  }

  /** Fires `target` at a time, not before now. Without an object or a way to cancel: for what happens often. */
  at(atMs: number, target: EventTarget, code: number): void {
    this.#queue.push(Math.max(atMs, this.#nowMs), target, code)
  }

  /** A promise was made or settled: what waits for it goes on before the next event. */
  touch(): void {
    this.#isTouched = true
  }

  /** Resolves with `value` after so long. */
  async wait<T>(delayMs: number, value: T): Promise<T> {
    await new Promise<void>((resolve) => void this.after(delayMs, resolve))
    return value
  }

  /** Events to come, timers that were cancelled included. */
  get pending(): number {
    return this.#queue.size
  }

  /**
   * Lets events happen until `done`, or until the time is `untilMs` after the start; answers whether `done` came true.
   * One call at a time.
   */
  async run(done: () => boolean, untilMs = Infinity): Promise<boolean> {
    const endMs = startMs + untilMs
    const fire = (target: EventTarget, code: number): void => {
      this.trace.add(this.#nowMs, target.traceId, code)
      target.fire(code)
    }
    for (;;) {
      if (this.#isTouched) {
        this.#isTouched = false
        await (++this.#settles % settlesPerLoop === 0 ? loopTurned() : settled())
      }
      if (done()) return true
      const { nextMs } = this.#queue
      if (nextMs > endMs || nextMs === Infinity) {
        if (endMs !== Infinity) this.#nowMs = endMs
        return false
      }
      this.#nowMs = nextMs
      this.#queue.pop(fire)
    }
  }

  /** Lets time pass. */
  async advance(ms: number): Promise<void> {
    await this.run(() => false, this.elapsedMs + ms)
  }
}

class Timer implements EventTarget {
  readonly traceId: number
  readonly #clock: VirtualClock
  #run: (() => void) | undefined

  constructor(traceId: number, run: () => void, clock: VirtualClock) {
    this.traceId = traceId
    this.#run = run
    this.#clock = clock
  }

  get isCancelled(): boolean {
    return this.#run === undefined
  }

  cancel(): void {
    this.#run = undefined
  }

  fire(): void {
    const run = this.#run
    if (run === undefined) return
    this.#run = undefined
    this.#clock.touch()
    run()
  }
}

/**
 * Every promise that can settle without time has settled: Node calls back what `nextTick` was given when its queue of
 * them is empty. Without a turn of the machine's own loop, which costs several microseconds.
 */
function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}

/** The machine's own loop turns once: signals and timers of the program around a simulation are not kept waiting. */
function loopTurned(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
