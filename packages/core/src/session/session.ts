import { BitloomError, PluginError } from '../bytes/errors.js'
import type { AddOptions, Engine, SessionLimits } from '../driver/api.js'
import { createEngine, type EngineParts } from '../driver/engine.js'
import { createHooks, type HookRegistry, type PluginTaps } from '../hooks/registry.js'
import { Clock } from '../ports/clock.js'
import { Logger } from '../ports/logger.js'
import { Random } from '../ports/random.js'
import { Storage } from '../ports/storage.js'
import { tokenName } from '../ports/token.js'
import { peerIdPrefix } from '../wire/peer-id.js'
import type { Session, SessionDescription, SessionOptions } from './api.js'
import { applyPlugin, bindPlugins, checkPlugins, checkRequired, resolvePlugins } from './boot.js'
import { isSingle, SessionContainer } from './container.js'
import { fillHoles } from './core-plugin.js'
import { describeBinding } from './describe.js'
import { defaultLimits } from './limits.js'
import { dispose, type Loaded, within } from './loaded-plugin.js'
import type { Plugin, PluginHost } from './plugin.js'
import { version } from './version.js'

/** The name under which a session's own taps are known. */
const sessionName = 'session'

/** LIMITS, "Process": the whole of a close, of which `stopped` announces take 3 s at the most. */
const closeMs = 5_000

/**
 * Boots the plugins and starts the engine: unique names → contracts → `bind` in order → core fills holes → every missing
 * `requires` in one error → services are made → `apply` in order. A failure undoes what was applied, in reverse.
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
  const container = new SessionContainer()
  checkPlugins(options.plugins, [])
  bindPlugins(options.plugins, container)
  const core = fillHoles(container)
  checkRequired(options.plugins, container)
  resolvePlugins(options.plugins, container)
  const session = new PluginSession(options, container, makeEngine)
  await session.boot([core, ...options.plugins])
  return session
}

class PluginSession implements Session {
  readonly peerId: Uint8Array
  readonly #container: SessionContainer
  readonly #clock: Clock
  readonly #registry: HookRegistry
  readonly #own: PluginTaps
  readonly #engine: Engine
  readonly #loaded: Loaded[] = []
  readonly #taps = new Map<string, PluginTaps>()
  #limits: SessionLimits
  #closing: Promise<void> | undefined

  constructor(options: SessionOptions, container: SessionContainer, makeEngine: (parts: EngineParts) => Engine) {
    this.#container = container
    this.#clock = container.get(Clock)
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#registry = createHooks({ clock: this.#clock, log: container.get(Logger) })
    this.#own = this.#registry.open(sessionName)
    this.peerId = options.peerId ?? freshPeerId(container.get(Random))
    if (this.peerId.length !== 20)
      throw new BitloomError('INVALID_ARGUMENT', `a peer id has 20 bytes, not ${this.peerId.length}`)
    this.#engine = makeEngine({
      hooks: this.#registry.runner,
      services: container,
      limits: this.#limits,
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
      await this.close().catch(() => {})
      throw error
    }
  }

  async #apply(plugin: Plugin): Promise<void> {
    const loaded: Loaded = {
      name: plugin.name,
      contract: plugin.contract,
      abort: new AbortController(),
      disposers: [],
      applyMs: 0,
    }
    this.#loaded.push(loaded)
    await applyPlugin(plugin, loaded, this.#hostOf(loaded), this.#clock)
  }

  #hostOf(loaded: Loaded): PluginHost {
    const taps = this.#registry.open(loaded.name)
    this.#taps.set(loaded.name, taps)
    return {
      hooks: taps.hooks,
      signal: loaded.abort.signal,
      log: this.#container.get(Logger),
      get: (port) => this.#container.get(port),
      all: (port) => this.#container.all(port),
      defer: (undo) => void loaded.disposers.push(undo),
      torrents: () => this.torrents(),
      control: (id) => this.control(id),
    }
  }

  get hooks() {
    return this.#own.hooks
  }

  get addresses() {
    return this.#engine.addresses
  }

  get limits(): SessionLimits {
    return this.#limits
  }

  torrents() {
    return this.#engine.torrents()
  }

  add(options: AddOptions) {
    return this.#engine.add(options)
  }

  control(torrentId: string) {
    return this.#engine.control(torrentId)
  }

  setLimits(limits: Partial<SessionLimits>): void {
    this.#limits = { ...this.#limits, ...limits }
    this.#engine.setLimits(this.#limits)
  }

  async use(plugin: Plugin): Promise<void> {
    if (this.#closing !== undefined) throw new BitloomError('CLOSED', 'the session is closed')
    checkPlugins(
      [plugin],
      this.#loaded.map((loaded) => loaded.name),
    )
    try {
      bindPlugins([plugin], this.#container)
      checkRequired([plugin], this.#container)
      resolvePlugins([plugin], this.#container)
      await this.#apply(plugin)
    } catch (error) {
      await this.#unload(plugin.name)
      throw error
    }
  }

  async remove(name: string): Promise<void> {
    const loaded = this.#loaded.find((one) => one.name === name)
    if (loaded === undefined) throw new BitloomError('NOT_FOUND', `no plugin is named ${name}`)
    this.#refuseInUse(name)
    const errors = await this.#unload(name)
    this.#engine.strategiesChanged()
    if (errors.length > 0) throw new AggregateError(errors, `the plugin ${name} was removed with errors`)
  }

  #refuseInUse(name: string): void {
    for (const binding of this.#container.boundBy(name)) {
      const service = this.#container.service(binding)
      const opened =
        binding.port === Storage && this.torrents().find((torrent) => torrent.storage === (service as Storage).name)
      const reason = isSingle(binding.port)
        ? `it binds ${tokenName(binding.port)}`
        : opened
          ? `it stores ${opened.name}`
          : undefined
      if (reason === undefined) continue
      throw new PluginError('PLUGIN_IN_USE', `the plugin ${name} cannot be removed: ${reason}`, { plugin: name })
    }
  }

  /** Taps off, bindings out, then its disposers. */
  async #unload(name: string): Promise<readonly Error[]> {
    this.#taps.get(name)?.remove()
    this.#taps.delete(name)
    this.#container.unbind(name)
    const at = this.#loaded.findIndex((one) => one.name === name)
    const [loaded] = at < 0 ? [] : this.#loaded.splice(at, 1)
    return loaded === undefined ? [] : dispose(loaded, this.#clock)
  }

  describe(): SessionDescription {
    const plugins = this.#loaded.map(({ name, contract, applyMs }) => ({
      name,
      contract,
      applyMs,
      binds: this.#container.boundBy(name).map((binding) => describeBinding(binding, this.#container.service(binding))),
      taps: this.#taps.get(name)?.counts() ?? {},
    }))
    return { plugins }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const errors: Error[] = []
    for (const { abort } of this.#loaded) abort.abort(new BitloomError('CLOSED', 'the session is closed'))
    const late = (): Error => new BitloomError('CLOSED', `the engine took longer than ${closeMs / 1_000} s to close`)
    await within(this.#clock, closeMs, this.#engine.close(), late).catch((error: unknown) => {
      errors.push(...(error instanceof AggregateError ? (error.errors as Error[]) : [error as Error]))
    })
    for (const loaded of this.#loaded.toReversed()) errors.push(...(await dispose(loaded, this.#clock)))
    for (const taps of this.#taps.values()) taps.remove()
    this.#own.remove()
    if (errors.length > 0) throw new AggregateError(errors, 'the session closed with errors')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function freshPeerId(random: Random): Uint8Array {
  const prefix = new TextEncoder().encode(peerIdPrefix(version))
  return Uint8Array.from([...prefix, ...random.bytes(20 - prefix.length)])
}
