import type { Engine } from '../../src/driver/api.js'
import type { EngineParts } from '../../src/driver/engine.js'
import type { Logger } from '../../src/ports/logger.js'
import { Clock } from '../../src/ports/clock.js'
import { Hasher } from '../../src/ports/hasher.js'
import { Logger as LoggerPort } from '../../src/ports/logger.js'
import { Random } from '../../src/ports/random.js'
import type { TorrentView } from '../../src/ports/views.js'
import type { SessionOptions } from '../../src/session/api.js'
import { type Plugin, pluginContract } from '../../src/session/plugin.js'
import { composeSession } from '../../src/session/session.js'
import { seededRandom } from '../../src/bytes/seeded-random.js'
import { VirtualClock } from './virtual-clock.js'

/** A session over an engine that does nothing but write down what it is told. */
export function bench() {
  const clock = new VirtualClock()
  const story: string[] = []
  const lines: { readonly message: string; readonly fields: unknown }[] = []
  const torrents: TorrentView[] = []
  const faults: { start?: Error; close?: () => Promise<void> } = {}
  const made: EngineParts[] = []
  const say = (message: string, fields?: unknown): void => void lines.push({ message, fields })
  const log: Logger = { debug: say, info: say, warn: say, error: say }
  const machine: Plugin = {
    name: 'machine',
    contract: pluginContract,
    bind: (bindings) => {
      bindings.value(Clock, clock)
      bindings.value(Random, seededRandom('bench'))
      bindings.value(Hasher, {} as Hasher)
      bindings.value(LoggerPort, log)
    },
  }
  const makeEngine = (parts: EngineParts): Engine => {
    made.push(parts)
    return {
      addresses: [],
      heldBytes: 0,
      start: async () => {
        story.push('engine starts')
        if (faults.start !== undefined) throw faults.start
      },
      add: () => Promise.reject(new Error('not in this test')),
      torrents: () => torrents,
      control: () => {
        throw new Error('not in this test')
      },
      trace: () => () => void story.push('the trace ends'),
      touched: () => () => {},
      setLimits: () => void story.push('limits'),
      pluginsChanged: (what) => void story.push(`a plugin was ${what}`),
      close: async () => {
        story.push('engine closes')
        await faults.close?.()
      },
    }
  }
  const start = (plugins: readonly Plugin[], options: Partial<SessionOptions> = {}) =>
    composeSession({ ...options, plugins: [machine, ...plugins] }, makeEngine)
  return { clock, story, lines, torrents, faults, made, machine, makeEngine, start }
}

/** A plugin of the current contract. */
export function plugin(name: string, parts: Omit<Plugin, 'name' | 'contract'> = {}): Plugin {
  return { name, contract: pluginContract, ...parts }
}
