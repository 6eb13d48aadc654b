import {
  type AnnounceAnswer,
  type AnnounceRequest,
  type IpEndpoint,
  Random,
  TrackerClient,
  TrackerError,
  definePlugin,
  ipEndpoint,
  pluginContract,
} from '@bitloom/core'
import { inject, injectable } from 'inversify'

/** A tracker that is its own URL: `peers://10.0.0.1:6881/10.0.0.2:6881`. Answers as many as wanted, at random. */
@injectable()
class PeerList implements TrackerClient {
  readonly schemes = ['peers']
  readonly #random: Random

  constructor(@inject(Random) random: Random) {
    this.#random = random
  }

  async announce({ url, event, numWant }: AnnounceRequest): Promise<AnnounceAnswer> {
    if (event === 'stopped') return { peers: [] }
    const left = url.slice('peers://'.length).split('/').map(readPeer)
    const peers: IpEndpoint[] = []
    while (left.length > 0 && peers.length < numWant) peers.push(...left.splice(this.#random.below(left.length), 1))
    return { peers, intervalMs: 1_800_000 }
  }
}

function readPeer(text: string): IpEndpoint {
  const [host = '', port = ''] = text.split(':')
  const endpoint = ipEndpoint(host, Number(port))
  if (endpoint === undefined) throw new TrackerError('TRACKER_INVALID', `"${text}" is no address and port`)
  return endpoint
}

const card = { name: 'peer-list', contract: pluginContract, summary: 'Trackers that are a list of peers' }

export default definePlugin(card, () => ({ bind: (bindings) => bindings.service(TrackerClient, PeerList) }))
