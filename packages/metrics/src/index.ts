/**
 * Metrics of a session for Prometheus.
 *
 * ```ts
 * const session = await createSession({ plugins: [nodePorts(), storageFs(), piecePicker(), metrics()] })
 * // curl http://127.0.0.1:9464/metrics
 * ```
 */
import { definePlugin, pluginContract, token } from '@bitloom/core'
import type { Registry } from 'prom-client'
import * as z from 'zod'
import { countSession } from './counts.js'
import { serveMetrics } from './endpoint.js'
import { watchLoop } from './loop-delay.js'
import { registryOf } from './registry.js'

/** The metrics of a session, for those who publish them in their own way. Both are there from the start of the plugin on. */
export interface Metrics {
  /** Metrics of one's own may be registered too. */
  readonly registry: Registry
  /** Where they are served; `undefined` with `port: false`. */
  readonly url: string | undefined
}
export const Metrics = token<Metrics>('Metrics')

const optionsSchema = z
  .strictObject({
    port: z
      .union([z.int().min(0).max(65_535), z.literal(false)])
      .default(9464)
      .describe('Where /metrics is served; 0 = any port, false = nowhere'),
    host: z.string().min(1).default('127.0.0.1').describe('The address it is served at'),
  })
  .prefault({})

export type MetricsOptions = z.input<typeof optionsSchema>

/** The plugin: watches hooks, and serves what it counted at `http://127.0.0.1:9464/metrics`. */
export const metrics = definePlugin<z.output<typeof optionsSchema>, MetricsOptions>(
  {
    name: 'metrics',
    contract: pluginContract,
    options: optionsSchema,
    summary: 'Bytes, pieces, peers, choke rounds, hook times, event-loop delay and disk queue for Prometheus',
  },
  ({ port, host: address }) => {
    const published: { registry?: Registry; url?: string } = {}
    const started = (): Registry => {
      if (published.registry === undefined) throw new Error('the plugin metrics has not been started')
      return published.registry
    }
    return {
      bind: (bindings) =>
        bindings.value(Metrics, {
          get registry() {
            return started()
          },
          get url() {
            return published.url
          },
        }),
      async apply(host) {
        const delay = watchLoop()
        host.defer(() => delay.stop())
        const registry = registryOf(countSession(host, delay))
        published.registry = registry
        if (port === false) return
        const endpoint = await serveMetrics(registry, { host: address, port })
        host.defer(() => endpoint.close())
        published.url = endpoint.url
        host.log.info(`metrics are served at ${endpoint.url}`)
      },
    }
  },
)

export default metrics
