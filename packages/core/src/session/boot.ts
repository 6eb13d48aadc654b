import { PluginError } from '../bytes/errors.js'
import { Clock } from '../ports/clock.js'
import { Hasher } from '../ports/hasher.js'
import { Random } from '../ports/random.js'
import { type Token, tokenName } from '../ports/token.js'
import { coreName, type SessionContainer } from './container.js'
import { type Plugin, pluginContract } from './plugin.js'
import { pluginFault } from './plugin-fault.js'

/** The name under which the taps of a session's owner are known. */
export const sessionName = 'session'

/** Plugins are plugins, their names are unique, their contracts known. @throws PluginError PLUGIN_INVALID, PLUGIN_DUPLICATE, PLUGIN_CONTRACT */
export function checkPlugins(plugins: readonly Plugin[], loaded: readonly string[]): void {
  const names = new Set([coreName, sessionName, ...loaded])
  for (const [index, plugin] of plugins.entries()) {
    checkShape(plugin, index)
    if (names.has(plugin.name)) {
      const message = `there are two plugins named ${plugin.name}`
      throw new PluginError('PLUGIN_DUPLICATE', message, { plugin: plugin.name })
    }
    names.add(plugin.name)
  }
  for (const { name, contract } of plugins) {
    // One contract back is served too, so that core can move on before all plugins have.
    if (contract === pluginContract || (contract === pluginContract - 1 && contract > 0)) continue
    const message = `the plugin ${name} is written for version ${contract} of the plugin contract, this core speaks ${pluginContract}`
    throw new PluginError('PLUGIN_CONTRACT', message, { plugin: name })
  }
}

function checkShape(plugin: unknown, index: number): void {
  if (typeof plugin === 'function') {
    const message = `the plugin ${plugin.name || index} is a factory: call it, and give the session what it returns`
    throw new PluginError('PLUGIN_INVALID', message, { plugin: plugin.name || `#${index}` })
  }
  const name = typeof plugin === 'object' && plugin !== null && 'name' in plugin ? plugin.name : undefined
  if (typeof name === 'string' && /^[a-z\d][\w.-]*$/i.test(name)) return
  const message = `plugin ${index} of the list has no name that is one`
  throw new PluginError('PLUGIN_INVALID', message, { plugin: `#${index}` })
}

/**
 * Binds the plugins in order, then makes all they bound: `bind` of each → every missing port in one error → services.
 * @throws PluginError PLUGIN_DUPLICATE, PLUGIN_MISSING, PLUGIN_INVALID, PLUGIN_FAILED
 */
export function bindPlugins(plugins: readonly Plugin[], container: SessionContainer): void {
  for (const plugin of plugins) {
    try {
      plugin.bind?.(container.bindingsOf(plugin.name))
    } catch (cause) {
      throw pluginFault(plugin.name, 'bind', cause)
    }
  }
  checkRequired(plugins, container)
  for (const binding of plugins.flatMap((plugin) => container.bindings(plugin.name))) {
    const service = container.service(binding)
    if (service !== undefined) continue
    const message = `the plugin ${binding.plugin} binds ${tokenName(binding.port)} to nothing`
    throw new PluginError('PLUGIN_INVALID', message, { plugin: binding.plugin, hook: 'bind' })
  }
}

/** The ports that a plugin depends on: those it says, and those its factories are made of. */
export function needsOf(plugin: Plugin, container: SessionContainer): ReadonlySet<Token<unknown>> {
  const needs = container.bindings(plugin.name).flatMap((binding) => binding.needs)
  return new Set([...(plugin.requires ?? []), ...needs])
}

function checkRequired(plugins: readonly Plugin[], container: SessionContainer): void {
  const missing = plugins.flatMap((plugin) => {
    const ports = [...needsOf(plugin, container)].filter((port) => !container.isBound(port))
    return ports.map((port) => ({ plugin: plugin.name, port }))
  })
  const [first] = missing
  if (first === undefined) return
  const list = missing.map(({ plugin, port }) => `${tokenName(port)} (required by ${plugin})`).join(', ')
  const ofTheMachine = missing.some(({ port }) => [Clock, Random, Hasher].some((one: Token<unknown>) => one === port))
  const hint = ofTheMachine ? '; nodePorts() of @bitloom/core/node brings the ports of Node' : ''
  throw new PluginError('PLUGIN_MISSING', `nothing binds ${list}${hint}`, { plugin: first.plugin, hook: 'requires' })
}
