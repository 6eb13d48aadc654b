import type { Logger } from '@bitloom/core'
import type { Output } from './output.js'
import type { Progress } from './progress/row.js'
import type { PluginSetting } from './settings/plugin-settings.js'
import type { Resolved } from './settings/resolve.js'
import type { Stop } from './stop.js'

/** What every verb gets: where to write, where things live, which plugins to use, and when to end. */
export interface Runtime {
  readonly output: Output
  readonly progress: Progress
  readonly stop: Stop
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly stdin: NodeJS.ReadableStream
  readonly stateDir: string
  readonly log: Logger
  /** 1 with `-v`, 2 with `-vv`. */
  readonly verbosity: number
  /** Specs of `--plugin`, in order. */
  readonly plugins: readonly string[]
  /** Names of `--no-plugin`. */
  readonly withoutPlugins: readonly string[]
  /** Options of plugins, weakest first. */
  readonly settings: readonly PluginSetting[]
  /** The settings of this verb. */
  readonly resolved: Resolved
}
