import type { Endpoint } from '@bitloom/core'
import { Attempt } from './attempt.js'
import type { MetadataMessage } from './protocol.js'

/** Pieces that one peer is asked for at a time. */
const window = 8
const firstRestMs = 10_000
const longestRestMs = 60_000
/** Metadata that a peer may send without having been asked. */
const unaskedLimitBytes = 1_048_576

/** One peer that says it has the metadata. The fields are the fetch's own. */
export interface Source {
  readonly endpoint: Endpoint
  /** The size it claims; `undefined` = none that is accepted. */
  sizeBytes: number | undefined
  /** What it owes us: piece → when it was asked. */
  readonly asked: Map<number, number>
  /** Pieces that it was asked for and did not give in time; they may still come. */
  readonly late: Set<number>
  restUntilMs: number
  /** Rejects and silences in a row. */
  failures: number
  unaskedBytes: number
}

/** A peer before it was asked for anything. */
export function newSource(endpoint: Endpoint): Source {
  return {
    endpoint,
    sizeBytes: undefined,
    asked: new Map(),
    late: new Set(),
    restUntilMs: 0,
    failures: 0,
    unaskedBytes: 0,
  }
}

/** What the fetch has others do. */
export interface FetchEffects {
  /** Sends a request; false = it could not be sent. */
  ask(source: Source, piece: number): boolean
  /** Hashes what is whole; the answer goes to `judged`. */
  check(attempt: Attempt<Source>, bytes: Uint8Array): void
  /** It sent metadata that is not the torrent's. It may have left by now. */
  ban(source: Source): void
  /** It sends what nobody asked for. */
  disconnect(source: Source): void
}

export interface FetchLimits {
  readonly timeoutMs: number
  /** The largest size that is asked for. */
  readonly maxBytes: number
}

/**
 * The metadata of one torrent on its way from its peers (BEP 9). It only decides; times are monotonic ms, handed in.
 *
 * Peers that claim the same size share one attempt, so that each gives a part. Its hash decides: a single giver of a wrong
 * one is banned; of several nobody is known to have lied, so from then on each peer gives the whole by itself, and once the
 * truth is known, whoever gave something else is banned.
 *
 * Invariant: a source is among the askers of exactly the pieces of its attempt that are in its `asked`.
 */
export class MetadataFetch {
  readonly #effects: FetchEffects
  readonly #limits: FetchLimits
  readonly #sources = new Set<Source>()
  /** By claimed size while peers share, else by peer. */
  readonly #attempts = new Map<number | Source, Attempt<Source>>()
  /** Wrong ones of several givers. */
  #suspects: Attempt<Source>[] = []
  #isShared = true
  #isDone = false

  constructor(effects: FetchEffects, limits: FetchLimits) {
    this.#effects = effects
    this.#limits = limits
  }

  /** Bytes of metadata that are held. */
  get heldBytes(): number {
    return [...this.#attempts.values(), ...this.#suspects].reduce((sum, { heldBytes }) => sum + heldBytes, 0)
  }

  /** A peer says how large its metadata is, at first or anew; `undefined` = it has none. */
  offers(source: Source, sizeBytes: number | undefined, nowMs: number): void {
    const isFine = sizeBytes !== undefined && sizeBytes > 0 && sizeBytes <= this.#limits.maxBytes
    const next = isFine ? sizeBytes : undefined
    if (source.sizeBytes !== next) {
      this.#release(source, false)
      source.late.clear()
    }
    source.sizeBytes = next
    this.#sources.add(source)
    this.#pump(nowMs)
  }

  left(source: Source, nowMs: number): void {
    this.#release(source, false)
    this.#sources.delete(source)
    this.#attempts.delete(source)
    this.#pump(nowMs)
  }

  /** `message.bytes` is copied where it is kept. */
  data(source: Source, message: MetadataMessage & { type: 'data' }, nowMs: number): void {
    const { piece, bytes, totalBytes } = message
    const attempt = this.#attemptOf(source)
    const wasAsked = source.asked.has(piece) || source.late.has(piece)
    if (attempt === undefined || !wasAsked) {
      this.#unasked(source, bytes.length)
      return
    }
    this.#settle(source, piece, attempt)
    const isRightSize = totalBytes === undefined || totalBytes === attempt.sizeBytes
    if (isRightSize && attempt.fits(piece, bytes.length)) {
      source.failures = 0
      attempt.take(piece, bytes, source)
      this.#makeRoom(attempt, nowMs)
      this.#checkIfWhole(attempt)
    } else if (!isRightSize || !attempt.has(piece)) {
      this.#rest(source, nowMs)
    }
    this.#pump(nowMs)
  }

  rejected(source: Source, piece: number, nowMs: number): void {
    const attempt = this.#attemptOf(source)
    if (attempt === undefined || !source.asked.has(piece)) return
    this.#settle(source, piece, attempt)
    this.#rest(source, nowMs)
    this.#pump(nowMs)
  }

  /** The hash of an attempt is known to be right or wrong. */
  judged(attempt: Attempt<Source>, isRight: boolean, nowMs: number): void {
    if (this.#isDone) return
    if (isRight) {
      this.#finish(attempt.join())
      return
    }
    for (const source of this.#sources) if (this.#attemptOf(source) === attempt) this.#release(source, true)
    for (const [key, other] of this.#attempts) if (other === attempt) this.#attempts.delete(key)
    const [only, ...more] = attempt.givers
    if (more.length > 0) this.#askEachAlone(attempt)
    else if (only !== undefined) this.#ban(only)
    this.#pump(nowMs)
  }

  /** What has become due by time alone. */
  tick(nowMs: number): void {
    for (const source of this.#sources) {
      const oldestMs = Math.min(...source.asked.values())
      if (nowMs - oldestMs < this.#limits.timeoutMs) continue
      this.#release(source, true)
      this.#rest(source, nowMs)
    }
    this.#pump(nowMs)
  }

  /** When `tick` has something to do; `Infinity` = only other events can bring it on. */
  nextDeadlineMs(nowMs: number): number {
    if (this.#isDone) return Infinity
    let dueMs = Infinity
    for (const source of this.#sources) {
      if (source.sizeBytes === undefined) continue
      for (const askedMs of source.asked.values()) dueMs = Math.min(dueMs, askedMs + this.#limits.timeoutMs)
      if (source.restUntilMs > nowMs) dueMs = Math.min(dueMs, source.restUntilMs)
    }
    return dueMs
  }

  /** Forgets everything: the metadata is known, or the torrent is gone. */
  end(): void {
    this.#isDone = true
    this.#attempts.clear()
    this.#suspects = []
    this.#sources.clear()
  }

  /** The attempt that a source takes part in, if it has begun. */
  #attemptOf(source: Source): Attempt<Source> | undefined {
    const { sizeBytes } = source
    const found = sizeBytes === undefined ? undefined : this.#attempts.get(this.#isShared ? sizeBytes : source)
    return found?.sizeBytes === sizeBytes ? found : undefined
  }

  #begin(source: Source, sizeBytes: number): Attempt<Source> {
    const fresh = new Attempt<Source>(sizeBytes)
    this.#attempts.set(this.#isShared ? sizeBytes : source, fresh)
    return fresh
  }

  #pump(nowMs: number): void {
    for (const source of this.#sources) {
      const { sizeBytes } = source
      if (sizeBytes === undefined || source.restUntilMs > nowMs || this.#isDone) continue
      const attempt = this.#attemptOf(source) ?? this.#begin(source, sizeBytes)
      if (!attempt.isChecking) this.#fill(source, attempt, nowMs)
    }
  }

  #fill(source: Source, attempt: Attempt<Source>, nowMs: number): void {
    while (source.asked.size < window) {
      const piece = attempt.next(source)
      if (piece < 0) return
      if (!this.#effects.ask(source, piece)) {
        source.restUntilMs = nowMs + 1_000
        return
      }
      source.late.delete(piece)
      source.asked.set(piece, nowMs)
      attempt.asked(piece, source)
    }
  }

  /** A piece that it owed came or was refused. */
  #settle(source: Source, piece: number, attempt: Attempt<Source>): void {
    source.asked.delete(piece)
    source.late.delete(piece)
    attempt.released(piece, source)
  }

  /** It owes us nothing any more; what it was asked for may still come if `isLate`. */
  #release(source: Source, isLate: boolean): void {
    const attempt = source.asked.size === 0 ? undefined : this.#attemptOf(source)
    for (const piece of source.asked.keys()) {
      attempt?.released(piece, source)
      if (isLate) source.late.add(piece)
    }
    source.asked.clear()
  }

  /** Not asked for a while, for longer each time. */
  #rest(source: Source, nowMs: number): void {
    source.restUntilMs = nowMs + Math.min(longestRestMs, firstRestMs * 2 ** source.failures)
    source.failures++
  }

  #unasked(source: Source, lengthBytes: number): void {
    source.unaskedBytes += lengthBytes
    if (source.unaskedBytes > unaskedLimitBytes) this.#effects.disconnect(source)
  }

  #checkIfWhole(attempt: Attempt<Source>): void {
    if (!attempt.isWhole || attempt.isChecking) return
    attempt.isChecking = true
    this.#effects.check(attempt, attempt.join())
  }

  /** Liars of many sizes are not given unbounded memory: the attempt that is least far goes. */
  #makeRoom(except: Attempt<Source>, nowMs: number): void {
    while (this.heldBytes > 2 * this.#limits.maxBytes) {
      if (this.#suspects.length > 0) {
        this.#suspects.shift()
        continue
      }
      const others = [...this.#attempts].filter(([, { isChecking, heldBytes }]) => !isChecking && heldBytes > 0)
      const [least] = others.toSorted(([, a], [, b]) => a.heldBytes - b.heldBytes)
      if (least === undefined || (others.length === 1 && least[1] === except)) return
      this.#giveUp(...least, nowMs)
    }
  }

  #giveUp(key: number | Source, attempt: Attempt<Source>, nowMs: number): void {
    for (const source of this.#sources) {
      if (this.#attemptOf(source) !== attempt) continue
      this.#release(source, false)
      source.restUntilMs = nowMs + longestRestMs
    }
    this.#attempts.delete(key)
  }

  #askEachAlone(wrong: Attempt<Source>): void {
    this.#suspects.push(wrong)
    if (!this.#isShared) return
    for (const source of this.#sources) this.#release(source, true)
    this.#isShared = false
    this.#suspects.push(...[...this.#attempts.values()].filter(({ heldBytes }) => heldBytes > 0))
    this.#attempts.clear()
  }

  #finish(truth: Uint8Array): void {
    const liars = new Set<Source>()
    for (const attempt of [...this.#attempts.values(), ...this.#suspects]) {
      for (const liar of attempt.liars(truth)) liars.add(liar)
    }
    this.end()
    for (const liar of liars) this.#effects.ban(liar)
  }

  #ban(source: Source): void {
    source.sizeBytes = undefined
    this.#sources.delete(source)
    this.#effects.ban(source)
  }
}
