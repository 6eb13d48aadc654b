import type { Logger } from '../ports/logger.js'
import type { Token } from '../ports/token.js'
import type { TapTimer } from '../hooks/guard.js'
import type { TapHooks } from '../hooks/hooks.js'
import type { TorrentControl } from '../driver/api.js'
import type { TorrentView } from '../ports/views.js'

/** The version of the plugin contract this core speaks. Core accepts it and the one before. */
export const pluginContract = 1

/** A validator as https://standardschema.dev describes it; zod, valibot, arktype and others have one on every schema. */
export interface StandardSchema<Output = unknown, Input = Output> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    validate(value: unknown): StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
      }[]
    }

/** What can be read of a plugin before it is made. `I` is what may be given as options, `O` what the schema makes of it. */
export interface PluginCard<O, I = O> {
  /** The npm name without the scope; also the tap name and what errors name. */
  readonly name: string
  readonly contract: number
  readonly options?: StandardSchema<O, I>
  readonly summary: string
}

/** The default export of a plugin package. @throws PluginError PLUGIN_OPTIONS, if the card's schema refuses `options` */
export interface PluginFactory<O = void, I = O> {
  (options?: I): Plugin
  readonly plugin: PluginCard<O, I>
}

export interface Plugin {
  readonly name: string
  readonly contract: number
  /** Tokens that must be bound by someone. All that are missing are named in one error. */
  readonly requires?: readonly Token<unknown>[]
  /** Wiring only: no I/O, no `get`. */
  bind?(bindings: Bindings): void
  /** Tap hooks and start work; undo it through `host.defer`. At most 30 s. */
  apply?(host: PluginHost): void | Promise<void>
}

/** A class made by inversify, with `@injectable` and `@inject` decorators. */
export type Injectable<T> = new (...args: never[]) => T

/** The types of the services behind a list of tokens. */
export type Resolved<D extends readonly Token<unknown>[]> = {
  -readonly [I in keyof D]: D[I] extends Token<infer T> ? T : never
}

/** Where a plugin binds its implementations. Single ports take one binding in the whole session. */
export interface Bindings {
  /** Binds a ready object. */
  value<T>(port: Token<T>, value: T): void
  /** Binds the result of `make`, called once with the services behind `needs`, in that order. */
  factory<T, const D extends readonly Token<unknown>[]>(
    port: Token<T>,
    needs: D,
    make: (...services: Resolved<D>) => T,
  ): void
  /** Binds a class whose constructor is decorated. */
  service<T>(port: Token<T>, type: Injectable<T>): void
}

/** What a plugin gets in `apply`. */
export interface PluginHost {
  /** Tap-only; taps are allowed until the session closes. */
  readonly hooks: TapHooks
  /** Aborts when the session closes or the plugin is removed. */
  readonly signal: AbortSignal
  readonly log: Logger
  /** A service of a single port. */
  get<T>(port: Token<T>): T
  /** All implementations of a many-port, in order of binding, looked up now. */
  all<T>(port: Token<T>): readonly T[]
  /** Runs on close or removal, last in first out, each within 5 s. */
  defer(dispose: () => void | Promise<void>): void
  /** The torrents of the session, now. */
  torrents(): readonly TorrentView[]
  /** Commands for one torrent, by `torrent.id`. @throws BitloomError NOT_FOUND */
  control(torrentId: string): TorrentControl
  /** Data asked of peers or received, and not yet written: what `SessionLimits.unwrittenBytes` limits. */
  readonly unwrittenBytes: number
  /**
   * Tells how long each call of a tap takes, of all plugins and all hooks but `announce`, whose taps may wait. One listener
   * in a session: a later one takes its place. The answer ends it. While nobody listens nothing is measured.
   */
  timeTaps(timer: TapTimer): () => void
}

/**
 * Makes a plugin factory from its card and a function of options: the usual way to write a default export.
 * The options are checked by the schema at the call; a schema that answers asynchronously is refused.
 */
export type DefinePlugin = <O, I = O>(
  card: PluginCard<O, I>,
  make: (options: O) => Omit<Plugin, 'name' | 'contract'>,
) => PluginFactory<O, I>
