import type { Clock } from '../ports/clock.js'

/** Something whose touched peers are refilled once at the end of a turn. */
export interface Settles {
  /** It will be settled in this turn; set by `Turns` alone. */
  isUnsettled: boolean
  settle(nowMs: number): void
}

/**
 * The engine's turns: one input → state changes → each touched torrent settles once → effects → watching hooks, all with
 * one `nowMs`. Nothing re-enters: an input that comes during a turn (a command from a hook) becomes a turn of its own
 * after this one. This order is the order of events that a trace records.
 */
export class Turns {
  nowMs: number
  readonly #clock: Clock
  readonly #report: (error: unknown) => void
  readonly #inputs: (() => void)[] = []
  #unsettled: Settles[] = []
  #effects: (() => void)[] = []
  #watches: (() => void)[] = []
  #active = false

  /** `report` hears of a fault in the engine itself, so that one torrent's bug does not end the turn of others. */
  constructor(clock: Clock, report: (error: unknown) => void) {
    this.#clock = clock
    this.#report = report
    this.nowMs = clock.nowMs()
  }

  /** Runs an input now, or after the turn that is under way. */
  run(input: () => void): void {
    if (this.#active) {
      this.#inputs.push(input)
      return
    }
    this.#active = true
    this.nowMs = this.#clock.nowMs()
    this.guard(input)
    this.#finish()
  }

  /**
   * An input of bytes that are dead after the call: taken as they are, or copied when they have to wait because a turn is
   * under way (a connection may deliver what it holds as soon as it is read).
   */
  runBytes(bytes: Uint8Array, length: number, take: (bytes: Uint8Array, length: number) => void): void {
    if (this.#active) {
      const own = bytes.slice(0, length)
      this.#inputs.push(() => take(own, length))
      return
    }
    this.#active = true
    this.nowMs = this.#clock.nowMs()
    try {
      take(bytes, length)
    } catch (error) {
      this.#report(error)
    }
    this.#finish()
  }

  settleLater(torrent: Settles): void {
    if (torrent.isUnsettled) return
    torrent.isUnsettled = true
    this.#unsettled.push(torrent)
  }

  /** After the state changes of this turn. */
  effect(effect: () => void): void {
    this.#effects.push(effect)
  }

  /** After the effects of this turn. */
  watch(watch: () => void): void {
    this.#watches.push(watch)
  }

  /** Ends the turn that is under way, then runs the inputs that came meanwhile. */
  #finish(): void {
    try {
      this.#end()
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
        this.nowMs = this.#clock.nowMs()
        this.guard(next)
        this.#end()
      }
    } finally {
      this.#active = false
    }
  }

  #end(): void {
    while (this.#unsettled.length > 0 || this.#effects.length > 0) {
      if (this.#unsettled.length > 0) this.#settleAll()
      if (this.#effects.length === 0) continue
      const effects = this.#effects
      this.#effects = []
      for (const effect of effects) this.guard(effect)
    }
    if (this.#watches.length === 0) return
    const watches = this.#watches
    this.#watches = []
    for (const watch of watches) this.guard(watch)
  }

  /** Those marked so far; who is marked meanwhile comes after the effects. */
  #settleAll(): void {
    const all = this.#unsettled
    this.#unsettled = []
    for (const torrent of all) torrent.isUnsettled = false
    for (const torrent of all) this.#settle(torrent)
  }

  #settle(torrent: Settles): void {
    try {
      torrent.settle(this.nowMs)
    } catch (error) {
      this.#report(error)
    }
  }

  /** A fault in this step of a turn is told, and the turn goes on. */
  guard(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#report(error)
    }
  }
}
