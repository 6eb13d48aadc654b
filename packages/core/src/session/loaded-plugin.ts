import { BitloomError, type PluginError } from '../bytes/errors.js'
import type { Engine } from '../driver/api.js'
import type { PluginTaps } from '../hooks/registry.js'
import type { Clock } from '../ports/clock.js'
import { Logger } from '../ports/logger.js'
import type { SessionContainer } from './container.js'
import { within } from '../driver/within.js'
import { lifeLimits } from './limits.js'
import type { Plugin, PluginHost } from './plugin.js'
import { pluginFault } from './plugin-fault.js'

/** What a plugin's host reaches. */
export interface HostParts {
  readonly clock: Clock
  readonly container: SessionContainer
  readonly engine: Pick<Engine, 'torrents' | 'control' | 'heldBytes'>
  readonly taps: PluginTaps
}

/** One plugin from its `apply` on, with all that undoes it. */
export interface LoadedPlugin {
  readonly plugin: Plugin
  readonly taps: PluginTaps
  /** How long `apply` took. */
  readonly applyMs: number
  /** At most 30 s. @throws PluginError PLUGIN_FAILED */
  apply(): Promise<void>
  /** Aborts its signal. */
  abort(): void
  /** Aborts, takes its taps out, then runs its disposers, last in first out, all of them; answers what failed. Idempotent. */
  dispose(leftMs?: () => number): Promise<readonly Error[]>
}

export function loadPlugin(plugin: Plugin, parts: HostParts): LoadedPlugin {
  const { clock, taps } = parts
  const { name } = plugin
  const aborter = new AbortController()
  const disposers = createDisposers(name, parts)
  const host = createHost(name, parts, aborter.signal, (dispose) => disposers.add(dispose))
  const late = (): Error => new Error(`it took longer than ${lifeLimits.applyMs / 1_000} s`)
  const abort = (): void => aborter.abort(new BitloomError('CLOSED', `the plugin ${name} is closed`))
  let applyMs = 0
  return {
    plugin,
    taps,
    get applyMs() {
      return applyMs
    },
    async apply() {
      const startMs = clock.nowMs()
      try {
        await within(clock, lifeLimits.applyMs, plugin.apply?.(host), late)
      } catch (cause) {
        throw pluginFault(name, 'apply', cause)
      }
      applyMs = clock.nowMs() - startMs
    },
    abort,
    async dispose(leftMs) {
      abort()
      taps.remove()
      return disposers.run(leftMs)
    },
  }
}

function createHost(
  name: string,
  { container, engine, taps }: HostParts,
  signal: AbortSignal,
  defer: PluginHost['defer'],
): PluginHost {
  return {
    hooks: taps.hooks,
    signal,
    log: logOf(name, container.get(Logger)),
    get: (port) => container.get(port),
    all: (port) => container.all(port),
    defer,
    torrents: () => engine.torrents(),
    control: (torrentId) => engine.control(torrentId),
    get unwrittenBytes() {
      return engine.heldBytes
    },
    timeTaps: (timer) => taps.time(timer),
  }
}

/** The session's log, with the plugin's name in every line. */
function logOf(plugin: string, log: Logger): Logger {
  return {
    debug: (message, fields) => log.debug(message, { plugin, ...fields }),
    info: (message, fields) => log.info(message, { plugin, ...fields }),
    warn: (message, fields) => log.warn(message, { plugin, ...fields }),
    error: (message, fields) => log.error(message, { plugin, ...fields }),
  }
}

type Dispose = () => void | Promise<void>

function createDisposers(name: string, { clock, container }: HostParts) {
  const stack: Dispose[] = []
  let isClosed = false
  const runOne = async (dispose: Dispose, ms: number): Promise<PluginError | undefined> => {
    try {
      await within(clock, ms, dispose(), () => new Error('it took longer than 5 s'))
      return undefined
    } catch (cause) {
      return pluginFault(name, 'close', cause, 'failed while closing')
    }
  }
  return {
    /** What comes after the end (an `apply` that went on past its deadline) is undone at once. */
    add(dispose: Dispose): void {
      if (!isClosed) stack.push(dispose)
      else
        void runOne(dispose, lifeLimits.disposeMs).then(
          (error) => error && container.get(Logger).error(error.message, { error }),
        )
    },
    async run(leftMs: () => number = () => lifeLimits.disposeMs): Promise<readonly Error[]> {
      isClosed = true
      const errors: Error[] = []
      for (let dispose = stack.pop(); dispose !== undefined; dispose = stack.pop()) {
        const error = await runOne(dispose, Math.min(lifeLimits.disposeMs, leftMs()))
        if (error !== undefined) errors.push(error)
      }
      return errors
    },
  }
}
