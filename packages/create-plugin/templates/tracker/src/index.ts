/**
 * A tracker client: trackers that are a list of peers.
 *
 * ```ts
 * const session = await createSession({ plugins: [nodePorts(), storageFs(), piecePicker(), myTracker()] })
 * await session.add({ torrent, directory, trackers: [['peers://10.0.0.1:6881']] })
 * ```
 */
import { TrackerClient, definePlugin, pluginContract } from '@bitloom/core'
import { peerList } from './my-tracker.js'

const card = { name: 'my-tracker', contract: pluginContract, summary: 'Trackers that are a list of peers' }

/** The plugin: binds a `TrackerClient` of the scheme "peers". */
export const myTracker = definePlugin(card, () => ({ bind: (bindings) => bindings.value(TrackerClient, peerList) }))

export default myTracker
