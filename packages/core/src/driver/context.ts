import type { BanList } from '../torrent/ban-list.js'
import type { HookRunner } from '../hooks/runner.js'
import type { Clock } from '../ports/clock.js'
import type { Hasher } from '../ports/hasher.js'
import type { Logger } from '../ports/logger.js'
import type { Memory } from '../ports/memory.js'
import type { Random } from '../ports/random.js'
import type { TokenBucket } from '../peer/token-bucket.js'
import type { IpEndpoint } from '../ports/endpoint.js'
import type { SessionLimits } from './api.js'
import type { Crowd } from './crowd.js'
import type { Line } from './line.js'
import type { SharedBudget } from './memory-budget.js'
import type { Queueable, Queueing } from './queueing.js'
import type { Services } from './services.js'
import type { Spread } from './spread.js'
import type { Tracer } from './tracer.js'
import type { Turns } from './turns.js'

/** What all torrents of one session share. Nothing of it is global: two sessions have two. */
export interface EngineContext {
  readonly turns: Turns
  readonly clock: Clock
  readonly random: Random
  readonly hasher: Hasher
  readonly memory: Memory
  readonly log: Logger
  readonly hooks: HookRunner
  readonly services: Services
  readonly tracer: Tracer
  readonly budget: SharedBudget
  readonly bans: BanList
  readonly down: TokenBucket
  readonly up: TokenBucket
  readonly peerId: Uint8Array
  /** As the extension handshake says it: "Bitloom 0.1.0". */
  readonly clientName: string
  limits(): SessionLimits
  /** Real listening addresses. */
  addresses(): readonly IpEndpoint[]
  nextId(): number
  /** Nobody at this host, in whatever spelling, is a peer of any torrent for a while; those who are leave. */
  ban(host: string, forMs: number, reason: string): void
  /** Upload slots of one torrent in this round. */
  slotsFor(torrentId: string): number
  /** Once a second while memory is short: those who hold some give up what is brought by nobody any more. */
  reclaim(): void
  /** The peers of all torrents. */
  readonly crowd: Crowd
  /** When torrents that begin to work announce themselves. */
  readonly announces: Spread
  /** Checks of data wait here for each other. */
  readonly checks: Line
  /** So do checkpoints: in a stop that is cut short some are whole, instead of all begun. */
  readonly saves: Line
}

/** The same as one torrent sees it. */
export interface TorrentContext extends EngineContext {
  /** Peers were found, or a place became free. */
  dialSoon(): void
  /** A deadline may have come nearer. */
  wake(): void
}

/** Spelled out, so that the contexts of all torrents have one shape: with a spread V8 gives each of them its own. */
export function torrentContext(engine: EngineContext, dialSoon: () => void, wake: () => void): TorrentContext {
  return {
    turns: engine.turns,
    clock: engine.clock,
    random: engine.random,
    hasher: engine.hasher,
    memory: engine.memory,
    log: engine.log,
    hooks: engine.hooks,
    services: engine.services,
    tracer: engine.tracer,
    budget: engine.budget,
    bans: engine.bans,
    down: engine.down,
    up: engine.up,
    peerId: engine.peerId,
    clientName: engine.clientName,
    limits: engine.limits,
    addresses: engine.addresses,
    nextId: engine.nextId,
    ban: engine.ban,
    slotsFor: engine.slotsFor,
    reclaim: engine.reclaim,
    crowd: engine.crowd,
    announces: engine.announces,
    checks: engine.checks,
    saves: engine.saves,
    dialSoon,
    wake,
  }
}

/** What the engine hears from each torrent, and the queue that all share. */
export interface Wakes<T extends Queueable> {
  readonly queue: Queueing<T>
  dialSoon(torrent: T): void
  wake(torrent: T): void
}
