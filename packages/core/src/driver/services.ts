import type { Named } from '../ports/named.js'
import type { Token } from '../ports/token.js'

/** What is bound, looked up at use: plugins may come and go while the engine runs, so nothing of this is kept. */
export interface Services {
  /** The one binding of a single port. @throws PluginError PLUGIN_MISSING */
  get<T>(port: Token<T>): T
  /** All bindings of a many-port, in order of binding. */
  all<T>(port: Token<T>): readonly T[]
  /** By its `name`; without one the default: the first bound that is not `onlyByName`. */
  named<T extends Named>(port: Token<T>, name?: string): T | undefined
  /** The plugin that bound a service which was looked up here, bound still or not: who is named when it fails. */
  ownerOf(service: object): string
}
