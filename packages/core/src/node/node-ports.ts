import { Clock } from '../ports/clock.js'
import { Datagram } from '../ports/datagram.js'
import { Hasher } from '../ports/hasher.js'
import { Random } from '../ports/random.js'
import { Resolver } from '../ports/resolver.js'
import { Transport } from '../ports/transport.js'
import { pluginContract, type Plugin } from '../session/plugin.js'
import { systemClock } from './clock.js'
import { systemDatagram } from './datagram.js'
import { systemHasher } from './hasher.js'
import { systemRandom } from './random.js'
import { systemResolver } from './resolver.js'
import { tcpTransport } from './tcp.js'

export interface NodePortsOptions {
  /** Threads that hash; 0 = hash on the main thread. Default: one less than the cores, 1 to 4; 0 on a single core. */
  readonly hashWorkers?: number
}

/**
 * The plugin "node": all that the engine needs of the machine, on `node:*`: clock, randomness, hashing, TCP, UDP, names.
 * One plugin object serves one session, whose end ends the hash workers.
 */
export function nodePorts(options: NodePortsOptions = {}): Plugin {
  const hasher = systemHasher(options.hashWorkers === undefined ? {} : { workers: options.hashWorkers })
  return {
    name: 'node',
    contract: pluginContract,
    bind: (bindings) => {
      bindings.value(Clock, systemClock())
      bindings.value(Random, systemRandom())
      bindings.value(Hasher, hasher)
      bindings.value(Datagram, systemDatagram())
      bindings.value(Resolver, systemResolver())
      bindings.value(Transport, tcpTransport())
    },
    apply: (host) => host.defer(() => hasher.close()),
  }
}
