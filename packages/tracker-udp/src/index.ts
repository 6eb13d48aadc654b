/**
 * UDP trackers for Bitloom (BEP 15, 41).
 *
 * @example
 * ```ts
 * import { createSession } from '@bitloom/core'
 * import { nodePorts } from '@bitloom/core/node'
 * import trackerUdp from '@bitloom/tracker-udp'
 *
 * const session = await createSession({ plugins: [nodePorts(), trackerUdp({ timeoutMs: 60_000 })] })
 * ```
 */
import { Clock, Datagram, Random, Resolver, TrackerClient, definePlugin, pluginContract } from '@bitloom/core'
import { type TrackerUdpOptions, optionsSchema } from './options.js'
import { type UdpTracker, udpTracker } from './udp-tracker.js'

export type { TrackerUdpOptions } from './options.js'

/** The plugin: binds a `TrackerClient` for `udp`. */
export const trackerUdp = definePlugin<TrackerUdpOptions>(
  {
    name: 'tracker-udp',
    contract: pluginContract,
    options: optionsSchema,
    summary: 'UDP trackers (BEP 15, 41)',
  },
  (options) => {
    let tracker: UdpTracker | undefined
    return {
      bind(bindings) {
        bindings.factory(TrackerClient, [Datagram, Resolver, Clock, Random], (datagram, resolver, clock, random) => {
          tracker = udpTracker({ datagram, resolver, clock, random: random.fork('tracker-udp') }, options)
          return tracker
        })
      },
      apply(host) {
        host.defer(() => tracker?.close())
      },
    }
  },
)
export default trackerUdp
