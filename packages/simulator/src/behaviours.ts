import { Bits, encodeHandshake, HandshakeReader, type Plugin, pluginContract, type SeededRandom } from '@bitloom/core'
import type { Connection } from '@bitloom/core'
import type { Host, Line } from './host.js'
import { listenPort } from './simulated-node.js'
import type { Simulation } from './simulation.js'

/** Takes and does not give: nobody is unchoked, nobody sees what it has. */
export function freeRider(): Plugin {
  return {
    name: 'free-rider',
    contract: pluginContract,
    apply(host) {
      host.hooks.chokeDecision.tap(() => [], { stage: 'late' })
      host.hooks.showHaves.tap((shown) => new Bits(shown.length), { stage: 'late' })
    },
  }
}

/** A host on the tracker's list that is no BitTorrent client: it answers a handshake with noise, or with nothing. */
export function startRawPeer(simulation: Simulation, kind: 'garbage' | 'mute', line: Line, random: SeededRandom): Host {
  const { network, tracker, torrent } = simulation
  const host = network.addHost(simulation.nextAddress(), line)
  host.listeners.set(listenPort, (connection) => {
    if (kind === 'garbage') makeNoise(connection, random)
  })
  tracker.enlist(torrent.metainfo.infoHashes.v1 ?? new Uint8Array(20), {
    kind: 'ip',
    host: host.name,
    port: listenPort,
  })
  return host
}

function makeNoise(connection: Connection, random: SeededRandom): void {
  const reader = new HandshakeReader()
  let isShaken = false
  connection.onBytes((bytes, length) => {
    if (isShaken) return
    const theirs = reader.push(bytes.subarray(0, length))
    if (theirs === undefined) return
    isShaken = true
    const { infoHash } = theirs
    connection.write(encodeHandshake({ infoHash, peerId: random.bytes(20), reserved: new Uint8Array(8) }), () => {})
    connection.write(random.bytes(1 + random.below(40_000)), () => {})
  })
  connection.onClose(() => {})
}
