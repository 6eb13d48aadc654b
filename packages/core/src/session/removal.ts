import { PluginError } from '../bytes/errors.js'
import { PiecePicker } from '../ports/piece-picker.js'
import { Storage } from '../ports/storage.js'
import { tokenName } from '../ports/token.js'
import type { TorrentView } from '../ports/views.js'
import { needsOf } from './boot.js'
import { type Binding, coreName, type SessionContainer, singlePorts } from './container.js'
import type { Plugin } from './plugin.js'

/**
 * A plugin may go while torrents run, unless somebody holds on to what it brought.
 * @throws PluginError PLUGIN_IN_USE: it binds a single port, the storage of an open torrent, the only picker that a
 * torrent has, or what another plugin requires
 */
export function refuseInUse(
  name: string,
  plugins: readonly Plugin[],
  container: SessionContainer,
  torrents: readonly TorrentView[],
): void {
  if (name === coreName) throw new PluginError('PLUGIN_IN_USE', 'core cannot be removed', { plugin: name })
  const others = plugins.filter((plugin) => plugin.name !== name)
  for (const binding of container.bindings(name)) {
    const reason = reasonToStay(binding, others, container, torrents)
    if (reason === undefined) continue
    throw new PluginError('PLUGIN_IN_USE', `the plugin ${name} cannot be removed: ${reason}`, { plugin: name })
  }
}

function reasonToStay(
  binding: Binding,
  others: readonly Plugin[],
  container: SessionContainer,
  torrents: readonly TorrentView[],
): string | undefined {
  const { port, plugin } = binding
  if (singlePorts.has(port)) return `it binds ${tokenName(port)}`
  const isLast = container.bindings().every((one) => one.port !== port || one.plugin === plugin)
  const dependent = isLast ? others.find((other) => needsOf(other, container).has(port)) : undefined
  if (dependent !== undefined) return `${dependent.name} requires its ${tokenName(port)}`
  const service = container.service(binding) as { readonly name: string }
  const stored = port === Storage ? torrents.find((torrent) => torrent.storage === service.name) : undefined
  if (stored !== undefined) return `it stores ${stored.name}`
  const picked =
    port === PiecePicker && isLast ? torrents.find((torrent) => torrent.picker === service.name) : undefined
  return picked === undefined ? undefined : `it has the only piece picker, and ${picked.name} uses it`
}
