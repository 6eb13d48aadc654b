import { BitloomError, PluginError } from '../bytes/errors.js'
import type { Clock } from '../ports/clock.js'

/** One plugin that is loaded: what undoes it, and the signal that it is over. */
export interface Loaded {
  readonly name: string
  readonly contract: number
  readonly abort: AbortController
  readonly disposers: (() => void | Promise<void>)[]
  applyMs: number
}

/** Waits for `work`, but no longer than `ms`: then it rejects with what `late` says. */
export async function within(clock: Clock, ms: number, work: Promise<void> | void, late: () => Error): Promise<void> {
  if (work === undefined) return
  let cancel = (): void => {}
  const deadline = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(ms, () => reject(late()))
  })
  try {
    await Promise.race([work, deadline])
  } finally {
    cancel()
  }
}

const disposeMs = 5_000

/** Runs the disposers of a plugin, last in first out, all of them; answers what failed. */
export async function dispose(plugin: Loaded, clock: Clock): Promise<readonly Error[]> {
  plugin.abort.abort(new BitloomError('CLOSED', `the plugin ${plugin.name} is closed`))
  const errors: Error[] = []
  for (let undo = plugin.disposers.pop(); undo !== undefined; undo = plugin.disposers.pop()) {
    try {
      await within(clock, disposeMs, undo(), () => new Error(`took longer than ${disposeMs / 1_000} s`))
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause)
      const message = `the plugin ${plugin.name} failed while closing: ${what}`
      errors.push(new PluginError('PLUGIN_FAILED', message, { plugin: plugin.name, hook: 'close', cause }))
    }
  }
  return errors
}
