import { formatEndpoint } from '@bitloom/core'
import { CliError } from '../exit-codes.js'
import { hex } from '../output.js'
import { type ProbeOptions, announceAll, probeExit, probeIdentity, probeTarget, withHost } from '../probe.js'
import type { Runtime } from '../runtime.js'

const numWant = 200

/** `peers ID`: the addresses that the trackers know. We are announced as stopped again at once. 6 when there are none. */
export async function peers(runtime: Runtime, [id = '']: readonly string[], options: ProbeOptions): Promise<number> {
  const target = await probeTarget(id, options, runtime)
  const outcomes = await withHost(runtime, async (host) => {
    const identity = probeIdentity(host)
    const shape = { port: 6881, numWant }
    const { signal } = runtime.stop
    const found = await announceAll(host, target, options, signal, { ...shape, event: 'started' }, identity)
    const reached = { ...target, trackers: target.trackers.filter((_url, index) => found[index]?.error === undefined) }
    await announceAll(host, reached, { timeout: 3000 }, signal, { ...shape, numWant: 0, event: 'stopped' }, identity)
    return found
  })
  const sources = new Map<string, string[]>()
  for (const { url, answer } of outcomes) {
    for (const peer of answer?.peers ?? []) {
      const address = formatEndpoint(peer)
      sources.set(address, [...(sources.get(address) ?? []), url])
    }
  }
  const list = [...sources].map(([address, trackers]) => ({ address, trackers }))
  runtime.output.document({ infoHash: hex(target.infoHash), peers: list })
  if (list.length > 0) runtime.output.result(list.map(({ address }) => address).join('\n'))
  probeExit(outcomes, runtime.stop.signal)
  if (list.length === 0) throw new CliError('NO_PEERS', `No tracker knows a peer of ${hex(target.infoHash)}`)
  return 0
}
