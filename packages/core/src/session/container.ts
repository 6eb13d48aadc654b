import 'reflect-metadata'
import { Container } from 'inversify'
import { PluginError } from '../bytes/errors.js'
import type { Services } from '../driver/services.js'
import { Clock } from '../ports/clock.js'
import { Datagram } from '../ports/datagram.js'
import { Hasher } from '../ports/hasher.js'
import { Logger } from '../ports/logger.js'
import { Memory } from '../ports/memory.js'
import { Random } from '../ports/random.js'
import { Resolver } from '../ports/resolver.js'
import { ResumeStore } from '../ports/resume-store.js'
import { type Token, token, tokenName } from '../ports/token.js'
import type { Bindings } from './plugin.js'

/** Ports with exactly one implementation in a session; all others may have many. */
const singlePorts: ReadonlySet<Token<unknown>> = new Set([
  Clock,
  Random,
  Hasher,
  Memory,
  Datagram,
  Resolver,
  ResumeStore,
  Logger,
])

export function isSingle(port: Token<unknown>): boolean {
  return singlePorts.has(port)
}

/** One binding: whose it is, and under which key of its own the container holds the service. */
export interface Binding {
  readonly plugin: string
  readonly port: Token<unknown>
  readonly key: Token<unknown>
}

/**
 * What is bound in one session. Every binding has a key of its own in the inversify container, and the order of ports is
 * kept here, so that a plugin's bindings can go while others stay and nothing that was looked up before is held on to.
 */
export class SessionContainer implements Services {
  readonly #container = new Container({ defaultScope: 'Singleton' })
  #bindings: readonly Binding[] = []
  #lastKey = 0

  /** Where one plugin binds. @throws PluginError PLUGIN_DUPLICATE when a single port is taken */
  bindingsOf(plugin: string): Bindings {
    return {
      value: (port, value) => void this.#container.bind(this.#add(plugin, port)).toConstantValue(value),
      factory: (port, needs, make) => {
        const services = (): unknown[] => needs.map((need) => this.get(need))
        this.#container
          .bind(this.#add(plugin, port))
          .toDynamicValue(() => make(...(services() as Parameters<typeof make>)))
      },
      service: (port, type) => {
        const key = this.#add(plugin, port)
        this.#container.bind(key).to(type as new () => never)
      },
    }
  }

  #add<T>(plugin: string, port: Token<T>): Token<T> {
    const taken = isSingle(port) ? this.#bindings.find((binding) => binding.port === port) : undefined
    if (taken !== undefined) {
      const message = `the plugins ${taken.plugin} and ${plugin} both bind ${tokenName(port)}, of which there can be one`
      throw new PluginError('PLUGIN_DUPLICATE', message, { plugin, hook: 'bind' })
    }
    const key = token<T>(`${tokenName(port)}#${++this.#lastKey}`)
    this.#bindings = [...this.#bindings, { plugin, port, key }]
    if (isSingle(port)) this.#aliasFor(port, key)
    return key
  }

  /** Classes with `@inject(Clock)` look single ports up by the port itself. */
  #aliasFor<T>(port: Token<T>, key: Token<T>): void {
    this.#container
      .bind(port)
      .toDynamicValue((context) => context.get(key))
      .inTransientScope()
  }

  isBound(port: Token<unknown>): boolean {
    return this.#bindings.some((binding) => binding.port === port)
  }

  get<T>(port: Token<T>): T {
    const [found] = this.#of(port)
    if (found === undefined) {
      throw new PluginError('PLUGIN_MISSING', `nothing binds ${tokenName(port)}: load a plugin that does`, {
        plugin: tokenName(port),
      })
    }
    return this.#container.get<T>(found.key as Token<T>)
  }

  all<T>(port: Token<T>): readonly T[] {
    return this.#of(port).map((binding) => this.#container.get<T>(binding.key as Token<T>))
  }

  named<T extends { readonly name: string }>(port: Token<T>, name?: string): T | undefined {
    return this.all(port).find((service) => name === undefined || service.name === name)
  }

  #of(port: Token<unknown>): readonly Binding[] {
    return this.#bindings.filter((binding) => binding.port === port)
  }

  /** What one plugin bound, in order. */
  boundBy(plugin: string): readonly Binding[] {
    return this.#bindings.filter((binding) => binding.plugin === plugin)
  }

  /** Makes every service of a plugin now, so that a constructor that throws is found at boot. */
  resolve(plugin: string): void {
    for (const { key } of this.boundBy(plugin)) this.#container.get(key)
  }

  service(binding: Binding): unknown {
    return this.#container.get(binding.key)
  }

  /** Takes a plugin's bindings out. */
  unbind(plugin: string): void {
    for (const { key, port } of this.boundBy(plugin)) {
      this.#container.unbind(key)
      if (isSingle(port)) this.#container.unbind(port)
    }
    this.#bindings = this.#bindings.filter((binding) => binding.plugin !== plugin)
  }
}
