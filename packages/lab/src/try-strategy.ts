import { BitloomError, Choker, PiecePicker, type Plugin, type PluginHost, pluginContract } from '@bitloom/core'
import { type PeerGroup, Simulation } from '@bitloom/simulator'
import type { Swarm } from './facts.js'

const longestMs = 60_000

/**
 * Starts one peer of each group by itself, so that a plugin that cannot start or a name that nobody has is told before a
 * swarm is run without it.
 * @throws PluginError as a session does; BitloomError INVALID_ARGUMENT for an unknown picker or choker, naming those there are
 */
export async function tryStrategy(swarm: Swarm, strategy: string): Promise<void> {
  for (const group of swarm.groups) {
    if (group.behaviour === 'garbage' || group.behaviour === 'mute') continue
    const captured: { host?: PluginHost } = {}
    await start(swarm, group, { name: 'lab', contract: pluginContract, apply: (host) => void (captured.host = host) })
    if (captured.host !== undefined) checkNames(captured.host, group, strategy)
  }
}

/** Waits on virtual time, which a plugin may ask for while it starts. */
async function start({ torrent }: Swarm, group: PeerGroup, probe: Plugin): Promise<void> {
  const simulation = new Simulation({ seed: 'try', torrent })
  const plugins = [...(group.plugins?.() ?? []), probe]
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
