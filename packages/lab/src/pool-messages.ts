import { BitloomError, type ErrorCode, PluginError, type TraceRecord, isBitloomError } from '@bitloom/core'
import type { Job, Selection } from './plan.js'
import type { RunRecord } from './record.js'
import type { Scenario } from './scenario.js'

/** What a thread of the pool is started with. */
export interface WorkerData {
  /** The file of the scenario. */
  readonly path: string
  readonly quick: boolean
  /** Send the trace of each run too, in portions, before its answer. */
  readonly trace: boolean
}

/** An error as it crosses from a thread: its class would be lost. */
export interface Failure {
  readonly message: string
  readonly code?: ErrorCode
  readonly plugin?: string
  readonly stack?: string
}

/** `open`: try the strategies of a selection, and describe the scenario. `job`: do one run. */
export type Question = { readonly open: Selection } | { readonly job: Job }

/** Records of the run that is under way, in their order. */
export interface TracePortion {
  readonly trace: readonly TraceRecord[]
}

export type Answer = { readonly scenario: Scenario } | { readonly record: RunRecord } | { readonly failure: Failure }

/** A scenario as it can be sent: a report needs no more of it. */
export function withoutFunctions(scenario: Scenario): Scenario {
  const { swarm, strategies } = scenario
  return {
    ...scenario,
    swarm: { ...swarm, groups: swarm.groups.map(withoutPlugins) },
    strategies: strategies.map(({ groups = {}, ...strategy }) => ({
      ...withoutPlugins(strategy),
      groups: Object.fromEntries(Object.entries(groups).map(([name, group]) => [name, withoutPlugins(group)])),
    })),
  }
}

function withoutPlugins<T extends { readonly plugins?: unknown }>({
  plugins: _plugins,
  ...rest
}: T): Omit<T, 'plugins'> {
  return rest
}

/** Makes an error ready to be sent. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { message: String(error) }
  const { message, stack } = error
  return {
    message,
    ...(stack === undefined ? {} : { stack }),
    ...(isBitloomError(error) ? { code: error.code } : {}),
    ...(error instanceof PluginError ? { plugin: error.plugin } : {}),
  }
}

/** The error that was sent. */
export function errorOf({ message, code, plugin, stack }: Failure): Error {
  const error =
    plugin !== undefined && code?.startsWith('PLUGIN_')
      ? new PluginError(code as 'PLUGIN_FAILED', message, { plugin })
      : code === undefined
        ? new Error(message)
        : new BitloomError(code, message)
  if (stack !== undefined) error.stack = stack
  return error
}
