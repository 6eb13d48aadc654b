import { memoryPool } from '../driver/memory-pool.js'
import { memoryResumeStore } from '../driver/memory-resume-store.js'
import { Choker } from '../ports/choker.js'
import { Logger } from '../ports/logger.js'
import { Memory } from '../ports/memory.js'
import { ResumeStore } from '../ports/resume-store.js'
import { titForTat } from '../torrent/tit-for-tat.js'
import type { SessionContainer } from './container.js'
import { type Plugin, pluginContract } from './plugin.js'

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Binds what nobody else did: a memory pool, a resume store in memory, a silent log, and tit-for-tat as the last choker. */
export function fillHoles(container: SessionContainer): Plugin {
  const bindings = container.bindingsOf('core')
  if (!container.isBound(Memory)) bindings.value(Memory, memoryPool())
  if (!container.isBound(ResumeStore)) bindings.value(ResumeStore, memoryResumeStore())
  if (!container.isBound(Logger)) bindings.value(Logger, silent)
  bindings.value(Choker, titForTat)
  return { name: 'core', contract: pluginContract }
}
