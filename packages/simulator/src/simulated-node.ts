import {
  Bits,
  Clock,
  createSession,
  Datagram,
  Hasher,
  type InfoHashes,
  type IpEndpoint,
  Logger,
  Memory,
  type Plugin,
  pluginContract,
  Random,
  Resolver,
  type ResumeRecord,
  ResumeStore,
  type SeededRandom,
  type Session,
  Storage,
  type TorrentHandle,
  TrackerClient,
  Transport,
} from '@bitloom/core'
import { piecePicker } from '@bitloom/piece-picker'
import type { Host, Line } from './host.js'
import { simulatedHasher } from './simulated-hasher.js'
import { SimulatedStorage } from './simulated-storage.js'
import { trackerUrl } from './simulated-tracker.js'
import type { NodeSpec, Simulation } from './simulation.js'

export const listenPort = 6_881
const directory = '/simulated'

const usualLine: Line = { upBytesPerSecond: Infinity, downBytesPerSecond: Infinity, latencyMs: 25, reachable: true }

/** A session of the real engine on simulated ports. */
export class SimulatedNode {
  constructor(
    readonly spec: NodeSpec,
    readonly host: Host,
    readonly session: Session,
    readonly torrent: TorrentHandle,
    readonly storage: SimulatedStorage,
    readonly simulation: Simulation,
  ) {}

  get name(): string {
    return this.spec.name
  }

  /** Where it listens. */
  get endpoint(): IpEndpoint {
    return { kind: 'ip', host: this.host.name, port: listenPort }
  }

  /** Ends its session in good order: the tracker and its peers hear of it. */
  async leave(): Promise<void> {
    this.simulation.clock.touch()
    await this.session.close().catch((error: unknown) => this.simulation.fault(this.name, describe(error)))
    this.simulation.network.removeHost(this.host)
  }

  /** It is gone from one moment to the next. What its engine still does reaches nobody. */
  crash(): void {
    this.simulation.network.removeHost(this.host)
    void this.leave()
  }
}

/** See `Simulation.start`. */
export async function startNode(simulation: Simulation, spec: NodeSpec): Promise<SimulatedNode> {
  simulation.clock.touch()
  const host = simulation.network.addHost(simulation.nextAddress(), { ...usualLine, ...spec.line })
  const random = simulation.random.fork(`node/${spec.name}`)
  const storage = storageOf(simulation, spec, random)
  const own = spec.plugins ?? []
  const hasPicker = own.some((plugin) => plugin.name === 'piece-picker')
  const session = await createSession({
    plugins: [portsOf(simulation, spec, host, random, storage), ...own, ...(hasPicker ? [] : [piecePicker()])],
    listen: { hosts: [host.name], ports: [listenPort] },
    ...(spec.limits === undefined ? {} : { limits: spec.limits }),
  })
  const { onTrace } = spec
  if (onTrace !== undefined) session.trace((record) => onTrace({ ...record, session: spec.name }))
  const torrent = await session.add({
    torrent: simulation.torrent.metainfo,
    directory,
    trackers: [[trackerUrl]],
    check: spec.has === 'all' ? 'skip' : 'resume',
    ...(spec.picker === undefined ? {} : { picker: spec.picker }),
    ...(spec.choker === undefined ? {} : { choker: spec.choker }),
  })
  // A node that leaves early is no fault of anybody who waits for the rest.
  torrent.ready.catch(() => {})
  torrent.completed.catch(() => {})
  return new SimulatedNode(spec, host, session, torrent, storage, simulation)
}

function storageOf(simulation: Simulation, spec: NodeSpec, random: SeededRandom): SimulatedStorage {
  const { pieceCount } = simulation.torrent.metainfo.layout
  const have = spec.has === 'all' ? Bits.full(pieceCount) : spec.has instanceof Bits ? spec.has : new Bits(pieceCount)
  return new SimulatedStorage({
    clock: simulation.clock,
    random: random.fork('storage'),
    spec: spec.storage ?? {},
    have,
    lies: spec.lies === true,
    torrent: simulation.torrent,
  })
}

function portsOf(
  simulation: Simulation,
  spec: NodeSpec,
  host: Host,
  random: SeededRandom,
  storage: SimulatedStorage,
): Plugin {
  const { clock, network, tracker, memory, torrent } = simulation
  const quiet = (): void => {}
  const log = (message: string, fields?: unknown): void => simulation.fault(spec.name, `${message} ${describe(fields)}`)
  const { has } = spec
  return {
    name: 'simulator',
    contract: pluginContract,
    bind(bindings) {
      bindings.value(Clock, clock.of(host.traceId))
      bindings.value(Random, random)
      bindings.value(Hasher, simulatedHasher(clock, torrent))
      bindings.value(Logger, { debug: quiet, info: quiet, warn: quiet, error: log })
      bindings.value(Transport, network.transport(host))
      bindings.value(Datagram, network.datagram(host))
      bindings.value(Resolver, { resolve: async (name) => [name] })
      bindings.value(Storage, storage)
      bindings.value(TrackerClient, tracker.client(host))
      if (memory !== undefined) bindings.value(Memory, memory)
      if (has instanceof Bits) bindings.value(ResumeStore, recordOf(torrent.metainfo.infoHashes, has))
    },
  }
}

/** Says once what the node has. */
function recordOf(infoHashes: InfoHashes, has: Bits): ResumeStore {
  const record: ResumeRecord = {
    infoHashes,
    name: '',
    trackers: [],
    webSeeds: [],
    directory,
    storage: 'simulated',
    state: 'active',
    have: has.toBytes(),
    partial: [],
    files: [],
    limits: {},
    uploadedBytes: 0,
    downloadedBytes: 0,
  }
  return { get: async () => record, put: async () => {}, delete: async () => {}, keys: async () => [] }
}

function describe(fields: unknown): string {
  if (fields instanceof Error) return fields.stack ?? fields.message
  const error = typeof fields === 'object' && fields !== null && 'error' in fields ? fields.error : undefined
  return error instanceof Error ? (error.stack ?? error.message) : (JSON.stringify(fields) ?? '')
}
