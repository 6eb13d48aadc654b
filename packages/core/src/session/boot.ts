import { PluginError } from '../bytes/errors.js'
import type { Clock } from '../ports/clock.js'
import { tokenName } from '../ports/token.js'
import type { SessionContainer } from './container.js'
import { type Loaded, within } from './loaded-plugin.js'
import { type Plugin, pluginContract, type PluginHost } from './plugin.js'

const applyMs = 30_000

/** Names are unique and contracts known. @throws PluginError PLUGIN_DUPLICATE, PLUGIN_CONTRACT, PLUGIN_INVALID */
export function checkPlugins(plugins: readonly Plugin[], loaded: readonly string[]): void {
  const names = new Set(loaded)
  for (const plugin of plugins) {
    const { name, contract } = plugin
    if (typeof name !== 'string' || name === '') {
      throw new PluginError('PLUGIN_INVALID', 'a plugin has no name: is it the factory instead of its result?', {
        plugin: 'unnamed',
      })
    }
    if (names.has(name)) throw new PluginError('PLUGIN_DUPLICATE', `two plugins are named ${name}`, { plugin: name })
    names.add(name)
    if (contract !== pluginContract && contract !== pluginContract - 1) {
      const message = `the plugin ${name} is written for contract ${contract}, this core speaks ${pluginContract}`
      throw new PluginError('PLUGIN_CONTRACT', message, { plugin: name })
    }
  }
}

/** `bind` of each in order. A fault names the plugin. */
export function bindPlugins(plugins: readonly Plugin[], container: SessionContainer): void {
  for (const plugin of plugins) blamed(plugin.name, 'bind', () => plugin.bind?.(container.bindingsOf(plugin.name)))
}

/** Every missing `requires` of all plugins in one error. */
export function checkRequired(plugins: readonly Plugin[], container: SessionContainer): void {
  const missing = plugins.flatMap((plugin) =>
    (plugin.requires ?? [])
      .filter((port) => !container.isBound(port))
      .map((port) => `${plugin.name} requires ${tokenName(port)}`),
  )
  const [first] = missing
  if (first === undefined) return
  const plugin = first.split(' ', 1)[0] ?? ''
  throw new PluginError('PLUGIN_MISSING', `nothing binds what plugins require: ${missing.join(', ')}`, {
    plugin,
    hook: 'requires',
  })
}

/** The services of each are made; a constructor that throws is named. */
export function resolvePlugins(plugins: readonly Plugin[], container: SessionContainer): void {
  for (const plugin of plugins) blamed(plugin.name, 'bind', () => container.resolve(plugin.name))
}

function blamed(plugin: string, step: string, run: () => void): void {
  try {
    run()
  } catch (cause) {
    if (cause instanceof PluginError) throw cause
    const what = cause instanceof Error ? cause.message : String(cause)
    throw new PluginError('PLUGIN_FAILED', `the plugin ${plugin} failed in ${step}: ${what}`, {
      plugin,
      hook: step,
      cause,
    })
  }
}

/** `apply` of one plugin, awaited for 30 s. */
export async function applyPlugin(plugin: Plugin, loaded: Loaded, host: PluginHost, clock: Clock): Promise<void> {
  const startMs = clock.nowMs()
  try {
    await within(clock, applyMs, plugin.apply?.(host), () => new Error(`it took longer than ${applyMs / 1_000} s`))
  } catch (cause) {
    if (cause instanceof PluginError) throw cause
    const what = cause instanceof Error ? cause.message : String(cause)
    throw new PluginError('PLUGIN_FAILED', `the plugin ${plugin.name} failed in apply: ${what}`, {
      plugin: plugin.name,
      hook: 'apply',
      cause,
    })
  }
  loaded.applyMs = clock.nowMs() - startMs
}
