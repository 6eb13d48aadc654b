import { BitloomError, PluginError } from '../bytes/errors.js'
import { latin1 } from '../bytes/text.js'
import type { HookRunner } from '../hooks/runner.js'
import { wireHashes } from '../metainfo/info-hash.js'
import { Clock } from '../ports/clock.js'
import type { Endpoint, IpEndpoint } from '../ports/endpoint.js'
import { Hasher } from '../ports/hasher.js'
import { Logger } from '../ports/logger.js'
import { Memory } from '../ports/memory.js'
import { PeerExtension } from '../ports/peer-extension.js'
import { PiecePicker } from '../ports/piece-picker.js'
import { Random } from '../ports/random.js'
import type { ResumeRecord } from '../ports/resume-store.js'
import { Storage } from '../ports/storage.js'
import type { TraceSink } from '../ports/trace.js'
import type { TorrentView } from '../ports/views.js'
import { type Connection, type Listening, Transport } from '../ports/transport.js'
import { BanList } from '../torrent/ban-list.js'
import { shareSlots } from '../torrent/share-slots.js'
import { TokenBucket } from '../peer/token-bucket.js'
import { reservedBits, reservedBytes } from '../wire/handshake.js'
import type { AddOptions, Engine, SessionLimits, TorrentControl, TorrentHandle } from './api.js'
import type { EngineContext, Wakes } from './context.js'
import { usualChecks } from './checks.js'
import { type ControlHost, LiveControl } from './control.js'
import { Deadlines } from './deadlines.js'
import { Dialer } from './dialer.js'
import { checkIncompleteSuffix } from './file-paths.js'
import { Line } from './line.js'
import { Crowd } from './crowd.js'
import { Spread } from './spread.js'
import { Handshakes, type Shaken } from './handshakes.js'
import { type ListenOptions, openListeners } from './listeners.js'
import { unsupported } from './provided-info.js'
import { SharedBudget } from './memory-budget.js'
import { Queueing } from './queueing.js'
import type { Services } from './services.js'
import { TorrentDriver } from './torrent-driver.js'
import { bannedHost, tellRefusal } from './torrent-tracer.js'
import { Tracer } from './tracer.js'
import { Turns } from './turns.js'

export interface EngineParts {
  readonly hooks: HookRunner
  readonly services: Services
  readonly limits: SessionLimits
  readonly listen: false | ListenOptions
  readonly peerId: Uint8Array
  /** "Bitloom 0.1.0" */
  readonly clientName: string
}

/** First announces of torrents that start together. */
const startsPerSecond = 50
/** More than that would only wait for each other: Node has four threads for files. */
const savesAtATime = 8
/** The granularity of deadlines. */
const tickMs = 100
const reclaimEveryMs = 1_000
/** While memory is short, a piece that holds some and that nobody brings goes on for no longer. */
const idleMs = 10_000

/** The engine of one session: all its torrents, one listener, one peer id. */
export function createEngine(parts: EngineParts): Engine {
  return new SessionEngine(parts)
}

class SessionEngine implements Engine {
  readonly #parts: EngineParts
  readonly #torrents = new Map<string, TorrentDriver>()
  /** By each 20-byte form of their hashes, one character a byte. */
  readonly #byHash = new Map<string, TorrentDriver>()
  readonly #deadlines = new Deadlines<TorrentDriver>()
  readonly #context: EngineContext
  readonly #budget: SharedBudget
  readonly #handshakes: Handshakes
  readonly #dialer: Dialer
  readonly #queue: Queueing<TorrentDriver>
  readonly #wakes: Wakes<TorrentDriver>
  readonly #controlHost: ControlHost
  #limits: SessionLimits
  #listening: readonly Listening[] = []
  #lastId = 0
  #ticks = 0
  #dialAtMs = Infinity
  #cancelTick: (() => void) | undefined
  #tickAtMs = Infinity
  #isClosed = false
  #refusals = 0
  #reclaimedAtMs = -Infinity
  readonly #touchSinks = new Set<(torrent: TorrentView) => void>()
  readonly #touchedNow = new Set<TorrentDriver>()

  constructor(parts: EngineParts) {
    this.#parts = parts
    this.#limits = parts.limits
    this.#queue = new Queueing(parts.limits)
    this.#budget = new SharedBudget(parts.limits.unwrittenBytes)
    this.#context = this.#makeContext(parts)
    const { turns, clock, peerId } = this.#context
    this.#handshakes = new Handshakes({
      turns,
      clock,
      ours: (infoHash) => ({ infoHash, peerId, reserved: this.#reserved() }),
      knows: (infoHash) => this.#find(infoHash)?.isActive === true,
    })
    this.#dialer = new Dialer(this.#context, this.#handshakes, (torrent) => this.#dialSoon(torrent))
    this.#wakes = {
      queue: this.#queue,
      dialSoon: (which) => this.#dialSoon(which),
      wake: (which) => this.#wake(which),
    }
    this.#controlHost = {
      context: this.#context,
      dial: (torrent, endpoint) => torrent.swarm.isConnected(endpoint) || this.#dialer.dial(torrent, endpoint),
      wake: (torrent) => this.#wake(torrent),
      remove: (torrent, how) => this.#remove(torrent, how?.deleteData === true ? 'deleted' : 'removed'),
    }
  }

  #makeContext(parts: EngineParts): EngineContext {
    const { services, hooks, peerId, clientName, limits } = parts
    const [clock, log] = [services.get(Clock), services.get(Logger)]
    const turns = new Turns(clock, (error) => log.error('a fault in the engine', { error }))
    return {
      turns,
      clock,
      log,
      hooks,
      services,
      tracer: new Tracer(log),
      peerId,
      clientName,
      random: services.get(Random),
      hasher: services.get(Hasher),
      memory: services.get(Memory),
      budget: this.#budget,
      bans: new BanList(),
      down: new TokenBucket(limits.downBytesPerSecond, turns.nowMs),
      up: new TokenBucket(limits.upBytesPerSecond, turns.nowMs),
      limits: () => this.#limits,
      addresses: () => this.addresses,
      nextId: () => ++this.#lastId,
      ban: (host, forMs, reason) => this.#ban(host, forMs, reason),
      slotsFor: (id) => this.#slotsFor(id),
      reclaim: () => this.#reclaim(),
      crowd: new Crowd(),
      announces: new Spread(startsPerSecond),
      checks: new Line(() => this.#limits.activeChecks ?? usualChecks),
      saves: new Line(() => savesAtATime),
    }
  }

  /** What we say we can do: core's own bits and those that extensions claim. */
  #reserved(): Uint8Array {
    const claimed = this.#context.services.all(PeerExtension).flatMap((extension) => extension.reservedBits ?? [])
    return reservedBytes([reservedBits.fast, reservedBits.extensions, ...claimed])
  }

  get addresses(): readonly IpEndpoint[] {
    return this.#listening.map((listening) => listening.at)
  }

  get heldBytes(): number {
    return this.#budget.usedBytes
  }

  async start(): Promise<void> {
    const { listen, services } = this.#parts
    if (listen === false) return
    const transport = services.all(Transport).find((one) => one.listen !== undefined)
    if (transport === undefined) {
      throw new PluginError('PLUGIN_MISSING', 'no Transport that can listen is bound: load a plugin that brings one', {
        plugin: 'Transport',
      })
    }
    this.#listening = await openListeners(transport, listen, (connection) =>
      this.#context.turns.run(() => this.#accept(connection)),
    )
  }

  // Incoming peers.

  #accept(connection: Connection): void {
    if (this.#isClosed || this.#refuses(connection.remote)) {
      connection.close()
      return
    }
    this.#handshakes.accepted(connection, (result) => {
      if (result instanceof Error) this.#context.log.debug('an incoming connection failed', { reason: result.message })
      else this.#joinIncoming(result)
    })
  }

  /** Whoever connects is looked at before it is listened to. */
  #refuses(remote: Endpoint): boolean {
    const { turns, bans, hooks, tracer } = this.#context
    const candidate = { stage: 'accept', endpoint: remote, source: 'incoming' } as const
    const isBanned = remote.kind === 'ip' && bans.isBanned(remote.host, turns.nowMs)
    const refusal = isBanned ? bannedHost : hooks.acceptPeer(candidate, undefined)
    if (refusal === undefined) return false
    tellRefusal(tracer, { atMs: turns.nowMs }, candidate, refusal, isBanned ? undefined : hooks.lastPlugin)
    return true
  }

  #joinIncoming(shaken: Shaken): void {
    const torrent = this.#find(shaken.theirs.infoHash)
    if (torrent?.isActive !== true) {
      const candidate = { stage: 'handshake', endpoint: shaken.connection.remote, source: 'incoming' } as const
      torrent?.trace.refused(candidate, { refuse: 'the torrent is not active' })
      shaken.connection.close()
      return
    }
    const refusal = torrent.swarm.join(shaken, shaken.connection.remote, 'incoming', false)
    if (refusal !== undefined) this.#context.log.debug('an incoming peer was refused', { reason: refusal })
  }

  #ban(host: string, forMs: number, reason: string): void {
    const { bans, turns, crowd } = this.#context
    bans.ban(host, turns.nowMs + forMs)
    for (const id of crowd.torrents()) this.#torrents.get(id)?.swarm.entrance.dropHost(host, reason)
  }

  /** By either 20-byte form of its hashes. */
  #find(infoHash: Uint8Array): TorrentDriver | undefined {
    return this.#byHash.get(latin1(infoHash))
  }

  // Memory.

  #reclaim(): void {
    const { turns } = this.#context
    if (this.#refusals === this.#budget.refusals || turns.nowMs < this.#reclaimedAtMs + reclaimEveryMs) return
    this.#refusals = this.#budget.refusals
    this.#reclaimedAtMs = turns.nowMs
    for (const holder of this.#budget.holders) holder.reclaim(turns.nowMs - idleMs)
  }

  // Torrents.

  async add(options: AddOptions, record?: ResumeRecord): Promise<TorrentHandle> {
    if (this.#isClosed) throw new BitloomError('CLOSED', 'the session is closed')
    this.#checkAdd(options)
    const { turns, hooks } = this.#context
    const torrent = new TorrentDriver(this.#context, this.#wakes, options, record)
    this.#torrents.set(torrent.id, torrent)
    this.#queue.add(torrent, { rank: options.queueRank, forced: options.forced })
    for (const hash of wireHashes(torrent.infoHashes)) this.#byHash.set(latin1(hash), torrent)
    turns.run(() => {
      torrent.trace.added()
      turns.watch(() => hooks.torrentAdded(torrent.view))
    })
    torrent.start()
    this.#wake(torrent)
    const control = this.control(torrent.id)
    return {
      view: torrent.view,
      control,
      ready: torrent.ready.promise,
      completed: torrent.completed.promise,
      remove: (how) => control.remove(how),
    }
  }

  #checkAdd(options: AddOptions): void {
    const { torrent } = options
    if (options.incompleteSuffix !== undefined) checkIncompleteSuffix(options.incompleteSuffix)
    const twin = wireHashes(torrent.infoHashes)
      .map((hash) => this.#find(hash))
      .find((found) => found !== undefined)
    if (twin !== undefined)
      throw new BitloomError('DUPLICATE', `the torrent ${twin.view.name} is in the session already`)
    const fault = 'format' in torrent ? unsupported(torrent) : undefined
    if (fault !== undefined) throw fault
    const { services } = this.#context
    const need = (port: string, bound: unknown, name: string | undefined): void => {
      if (bound !== undefined) return
      const what = name === undefined ? `no ${port} is bound` : `no ${port} is named ${name}`
      throw new PluginError('PLUGIN_MISSING', `${what}: load a plugin that brings one`, { plugin: name ?? port })
    }
    need('Storage', services.named(Storage, options.storage), options.storage)
    if (options.check !== 'skip' || options.picker !== undefined)
      need('PiecePicker', services.named(PiecePicker, options.picker), options.picker)
  }

  async #remove(torrent: TorrentDriver, how: 'kept' | 'removed' | 'deleted'): Promise<void> {
    try {
      const closing = torrent.close(how)
      if (!this.#isClosed) this.#context.turns.run(() => this.#queue.leave(torrent))
      await closing
    } finally {
      this.#torrents.delete(torrent.id)
      this.#queue.remove(torrent)
      for (const hash of wireHashes(torrent.infoHashes)) this.#byHash.delete(latin1(hash))
      this.#deadlines.delete(torrent)
      this.#dialer.forget(torrent)
    }
  }

  torrents() {
    return [...this.#torrents.values()].map((torrent) => torrent.view)
  }

  control(torrentId: string): TorrentControl {
    const torrent = this.#torrents.get(torrentId)
    if (torrent === undefined) throw new BitloomError('NOT_FOUND', `there is no torrent ${torrentId}`)
    return new LiveControl(this.#controlHost, torrent)
  }

  setLimits(limits: SessionLimits): void {
    const { turns, down, up } = this.#context
    turns.run(() => {
      this.#limits = limits
      this.#budget.limitBytes = limits.unwrittenBytes
      let askedBytes = 0
      for (const torrent of this.#torrents.values()) askedBytes += torrent.torrent.requests.askedBytes
      this.#queue.setLimits(limits)
      this.#context.checks.limitChanged()
      down.setRate(limits.downBytesPerSecond, turns.nowMs, askedBytes)
      up.setRate(limits.upBytesPerSecond, turns.nowMs)
      for (const torrent of this.#torrents.values()) {
        torrent.torrent.requests.markAll()
        this.#dialSoon(torrent)
      }
    })
  }

  trace(sink: TraceSink): () => void {
    const { tracer, turns } = this.#context
    let isOver = false
    let stop: (() => void) | undefined
    turns.run(() => {
      if (isOver) return
      stop = tracer.add(
        sink,
        [...this.#torrents.values()].flatMap((torrent) => torrent.trace.opening()),
      )
    })
    return () => {
      isOver = true
      stop?.()
    }
  }

  touched(sink: (torrent: TorrentView) => void): () => void {
    this.#touchSinks.add(sink)
    return () => void this.#touchSinks.delete(sink)
  }

  #touch(torrent: TorrentDriver): void {
    if (this.#touchSinks.size === 0) return
    const isFirst = this.#touchedNow.size === 0
    this.#touchedNow.add(torrent)
    if (isFirst) this.#context.turns.run(() => this.#tellTouched())
  }

  #tellTouched(): void {
    const touched = [...this.#touchedNow]
    this.#touchedNow.clear()
    for (const { view } of touched) for (const sink of this.#touchSinks) this.#context.turns.guard(() => sink(view))
  }

  pluginsChanged(what: 'added' | 'removed'): void {
    // A fault in one torrent is none in the others.
    for (const torrent of this.#torrents.values()) this.#context.turns.run(() => torrent.pluginsChanged(what))
  }

  #slotsFor(id: string): number {
    const demands = [...this.#context.crowd.torrents()].flatMap((torrentId) => {
      const torrent = this.#torrents.get(torrentId)
      if (torrent === undefined) return []
      let interested = 0
      for (const peer of torrent.torrent.peers.values()) if (peer.isInterested) interested++
      return { torrentId, interested: Math.min(interested, torrent.limits.now.uploadSlots ?? Infinity) }
    })
    // With more torrents than slots, who comes first changes from round to round.
    const first = Math.floor(this.#context.turns.nowMs / 10_000) % Math.max(1, demands.length)
    const order = [...demands.slice(first), ...demands.slice(0, first)]
    return shareSlots(this.#limits.uploadSlots, order).get(id) ?? 0
  }

  // Time.

  #dialSoon(torrent: TorrentDriver): void {
    this.#dialer.want(torrent)
    this.#dialAtMs = Math.min(this.#dialAtMs, this.#context.turns.nowMs)
    this.#wake(torrent)
  }

  /** A deadline of this torrent may have come nearer. */
  #wake(torrent: TorrentDriver): void {
    this.#touch(torrent)
    if (this.#torrents.has(torrent.id)) this.#deadlines.hasten(torrent, torrent.nextDeadlineMs())
    this.#arm()
  }

  /** Sets the one timer of the engine to the next deadline. */
  #arm(): void {
    if (this.#isClosed) return
    const dueMs = Math.min(this.#dialAtMs, this.#deadlines.nextMs)
    if (dueMs === Infinity) return
    const { clock } = this.#context
    const nowMs = clock.nowMs()
    const atMs = Math.max(dueMs, nowMs)
    if (this.#cancelTick !== undefined && this.#tickAtMs <= atMs + tickMs / 10) return
    this.#cancelTick?.()
    this.#tickAtMs = atMs
    this.#cancelTick = clock.after(Math.max(0, atMs - nowMs), () => this.#context.turns.run(() => this.#tick()))
  }

  #tick(): void {
    this.#cancelTick = undefined
    this.#tickAtMs = Infinity
    if (this.#isClosed) return
    const { turns } = this.#context
    // What is due soon goes along, so that those who share a limit have their turns together. Each is the first in turn,
    // for the first gets most of what a limit of the session lets through.
    const due = this.#deadlines.take(turns.nowMs + tickMs)
    const first = ++this.#ticks % Math.max(1, due.length)
    const inTurn = [...due.slice(first), ...due.slice(0, first)]
    // Each may fail by itself, and time goes on.
    for (const torrent of inTurn) {
      turns.guard(() => torrent.tick())
      this.#touch(torrent)
    }
    if (turns.nowMs >= this.#dialAtMs) turns.guard(() => (this.#dialAtMs = this.#dialer.run()))
    turns.watch(() => {
      for (const torrent of due)
        if (this.#torrents.has(torrent.id)) this.#deadlines.hasten(torrent, torrent.nextDeadlineMs())
      this.#arm()
    })
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#cancelTick?.()
    this.#dialer.close()
    this.#context.turns.run(() => this.#handshakes.close())
    const closing = [...this.#torrents.values()].map((torrent) => this.#remove(torrent, 'kept'))
    const results = await Promise.allSettled([...this.#listening.map((listening) => listening.close()), ...closing])
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
    if (errors.length > 0) throw new AggregateError(errors, 'the session closed with errors')
  }
}
