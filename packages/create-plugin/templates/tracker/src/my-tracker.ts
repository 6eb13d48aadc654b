import { type Endpoint, type TrackerClient, TrackerError, ipEndpoint } from '@bitloom/core'

/** A tracker that is its own URL: `peers://10.0.0.1:6881/10.0.0.2:6881`. */
export const peerList: TrackerClient = {
  schemes: ['peers'],

  async announce({ url, event, numWant }, _identity, signal) {
    signal.throwIfAborted()
    if (event === 'stopped') return { peers: [] }
    const peers = url.slice('peers://'.length).split('/').map(readPeer)
    return { peers: peers.slice(0, numWant), intervalMs: 30 * 60_000 }
  },
}

/** "10.0.0.1:6881" or "[2001:db8::1]:6881" */
function readPeer(text: string, index: number): Endpoint {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(text) ?? []
  const endpoint = ipEndpoint(host, Number(port))
  if (endpoint === undefined || endpoint.port === 0) {
    throw new TrackerError('TRACKER_INVALID', `peer ${index + 1} of the URL is no address and port`)
  }
  return endpoint
}
