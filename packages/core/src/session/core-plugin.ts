import { memoryPool } from '../driver/memory-pool.js'
import { memoryResumeStore } from '../driver/memory-resume-store.js'
import { Choker } from '../ports/choker.js'
import { Clock } from '../ports/clock.js'
import { Hasher } from '../ports/hasher.js'
import { Logger } from '../ports/logger.js'
import { Memory } from '../ports/memory.js'
import { Random } from '../ports/random.js'
import { ResumeStore } from '../ports/resume-store.js'
import { titForTat } from '../torrent/tit-for-tat.js'
import { coreName, type SessionContainer } from './container.js'
import { type Plugin, pluginContract } from './plugin.js'

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/**
 * What core brings itself, as a plugin that is bound after all others: tit-for-tat as the last choker, and where nobody
 * bound one, a memory pool, a resume store in memory and a silent log. It requires what no core can bring: time,
 * randomness and hashing.
 */
export function corePlugin(container: Pick<SessionContainer, 'isBound'>): Plugin {
  return {
    name: coreName,
    contract: pluginContract,
    requires: [Clock, Random, Hasher],
    bind(bindings) {
      if (!container.isBound(Memory)) bindings.value(Memory, memoryPool())
      if (!container.isBound(ResumeStore)) bindings.value(ResumeStore, memoryResumeStore())
      if (!container.isBound(Logger)) bindings.value(Logger, silent)
      bindings.value(Choker, titForTat)
    },
  }
}
