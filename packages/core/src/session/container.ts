import 'reflect-metadata'
import { type BindingIdentifier, Container } from 'inversify'
import { PluginError } from '../bytes/errors.js'
import type { Services } from '../driver/services.js'
import { Clock } from '../ports/clock.js'
import { Datagram } from '../ports/datagram.js'
import { Hasher } from '../ports/hasher.js'
import { Logger } from '../ports/logger.js'
import { Memory } from '../ports/memory.js'
import type { Named } from '../ports/named.js'
import { PeerExtension } from '../ports/peer-extension.js'
import { PiecePicker } from '../ports/piece-picker.js'
import { Random } from '../ports/random.js'
import { Resolver } from '../ports/resolver.js'
import { ResumeStore } from '../ports/resume-store.js'
import { Choker } from '../ports/choker.js'
import { Storage } from '../ports/storage.js'
import { type Token, tokenName } from '../ports/token.js'
import { TrackerClient } from '../ports/tracker-client.js'
import { Transport } from '../ports/transport.js'
import type { Bindings, Resolved } from './plugin.js'
import { pluginFault } from './plugin-fault.js'

/** The name under which core's own bindings go; they stand behind those of all plugins. */
export const coreName = 'core'

/** Ports with exactly one implementation in a session. A port of a plugin's own may have any number. */
export const singlePorts: ReadonlySet<Token<unknown>> = new Set<Token<unknown>>([
  Clock,
  Random,
  Hasher,
  Memory,
  Datagram,
  Resolver,
  ResumeStore,
  Logger,
])

/** Ports with many implementations, which come and go: they are looked up at use and never injected. */
export const manyPorts: ReadonlySet<Token<unknown>> = new Set<Token<unknown>>([
  Storage,
  PiecePicker,
  Choker,
  TrackerClient,
  Transport,
  PeerExtension,
])

/** One binding: whose it is, and under which key of its own the container holds the service. */
export interface Binding {
  readonly plugin: string
  readonly port: Token<unknown>
  readonly key: symbol
  /** The ports that its factory is made of. */
  readonly needs: readonly Token<unknown>[]
}

/**
 * What is bound in one session. Invariant: every binding has a key of its own in the inversify container, reached from
 * its port by an alias (for `@inject`), and the order of bindings is kept here: plugins in order of loading, core last.
 * So a plugin's bindings can go while others stay, and a fault is always some plugin's.
 */
export class SessionContainer implements Services {
  readonly #container = new Container({ defaultScope: 'Singleton' })
  readonly #aliases = new Map<symbol, BindingIdentifier>()
  #bindings: readonly Binding[] = []
  /** Whose each service is that was made. */
  readonly #owners = new WeakMap<object, string>()

  /** Where one plugin binds. @throws PluginError PLUGIN_DUPLICATE for a single port that is taken, PLUGIN_INVALID */
  bindingsOf(plugin: string): Bindings {
    return {
      value: (port, value) => {
        this.#container.bind(this.#add(plugin, port, [])).toConstantValue(value)
      },
      factory: <T, const D extends readonly Token<unknown>[]>(
        port: Token<T>,
        needs: D,
        make: (...services: Resolved<D>) => T,
      ) => {
        const key = this.#add(plugin, port, needs)
        const build = (...services: unknown[]): T => blamed(plugin, port, () => make(...(services as Resolved<D>)))
        this.#container.bind<T>(key).toResolvedValue(build, [...needs])
      },
      service: (port, type) => {
        this.#container.bind(this.#add(plugin, port, [])).to(type as new () => never)
      },
    }
  }

  #add(plugin: string, port: Token<unknown>, needs: readonly Token<unknown>[]): symbol {
    this.#refuse(plugin, port, needs)
    const key = Symbol(`${tokenName(port)} of ${plugin}`)
    const binding: Binding = { plugin, port, key, needs }
    const isCore = (one: Binding): boolean => one.plugin === coreName
    const plugins = this.#bindings.filter((one) => !isCore(one))
    const core = this.#bindings.filter(isCore)
    this.#bindings = plugin === coreName ? [...plugins, ...core, binding] : [...plugins, binding, ...core]
    if (!manyPorts.has(port)) {
      const alias = this.#container.bind(port).toResolvedValue((service: unknown) => service, [key])
      this.#aliases.set(key, alias.getIdentifier())
    }
    return key
  }

  #refuse(plugin: string, port: Token<unknown>, needs: readonly Token<unknown>[]): void {
    const taken = singlePorts.has(port) ? this.#of(port)[0] : undefined
    if (taken !== undefined) {
      const who =
        taken.plugin === plugin ? `the plugin ${plugin} binds` : `the plugins ${taken.plugin} and ${plugin} both bind`
      const message = `${who} ${tokenName(port)}${taken.plugin === plugin ? ' twice' : ''}, of which there can be one`
      throw new PluginError('PLUGIN_DUPLICATE', message, { plugin, hook: 'bind' })
    }
    const many = needs.find((need) => manyPorts.has(need))
    if (many !== undefined) {
      const message = `the plugin ${plugin} wants ${tokenName(many)} injected, of which there can be many: look it up at use, with host.all`
      throw new PluginError('PLUGIN_INVALID', message, { plugin, hook: 'bind' })
    }
  }

  isBound(port: Token<unknown>): boolean {
    return this.#of(port).length > 0
  }

  get<T>(port: Token<T>): T {
    const [found] = this.#of(port)
    if (found === undefined) {
      const message = `nothing binds ${tokenName(port)}: load a plugin that does`
      throw new PluginError('PLUGIN_MISSING', message, { plugin: tokenName(port) })
    }
    return this.service(found) as T
  }

  all<T>(port: Token<T>): readonly T[] {
    return this.#of(port).map((binding) => this.service(binding) as T)
  }

  named<T extends Named>(port: Token<T>, name?: string): T | undefined {
    return this.all(port).find((service) => (name === undefined ? service.onlyByName !== true : service.name === name))
  }

  #of(port: Token<unknown>): readonly Binding[] {
    return this.#bindings.filter((binding) => binding.port === port)
  }

  /** All bindings, in order; or those of one plugin. */
  bindings(plugin?: string): readonly Binding[] {
    return plugin === undefined ? this.#bindings : this.#bindings.filter((binding) => binding.plugin === plugin)
  }

  /** The service of a binding, made now unless it was before. @throws PluginError PLUGIN_FAILED naming the plugin */
  service(binding: Binding): unknown {
    const service: unknown = blamed(binding.plugin, binding.port, () => this.#container.get(binding.key))
    if (typeof service === 'object' && service !== null) this.#owners.set(service, binding.plugin)
    return service
  }

  ownerOf(service: object): string {
    return this.#owners.get(service) ?? coreName
  }

  /** Takes a plugin's bindings out. Whoever looks up again finds the rest. */
  unbind(plugin: string): void {
    for (const { key } of this.bindings(plugin)) {
      const alias = this.#aliases.get(key)
      if (alias !== undefined) this.#container.unbind(alias)
      this.#aliases.delete(key)
      this.#container.unbind(key)
    }
    this.#bindings = this.#bindings.filter((binding) => binding.plugin !== plugin)
  }
}

function blamed<T>(plugin: string, port: Token<unknown>, make: () => T): T {
  try {
    return make()
  } catch (cause) {
    throw pluginFault(plugin, 'bind', cause, `could not make its ${tokenName(port)}`)
  }
}
