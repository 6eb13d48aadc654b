/**
 * HTTP and HTTPS trackers for Bitloom (BEP 3, 7, 23, 24, 31, 48).
 *
 * @example
 * ```ts
 * import { createSession } from '@bitloom/core'
 * import { nodePorts } from '@bitloom/core/node'
 * import trackerHttp from '@bitloom/tracker-http'
 *
 * const session = await createSession({ plugins: [nodePorts(), trackerHttp({ timeoutMs: 20_000 })] })
 * ```
 */
import { Clock, Resolver, TrackerClient, definePlugin, pluginContract } from '@bitloom/core'
import { type HttpTracker, httpTracker } from './http-tracker.js'
import { type TrackerHttpOptions, optionsSchema } from './options.js'

export type { TrackerHttpOptions } from './options.js'

/** The plugin: binds a `TrackerClient` for `http` and `https`. Proxies come from the environment unless told otherwise. */
export const trackerHttp = definePlugin<TrackerHttpOptions>(
  {
    name: 'tracker-http',
    contract: pluginContract,
    options: optionsSchema,
    summary: 'HTTP and HTTPS trackers (BEP 3, 7, 23, 24, 31, 48)',
  },
  (options) => {
    let tracker: HttpTracker | undefined
    return {
      bind(bindings) {
        bindings.factory(TrackerClient, [Resolver, Clock], (resolver, clock) => {
          tracker = httpTracker({ resolver, clock, environment: process.env }, options)
          return tracker
        })
      },
      apply(host) {
        host.defer(() => tracker?.close())
      },
    }
  },
)
export default trackerHttp
