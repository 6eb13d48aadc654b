import { createHash } from 'node:crypto'
import { seededRandom } from '../../src/bytes/seeded-random.js'
import { encode } from '../../src/bytes/encode.js'
import { createEngine } from '../../src/driver/engine.js'
import { memoryResumeStore } from '../../src/driver/memory-resume-store.js'
import type { AddOptions, Engine, SessionLimits } from '../../src/driver/api.js'
import type { Services } from '../../src/driver/services.js'
import type { HookRunner } from '../../src/hooks/runner.js'
import { parseTorrent } from '../../src/metainfo/parse-torrent.js'
import type { Metainfo } from '../../src/metainfo/metainfo.js'
import { HashState } from '../../src/node/hash-state.js'
import { Choker } from '../../src/ports/choker.js'
import { Clock } from '../../src/ports/clock.js'
import type { Endpoint } from '../../src/ports/endpoint.js'
import { Hasher } from '../../src/ports/hasher.js'
import { Logger } from '../../src/ports/logger.js'
import { Memory } from '../../src/ports/memory.js'
import { PiecePicker } from '../../src/ports/piece-picker.js'
import { Random } from '../../src/ports/random.js'
import { ResumeStore } from '../../src/ports/resume-store.js'
import { Storage } from '../../src/ports/storage.js'
import type { Token } from '../../src/ports/token.js'
import { TrackerClient } from '../../src/ports/tracker-client.js'
import { Transport } from '../../src/ports/transport.js'
import type { Session } from '../../src/session/api.js'
import { type Plugin, pluginContract } from '../../src/session/plugin.js'
import { createSession } from '../../src/session/session.js'
import { titForTat } from '../../src/torrent/tit-for-tat.js'
import { MemoryNetwork } from './memory-network.js'
import { VirtualClock } from './virtual-clock.js'
import { WatchedMemory } from './watched-memory.js'

export { TestStorage } from './test-storage.js'

export const digest = (algorithm: 'sha1' | 'sha256', bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash(algorithm).update(bytes).digest())

export const testLimits: SessionLimits = {
  downBytesPerSecond: undefined,
  upBytesPerSecond: undefined,
  maxPeers: 200,
  maxPeersPerTorrent: 50,
  halfOpen: 50,
  dialsPerSecond: 30,
  knownAddressesPerTorrent: 2_000,
  uploadSlots: 20,
  unwrittenBytes: 67_108_864,
}

/** Data and its torrent, the same for the same seed. */
export function makeTorrent(options: {
  lengthBytes: number
  pieceBytes: number
  seed?: string
  trackers?: string[]
  private?: boolean
}): {
  metainfo: Metainfo
  data: Uint8Array
} {
  const data = seededRandom(options.seed ?? 'data').bytes(options.lengthBytes)
  const count = Math.ceil(data.length / options.pieceBytes)
  const pieces = new Uint8Array(count * 20)
  for (let piece = 0; piece < count; piece++) {
    const part = data.subarray(piece * options.pieceBytes, (piece + 1) * options.pieceBytes)
    pieces.set(digest('sha1', part), piece * 20)
  }
  const text = (value: string): Uint8Array => new TextEncoder().encode(value)
  const info = new Map<string, number | Uint8Array>([
    ['length', data.length],
    ['name', text(options.seed ?? 'data')],
    ['piece length', options.pieceBytes],
    ['pieces', pieces],
    ...(options.private === true ? [['private', 1] as const] : []),
  ])
  const torrent = new Map<string, unknown>([['info', info]])
  if (options.trackers !== undefined) torrent.set('announce-list', [options.trackers.map(text)])
  return { metainfo: parseTorrent(encode(torrent as Parameters<typeof encode>[0]), digest), data }
}

export const testPicker: PiecePicker = {
  name: 'sequential',
  create: (torrent) => ({
    pick: (_peer, picks) => {
      picks.takePartials()
      for (let piece = torrent.nextWanted(0); piece >= 0 && picks.left > 0; piece = torrent.nextWanted(piece + 1)) {
        picks.take(piece, 'next')
      }
    },
  }),
}

/** Hooks without taps; what a test is interested in is overridden. */
export function untapped(overrides: Partial<HookRunner> = {}): HookRunner {
  const nothing = (): undefined => undefined
  const watching = [
    'torrentAdded',
    'torrentRemoved',
    'peerConnected',
    'peerDisconnected',
    'peerHas',
    'pieceVerified',
  ] as const
  const more = ['pieceRejected', 'completed', 'announced', 'torrentFailed', 'pluginFailed'] as const
  return {
    ...(Object.fromEntries([...watching, ...more].map((name) => [name, nothing])) as unknown as HookRunner),
    pickPieceTapped: false,
    storeBlockTapped: false,
    chokeDecisionTapped: false,
    showHavesTapped: false,
    peerHasTapped: false,
    lastPlugin: undefined,
    chokeChangers: [],
    skippedBy: nothing,
    announce: async (request) => request,
    pickPiece: () => false,
    storeBlock: nothing,
    chokeDecision: (unchokes) => unchokes,
    acceptPeer: nothing,
    showHaves: (shown) => shown,
    ...overrides,
  }
}

export interface NodeOptions {
  readonly storage: Storage
  readonly hooks?: Partial<HookRunner>
  readonly limits?: Partial<SessionLimits>
  readonly trackers?: readonly TrackerClient[]
  readonly picker?: PiecePicker
  readonly choker?: Choker
  readonly resumeStore?: ResumeStore
}

/** Engines on one virtual clock and one network in memory, from one seed. */
export class World {
  readonly clock = new VirtualClock()
  readonly network = new MemoryNetwork(this.clock)
  readonly seed: string
  /** Errors that an engine logged: a test that expects none checks it is empty. */
  readonly faults: unknown[] = []
  /** What an engine warned of. */
  readonly warnings: unknown[] = []
  readonly sessions: Session[] = []
  /** What each node's memory lent out, by host. */
  readonly memories = new Map<string, WatchedMemory>()

  constructor(seed = 'world') {
    this.seed = seed
  }

  endpoint(host: string): Endpoint {
    return { kind: 'ip', host, port: 6881 }
  }

  /** Starts an engine that listens on port 6881 of `host`. */
  async node(host: string, options: NodeOptions): Promise<Engine> {
    const random = seededRandom(`${this.seed}/${host}`)
    const engine = createEngine({
      hooks: untapped(options.hooks),
      services: this.#services(host, random, options),
      limits: { ...testLimits, ...options.limits },
      listen: { hosts: [host], ports: [6881] },
      peerId: new TextEncoder().encode(`-BL0100-${host.padEnd(12, 'x').slice(0, 12)}`),
      clientName: 'Bitloom test',
    })
    await engine.start()
    return engine
  }

  /** A whole session at `host`, its plugins after the one that brings this world's ports. */
  async session(host: string, storage: Storage, plugins: readonly Plugin[] = []): Promise<Session> {
    const session = await createSession({
      plugins: [this.ports(host, storage), ...plugins],
      listen: { hosts: [host], ports: [6881] },
    })
    this.sessions.push(session)
    return session
  }

  /** This world's clock, randomness, hashing and network as a plugin, with a storage and the sequential picker. */
  ports(host: string, storage: Storage): Plugin {
    const quiet = (): void => {}
    const log = (message: string, fields?: unknown): void => void this.faults.push([message, fields])
    const warn = (message: string, fields?: unknown): void => void this.warnings.push([message, fields])
    return {
      name: 'world',
      contract: pluginContract,
      bind: (bindings) => {
        bindings.value(Clock, this.clock)
        bindings.value(Random, seededRandom(`${this.seed}/${host}`))
        bindings.value(Hasher, inlineHasher())
        bindings.value(Logger, { debug: quiet, info: quiet, warn, error: log })
        bindings.value(Transport, this.network.transport(host))
        bindings.value(Storage, storage)
        bindings.value(PiecePicker, testPicker)
      },
    }
  }

  #services(host: string, random: Random, options: NodeOptions): Services {
    const memory = new WatchedMemory()
    this.memories.set(host, memory)
    const log = (message: string, fields?: unknown): void => void this.faults.push([message, fields])
    const warn = (message: string, fields?: unknown): void => void this.warnings.push([message, fields])
    const quiet = (): void => {}
    const bound = new Map<Token<unknown>, readonly unknown[]>([
      [Clock, [this.clock]],
      [Random, [random]],
      [Hasher, [inlineHasher((bytes) => memory.move(bytes))]],
      [Memory, [memory]],
      [Logger, [{ debug: quiet, info: quiet, warn, error: log }]],
      [Transport, [this.network.transport(host)]],
      [Storage, [options.storage]],
      [PiecePicker, [options.picker ?? testPicker]],
      [Choker, [options.choker ?? titForTat]],
      [TrackerClient, options.trackers ?? []],
      [ResumeStore, [options.resumeStore ?? memoryResumeStore()]],
    ])
    const all = <T>(port: Token<T>): readonly T[] => (bound.get(port) ?? []) as readonly T[]
    return {
      all,
      get: <T>(port: Token<T>) => all(port)[0] as T,
      named: (port, name) => all(port).find((one) => name === undefined || one.name === name),
      ownerOf: () => 'world',
    }
  }

  async add(engine: Engine, metainfo: Metainfo, options: Partial<AddOptions> = {}) {
    return engine.add({ torrent: metainfo, directory: '/', ...options })
  }
}

/** Hashes at once, and takes the caller's buffer away like a worker would: the view that was passed is dead afterwards. */
export function inlineHasher(move = transfer): Hasher {
  const states = new Map<number, HashState>()
  return {
    digest,
    drop: (job) => void states.delete(job.id),
    hash: async (job, bytes, last) => {
      const moved = move(bytes)
      const state = states.get(job.id) ?? new HashState(job.plan)
      states.set(job.id, state)
      state.update(moved)
      if (!last) return { bytes: moved }
      states.delete(job.id)
      return { bytes: moved, digests: state.finish() }
    },
  }
}

function transfer(bytes: Uint8Array): Uint8Array {
  return structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] })
}
