/**
 * An embedded BitTorrent tracker, HTTP and UDP.
 *
 * ```ts
 * import { createTracker } from '@bitloom/tracker-server'
 *
 * const tracker = await createTracker({ http: { port: 0 }, udp: { port: 0 } })
 * console.log(tracker.addresses.map(({ url }) => url))
 * await tracker.close()
 * ```
 */
export { parseAllowList } from './allow-list.js'
export type { ListenAt } from './listening.js'
export type { Allow, TrackerEvent, TrackerProtocol, TrackerStats } from './service.js'
export { createTracker, type Tracker, type TrackerAddress, type TrackerOptions } from './tracker.js'
