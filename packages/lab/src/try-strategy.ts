import {
  BitloomError,
  Choker,
  PiecePicker,
  type Plugin,
  PluginError,
  type PluginHost,
  isBitloomError,
  pluginContract,
} from '@bitloom/core'
import { type PeerGroup, Simulation } from '@bitloom/simulator'
import type { Swarm } from './facts.js'

const longestMs = 60_000

/**
 * Starts one peer of each group by itself, so that a plugin that cannot start or a name that nobody has is told before a
 * swarm is run without it.
 * @throws PluginError as a session does, and where the plugins of a strategy cannot be made; BitloomError INVALID_ARGUMENT for an unknown picker or choker, naming those there are
 */
export async function tryStrategy(swarm: Swarm, strategy: string): Promise<void> {
  for (const group of swarm.groups) {
    if (group.behaviour === 'garbage' || group.behaviour === 'mute') continue
    const captured: { host?: PluginHost } = {}
    const probe: Plugin = { name: 'lab', contract: pluginContract, apply: (host) => void (captured.host = host) }
    await start(swarm, group, [...pluginsOf(group, strategy), probe])
    if (captured.host !== undefined) checkNames(captured.host, group, strategy)
  }
}

function pluginsOf(group: PeerGroup, strategy: string): readonly Plugin[] {
  try {
    return group.plugins?.() ?? []
  } catch (cause) {
    if (isBitloomError(cause)) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message = `strategy ${strategy}, group ${group.name}: its plugins cannot be made: ${reason}`
    throw new PluginError('PLUGIN_FAILED', message, { plugin: strategy, cause })
  }
}

/** Waits on virtual time, which a plugin may ask for while it starts. */
async function start({ torrent }: Swarm, group: PeerGroup, plugins: readonly Plugin[]): Promise<void> {
  const simulation = new Simulation({ seed: 'try', torrent })
  // The names are checked by us: core falls back to the first choker, and we list those there are.
  const started = simulation.start({ name: group.name, has: 'none', plugins, limits: group.limits ?? {} })
  const state = { settled: false }
  const settle = (): void => void (state.settled = true)
  started.then(settle, settle)
  await simulation.run(() => state.settled, longestMs)
  if (!state.settled) throw new BitloomError('CLOSED', `A peer of ${group.name} did not start`)
  await started
}

function checkNames(host: PluginHost, group: PeerGroup, strategy: string): void {
  const ports = { picker: PiecePicker, choker: Choker } as const
  for (const key of ['picker', 'choker'] as const) {
    const names = host.all<{ readonly name: string }>(ports[key]).map(({ name }) => name)
    const name = group[key]
    if (name !== undefined && !names.includes(name)) {
      throw new BitloomError(
        'INVALID_ARGUMENT',
        `strategy ${strategy}, group ${group.name}: there is no ${key} ${name}; there are ${names.join(', ')}`,
      )
    }
  }
}
