/**
 * Resume records as files: torrents go on where they were, also after a crash or a power cut.
 *
 * ```ts
 * const session = await createSession({ plugins: [nodePorts(), storageFs(), piecePicker(), resumeFs({ directory: 'state' })] })
 * await session.restore()
 * ```
 */
import { definePlugin, Logger, pluginContract, type PluginFactory, ResumeStore } from '@bitloom/core'
import { join, resolve } from 'node:path'
import { fileResumeStore } from './file-resume-store.js'
import { lockFolder, lockRecord, type Lock } from './lock.js'
import { type FileResumeOptions, optionsSchema } from './options.js'

export type ResumeFsOptions = Pick<FileResumeOptions, 'directory'> & Partial<FileResumeOptions>

/** The plugin: binds the `ResumeStore`. While it runs it holds the lock of the state folder, unless told otherwise. */
export const resumeFs = definePlugin<FileResumeOptions>(
  {
    name: 'resume-fs',
    contract: pluginContract,
    options: optionsSchema,
    summary: 'Resume records as files',
  },
  ({ directory, lock }) => ({
    bind: (bindings) =>
      bindings.factory(ResumeStore, [Logger], (log) => fileResumeStore(join(resolve(directory), 'torrents'), log)),
    apply: async (host) => {
      if (lock !== 'folder') return
      const held = await lockFolder(resolve(directory))
      host.defer(() => held.release())
    },
  }),
) as PluginFactory<ResumeFsOptions>

export { fileResumeStore, lockFolder, lockRecord, type Lock }
export default resumeFs
