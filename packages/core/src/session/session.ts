import { BitloomError } from '../bytes/errors.js'
import type { AddOptions, Engine, SessionLimits } from '../driver/api.js'
import { restoreTorrents } from '../driver/restore.js'
import { createEngine, type EngineParts } from '../driver/engine.js'
import { createHooks, type HookRegistry, type PluginTaps } from '../hooks/registry.js'
import { Clock } from '../ports/clock.js'
import { Hasher } from '../ports/hasher.js'
import { Logger } from '../ports/logger.js'
import { ResumeStore } from '../ports/resume-store.js'
import { Random } from '../ports/random.js'
import type { TraceSink } from '../ports/trace.js'
import type { TorrentView } from '../ports/views.js'
import { peerIdPrefix } from '../wire/peer-id.js'
import type { Session, SessionDescription, SessionOptions } from './api.js'
import { bindPlugins, checkPlugins, sessionName } from './boot.js'
import { SessionContainer } from './container.js'
import { corePlugin } from './core-plugin.js'
import { within } from '../driver/within.js'
import { describeSession } from './describe.js'
import { checkPeriods, type LimitSchedule, ScheduleWatch } from './limit-schedule.js'
import { changeLimits, defaultLimits, lifeLimits } from './limits.js'
import { loadPlugin, type LoadedPlugin } from './loaded-plugin.js'
import type { Plugin } from './plugin.js'
import { refuseInUse } from './removal.js'
import { version } from './version.js'

/**
 * Boots the plugins and starts the engine: unique names → contracts → `bind` in order → core fills holes → every missing
 * port in one error → services are made → `apply` in order, awaited. A failure undoes what was applied, in reverse.
 * @throws PluginError naming the plugin; BitloomError ADDRESS_IN_USE, INVALID_ARGUMENT
 */
export function createSession(options: SessionOptions): Promise<Session> {
  return composeSession(options, createEngine)
}

/** `createSession` with an engine of the caller's making. */
export async function composeSession(
  options: SessionOptions,
  makeEngine: (parts: EngineParts) => Engine,
): Promise<Session> {
  checkPlugins(options.plugins, [])
  const limits = changeLimits(defaultLimits, options.limits ?? {})
  const container = new SessionContainer()
  const plugins = [...options.plugins, corePlugin(container)]
  bindPlugins(plugins, container)
  const session = new PluginSession(options, limits, container, makeEngine)
  await session.boot(plugins)
  return session
}

class PluginSession implements Session {
  readonly peerId: Uint8Array
  readonly #container: SessionContainer
  readonly #clock: Clock
  readonly #registry: HookRegistry
  readonly #own: PluginTaps
  readonly #engine: Engine
  #loaded: readonly LoadedPlugin[] = []
  readonly #watch: ScheduleWatch
  /** Those that hold when no period of a schedule does. */
  #usual: SessionLimits
  #alternative: Partial<SessionLimits> | undefined
  #closing: Promise<void> | undefined
  /** Loading and removing of plugins, one after the other. */
  #changes: Promise<unknown> = Promise.resolve()

  constructor(
    options: SessionOptions,
    limits: SessionLimits,
    container: SessionContainer,
    makeEngine: (parts: EngineParts) => Engine,
  ) {
    this.#container = container
    this.#clock = container.get(Clock)
    this.#usual = limits
    this.#watch = new ScheduleWatch(this.#clock, (alternative) => {
      this.#alternative = alternative
      this.#engine.setLimits(this.limits)
    })
    this.peerId = choosePeerId(options.peerId, container.get(Random))
    this.#registry = createHooks({ clock: this.#clock, log: container.get(Logger) })
    this.#own = this.#registry.open(sessionName)
    this.#engine = makeEngine({
      hooks: this.#registry.runner,
      services: container,
      limits,
      listen: options.listen ?? {},
      peerId: this.peerId,
      clientName: `Bitloom ${version}`,
    })
  }

  /** Applies the plugins and opens the listeners; on a failure everything is undone. */
  async boot(plugins: readonly Plugin[]): Promise<void> {
    try {
      for (const plugin of plugins) await this.#apply(plugin)
      await this.#engine.start()
    } catch (error) {
      const log = this.#container.get(Logger)
      await this.close().catch((undoing: unknown) =>
        log.error('a failed start could not be undone', { error: undoing }),
      )
      throw error
    }
  }

  async #apply(plugin: Plugin): Promise<void> {
    const parts = { clock: this.#clock, container: this.#container, engine: this.#engine }
    const loaded = loadPlugin(plugin, { ...parts, taps: this.#registry.open(plugin.name) })
    this.#loaded = [...this.#loaded, loaded]
    await loaded.apply()
  }

  get hooks() {
    return this.#own.hooks
  }

  get addresses() {
    return this.#engine.addresses
  }

  get limits(): SessionLimits {
    return { ...this.#usual, ...this.#alternative }
  }

  torrents() {
    return this.#engine.torrents()
  }

  async add(options: AddOptions) {
    this.#refuseClosed()
    return this.#engine.add(options)
  }

  async restore() {
    this.#refuseClosed()
    const container = this.#container
    return restoreTorrents({
      store: container.get(ResumeStore),
      hasher: container.get(Hasher),
      log: container.get(Logger),
      add: async (options, record) => {
        this.#refuseClosed()
        return this.#engine.add(options, record)
      },
    })
  }

  control(torrentId: string) {
    return this.#engine.control(torrentId)
  }

  setLimits(limits: Partial<SessionLimits>): void {
    this.#usual = changeLimits(this.#usual, limits)
    this.#engine.setLimits(this.limits)
  }

  schedule(schedule: LimitSchedule | undefined): void {
    this.#refuseClosed()
    if (schedule !== undefined) {
      checkPeriods(schedule.periods)
      changeLimits(this.#usual, schedule.limits)
    }
    this.#watch.set(schedule)
  }

  use(plugin: Plugin): Promise<void> {
    return this.#change(() => this.#use(plugin))
  }

  async #use(plugin: Plugin): Promise<void> {
    checkPlugins(
      [plugin],
      this.#plugins().map((one) => one.name),
    )
    try {
      bindPlugins([plugin], this.#container)
      await this.#apply(plugin)
      this.#engine.pluginsChanged('added')
    } catch (error) {
      const errors = await this.#unload(plugin.name)
      for (const undoing of errors) this.#container.get(Logger).error(undoing.message, { error: undoing })
      throw error
    }
  }

  remove(name: string): Promise<void> {
    return this.#change(() => this.#remove(name))
  }

  async #remove(name: string): Promise<void> {
    const plugins = this.#plugins()
    if (!plugins.some((plugin) => plugin.name === name)) {
      throw new BitloomError('NOT_FOUND', `there is no plugin named ${name} in the session`)
    }
    refuseInUse(name, plugins, this.#container, this.torrents())
    const errors = await this.#unload(name)
    if (errors.length > 0) throw new AggregateError(errors, `the plugin ${name} was removed with errors`)
  }

  #plugins(): readonly Plugin[] {
    return this.#loaded.map((loaded) => loaded.plugin)
  }

  async #change(run: () => Promise<void>): Promise<void> {
    this.#refuseClosed()
    const change = this.#changes.then(() => {
      this.#refuseClosed()
      return run()
    })
    this.#changes = change.catch(() => {})
    return change
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined) throw new BitloomError('CLOSED', 'the session is closed')
  }

  /** Taps off, bindings out, torrents on to what is left, then its disposers. */
  async #unload(name: string): Promise<readonly Error[]> {
    const loaded = this.#loaded.find((one) => one.plugin.name === name)
    loaded?.abort()
    loaded?.taps.remove()
    this.#loaded = this.#loaded.filter((one) => one !== loaded)
    this.#container.unbind(name)
    this.#engine.pluginsChanged('removed')
    return (await loaded?.dispose()) ?? []
  }

  trace(sink: TraceSink): () => void {
    return this.#engine.trace(sink)
  }

  touched(sink: (torrent: TorrentView) => void): () => void {
    return this.#engine.touched(sink)
  }

  describe(): SessionDescription {
    return describeSession(this.#loaded, this.#container, this.#own)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const { closeMs, engineCloseMs } = lifeLimits
    const endsAtMs = this.#clock.nowMs() + closeMs
    const leftMs = (): number => Math.max(0, endsAtMs - this.#clock.nowMs())
    this.#watch.stop()
    for (const loaded of this.#loaded) loaded.abort()
    const late = (): Error =>
      new BitloomError('CLOSED', `the engine took longer than ${engineCloseMs / 1_000} s to close`)
    const errors: Error[] = []
    await within(this.#clock, engineCloseMs, this.#engine.close(), late).catch((error: unknown) => {
      errors.push(...(error instanceof AggregateError ? (error.errors as Error[]) : [error as Error]))
    })
    for (const loaded of this.#loaded.toReversed()) errors.push(...(await loaded.dispose(leftMs)))
    this.#own.remove()
    if (errors.length > 0) throw new AggregateError(errors, 'the session closed with errors')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function choosePeerId(wanted: Uint8Array | undefined, random: Random): Uint8Array {
  if (wanted === undefined) {
    const prefix = new TextEncoder().encode(peerIdPrefix(version))
    return Uint8Array.from([...prefix, ...random.bytes(20 - prefix.length)])
  }
  if (wanted.length === 20) return wanted.slice()
  throw new BitloomError('INVALID_ARGUMENT', `a peer id has 20 bytes, not ${wanted.length}`)
}
