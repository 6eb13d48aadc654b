import { transportConformance } from '@bitloom/conformance'
import { type IpEndpoint, seededRandom } from '@bitloom/core'
import { describe, it } from 'vitest'
import { type Line, type NetworkSpec, SimulatedNetwork, VirtualClock } from '../src/index.js'

const line: Line = { upBytesPerSecond: 4_000_000, downBytesPerSecond: 4_000_000, latencyMs: 5, reachable: true }
const networks: Record<string, NetworkSpec> = {
  'an even network': {},
  'a network that jitters and cuts deliveries in two': { jitterMs: 20, split: 0.5 },
}

for (const [name, spec] of Object.entries(networks)) {
  const clock = new VirtualClock()
  const network = new SimulatedNetwork(clock, seededRandom(name), spec)
  const host = network.addHost('10.0.0.1', line)
  const listenAt: IpEndpoint = { kind: 'ip', host: host.name, port: 0 }
  transportConformance(
    { describe, it },
    {
      title: `Transport of ${name}`,
      transport: network.transport(host),
      listenAt,
      // A writer waits for its own uplink, and not for a reader that pauses.
      backpressure: false,
      advance: () => clock.advance(50),
    },
  )
}
