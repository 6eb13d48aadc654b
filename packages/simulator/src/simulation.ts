import { Bits, type Plugin, type SeededRandom, seededRandom, type SessionLimits, type TraceSink } from '@bitloom/core'
import type { Line } from './host.js'
import { type SimulatedNode, startNode } from './simulated-node.js'
import { type NetworkSpec, SimulatedNetwork } from './simulated-network.js'
import type { StorageSpec } from './simulated-storage.js'
import { SimulatedTracker, type TrackerSpec } from './simulated-tracker.js'
import { SimulatedTorrent, type TorrentSpec } from './simulated-torrent.js'
import { SymbolicMemory } from './symbolic-bytes.js'
import { VirtualClock } from './virtual-clock.js'

/** What a simulation is made of besides its nodes. */
export interface SimulationSpec {
  /** All chance comes from it. */
  readonly seed: string
  readonly torrent: TorrentSpec
  readonly network?: NetworkSpec
  readonly tracker?: TrackerSpec
  /** `real` moves and hashes real bytes: slow, for checking that `symbolic` (the default) changes nothing. */
  readonly data?: 'symbolic' | 'real'
}

/** One node: a whole session with the torrent in it. */
export interface NodeSpec {
  /** Unique; what its chance is forked by. */
  readonly name: string
  readonly line?: Partial<Line>
  /** Pieces it has at the start. Default none. */
  readonly has?: 'all' | 'none' | Bits
  readonly storage?: StorageSpec
  /** It serves what is not the data. */
  readonly lies?: boolean
  /** After the ports of the simulation, before the default picker (`@bitloom/piece-picker`, rarest-first). */
  readonly plugins?: readonly Plugin[]
  /** Names of strategies; default: the first bound. */
  readonly picker?: string
  readonly choker?: string
  readonly limits?: Partial<SessionLimits>
  /** Hears why it decides as it does, from before its torrent is added; `session` is its name. */
  readonly onTrace?: TraceSink | undefined
}

/** Something that an engine logged as an error, or that ended a node's start. */
export interface Fault {
  readonly node: string
  readonly atMs: number
  readonly message: string
}

/**
 * Nodes on one virtual clock and one network, from one seed. `simulate` runs whole swarms by a description; this is the
 * same by hand, for tests that want a hold on single nodes.
 */
export class Simulation {
  readonly spec: SimulationSpec
  readonly clock = new VirtualClock()
  readonly random: SeededRandom
  readonly network: SimulatedNetwork
  readonly tracker: SimulatedTracker
  readonly torrent: SimulatedTorrent
  /** One for all nodes; `undefined` with real data. */
  readonly memory: SymbolicMemory | undefined
  /** What went wrong in an engine. A run without hostile or broken parts has none. */
  readonly faults: Fault[] = []
  #nodes = 0

  constructor(spec: SimulationSpec) {
    this.spec = spec
    this.random = seededRandom(spec.seed)
    this.network = new SimulatedNetwork(this.clock, this.random.fork('network'), spec.network)
    this.tracker = new SimulatedTracker(this.clock, this.random.fork('tracker'), spec.tracker)
    this.torrent = new SimulatedTorrent(spec.torrent)
    this.memory = spec.data === 'real' ? undefined : new SymbolicMemory()
  }

  /** An address that no other node has. */
  nextAddress(): string {
    const number = ++this.#nodes
    return `10.${(number >> 8) & 255}.${number & 255}.${1 + (number >> 16)}`
  }

  /** Starts a node. Its promise settles without virtual time passing, unless a plugin takes some. */
  start(spec: NodeSpec): Promise<SimulatedNode> {
    return startNode(this, spec)
  }

  fault(node: string, message: string): void {
    this.faults.push({ node, atMs: this.clock.elapsedMs, message })
  }

  /** Lets time pass until `done`, at most until `untilMs` after the start; answers whether `done` came true. */
  run(done: () => boolean, untilMs = Infinity): Promise<boolean> {
    return this.clock.run(done, untilMs)
  }

  /** The order of everything that happened, as a number to compare. */
  get traceHash(): string {
    return this.clock.trace.toString()
  }

  /** A share of the pieces, drawn by chance. */
  someOfThem(share: number, random: SeededRandom): Bits {
    const { pieceCount } = this.torrent.metainfo.layout
    const pieces = Array.from({ length: pieceCount }, (_, piece) => piece)
    const bits = new Bits(pieceCount)
    const count = Math.round(share * pieceCount)
    for (let at = 0; at < count; at++) {
      const from = at + random.below(pieceCount - at)
      const drawn = pieces[from] ?? 0
      pieces[from] = pieces[at] ?? 0
      bits.add(drawn)
    }
    return bits
  }
}
