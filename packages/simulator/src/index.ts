/**
 * Swarms of the real Bitloom engine on virtual time, from one seed: for trying strategies, and for tests that replay.
 *
 * ```ts
 * const result = await simulate({
 *   seed: '1',
 *   torrent: { lengthBytes: 16 * 1_048_576, pieceBytes: 262_144 },
 *   groups: [
 *     { name: 'seed', count: 1, has: 'all', upBytesPerSecond: 1_000_000, downBytesPerSecond: 1_000_000 },
 *     { name: 'peer', count: 10, upBytesPerSecond: 500_000, downBytesPerSecond: 2_000_000 },
 *   ],
 * })
 * ```
 */
export type { Line } from './host.js'
export { SimulatedDatagrams, type DatagramSpec } from './simulated-datagrams.js'
export { simulatedHasher } from './simulated-hasher.js'
export { SimulatedNetwork, type NetworkSpec } from './simulated-network.js'
export type { SimulatedNode } from './simulated-node.js'
export { SimulatedStorage, type StorageSpec } from './simulated-storage.js'
export { SimulatedTorrent, type TorrentSpec } from './simulated-torrent.js'
export { SimulatedTracker, type TrackerSpec, trackerUrl } from './simulated-tracker.js'
export { type Fault, type NodeSpec, Simulation, type SimulationSpec } from './simulation.js'
export { simulate } from './swarm.js'
export type * from './swarm-spec.js'
export { checkSeeds, replayLine, type TestPlace } from './seeds.js'
export { VirtualClock } from './virtual-clock.js'
