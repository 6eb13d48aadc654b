import type { PluginTaps } from '../hooks/registry.js'
import { tokenName } from '../ports/token.js'
import type { SessionDescription } from './api.js'
import { sessionName } from './boot.js'
import type { Binding, SessionContainer } from './container.js'
import type { LoadedPlugin } from './loaded-plugin.js'
import { pluginContract } from './plugin.js'

/** Every plugin with what it brought, core behind them; then the session's owner, if it tapped anything. */
export function describeSession(
  loaded: readonly LoadedPlugin[],
  container: SessionContainer,
  own: PluginTaps,
): SessionDescription {
  const plugins = loaded.map(({ plugin, taps, applyMs }) => ({
    name: plugin.name,
    contract: plugin.contract,
    binds: container.bindings(plugin.name).map((binding) => describeBinding(binding, container.service(binding))),
    taps: taps.counts(),
    applyMs,
  }))
  const taps = own.counts()
  const owner = { name: sessionName, contract: pluginContract, binds: [], taps, applyMs: 0 }
  return { plugins: Object.keys(taps).length === 0 ? plugins : [...plugins, owner] }
}

/** "Choker tit-for-tat (BEP 3)", "TrackerClient http https": a port, what tells its implementations apart, and their source. */
function describeBinding(binding: Binding, service: unknown): string {
  return [tokenName(binding.port), ...labels(service), ...sourceOf(service)].join(' ')
}

function sourceOf(service: unknown): readonly string[] {
  if (typeof service !== 'object' || service === null || !('source' in service)) return []
  return typeof service.source === 'string' ? [`(${service.source})`] : []
}

function labels(service: unknown): readonly string[] {
  if (typeof service !== 'object' || service === null) return []
  if ('name' in service && typeof service.name === 'string') return [service.name]
  return 'schemes' in service && Array.isArray(service.schemes) ? service.schemes.map(String) : []
}

/** The boot tree as text: a line for each plugin, and below it what it binds and taps. */
export function formatDescription(description: SessionDescription): string {
  return description.plugins
    .map(({ name, contract, binds, taps, applyMs }) => {
      const tapped = Object.entries(taps).map(([hook, count]) => (count === 1 ? hook : `${hook} × ${count}`))
      const lines = [...binds.map((bind) => `binds ${bind}`), ...tapped.map((tap) => `taps ${tap}`)]
      const tree = lines.map((line, index) => `${index === lines.length - 1 ? '└─' : '├─'} ${line}`)
      return [`${name} (contract ${contract}, ${applyMs.toFixed(1)} ms)`, ...tree].join('\n')
    })
    .join('\n')
}
