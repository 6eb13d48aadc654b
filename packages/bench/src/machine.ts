import { availableParallelism, cpus, release, totalmem } from 'node:os'

/** Where, when and how a run was made. */
export interface MachineFacts {
  /** YYYY-MM-DD; of a run that was resumed on another day, the first and the last: "… to …". */
  readonly date: string
  /** As it can be typed again. */
  readonly command: string
  readonly processor: string
  readonly cores: number
  readonly memoryGibibytes: number
  readonly system: string
  readonly node: string
  readonly folder: string
}

/** Where the results went, and whether there were some already, is no part of how they were made. */
const untold = ['--json', '--resume', '--write-docs']

export function machineFacts(args: readonly string[], folder: string): MachineFacts {
  const telling = args
    .filter((arg, at) => !untold.includes(arg) && args[at - 1] !== '--json')
    // The rows have the version.
    .map((arg, at, all) => (all[at - 1] === '--node' ? 'PATH' : arg))
  return {
    date: new Date().toISOString().slice(0, 10),
    command: ['npm run bench', ...(telling.length > 0 ? ['--', ...telling] : [])].join(' '),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGibibytes: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    node: process.version,
    folder,
  }
}
