import type { Bits } from '@bitloom/core'
import { arrivalTimes } from './arrivals.js'
import { freeRider, startRawPeer } from './behaviours.js'
import type { SimulatedNode } from './simulated-node.js'
import { Simulation } from './simulation.js'
import { sampleOf } from './sample.js'
import { SwarmMember } from './swarm-member.js'
import type { PeerGroup, Sample, SwarmResult, SwarmSpec } from './swarm-spec.js'

const usualUntilMs = 21_600_000
const usualLatencyMs = 50
const progressEvents = 100_000

/**
 * Runs a swarm of real engines on virtual time until everybody who wants to become whole is, or has left, or `untilMs`.
 * The same spec gives the same run. Nothing leaves the process.
 */
export async function simulate(spec: SwarmSpec): Promise<SwarmResult> {
  return new SwarmRun(spec).run()
}

class SwarmRun {
  readonly #spec: SwarmSpec
  readonly #simulation: Simulation
  readonly #members: readonly SwarmMember[]
  /** By piece: how many peers that are there in earnest have it. */
  readonly #copies: Int32Array
  readonly #samples: Sample[] = []
  /** Peers that still have something to download, those to come included. */
  #unfinished = 0
  #steps = 0

  constructor(spec: SwarmSpec) {
    this.#spec = spec
    const { seed, torrent, network, tracker, data } = spec
    this.#simulation = new Simulation({
      seed,
      torrent,
      ...(network === undefined ? {} : { network }),
      ...(tracker === undefined ? {} : { tracker }),
      ...(data === undefined ? {} : { data }),
    })
    this.#copies = new Int32Array(this.#pieceCount)
    this.#members = spec.groups.flatMap((group) => this.#membersOf(group))
  }

  get #pieceCount(): number {
    return this.#simulation.torrent.metainfo.layout.pieceCount
  }

  #membersOf(group: PeerGroup): SwarmMember[] {
    const latencyMs = group.latencyMs ?? (this.#spec.network?.latencyMs ?? usualLatencyMs) / 2
    const { upBytesPerSecond, downBytesPerSecond, reachable = true } = group
    const line = { upBytesPerSecond, downBytesPerSecond, latencyMs, reachable }
    const times = arrivalTimes(group, this.#simulation.random.fork(`arrivals/${group.name}`))
    return times.map((atMs, index) => {
      const member = new SwarmMember(group, `${group.name}-${index + 1}`, line, this.#pieceCount)
      if (member.isEarnest && !member.isWhole) this.#unfinished++
      this.#simulation.clock.after(atMs, () => this.#arrive(member))
      return member
    })
  }

  async run(): Promise<SwarmResult> {
    const { onProgress, sampleEveryMs, untilMs = usualUntilMs, seed, pieceTimes = false } = this.#spec
    const { clock, faults, network } = this.#simulation
    if (sampleEveryMs !== undefined) this.#sampleEvery(sampleEveryMs)
    const isOver = (): boolean => {
      if (onProgress !== undefined && ++this.#steps % progressEvents === 0) {
        onProgress({ atMs: clock.elapsedMs, events: clock.trace.count, unfinished: this.#unfinished })
      }
      return this.#unfinished === 0
    }
    const finished = await this.#simulation.run(isOver, untilMs)
    if (sampleEveryMs !== undefined) this.#sample()
    return {
      seed,
      traceHash: this.#simulation.traceHash,
      finishedAtMs: clock.elapsedMs,
      events: clock.trace.count,
      finished,
      peers: this.#members.map((member) => member.result(this.#simulation, pieceTimes)),
      samples: this.#samples,
      faults: [...faults],
      ...network.totals,
    }
  }

  // Coming and going.

  #arrive(member: SwarmMember): void {
    const { clock } = this.#simulation
    member.joinedMs = clock.elapsedMs
    const { behaviour = 'honest' } = member.group
    if (behaviour === 'garbage' || behaviour === 'mute') {
      const random = this.#simulation.random.fork(`raw/${member.name}`)
      member.host = startRawPeer(this.#simulation, behaviour, member.line, random)
      return
    }
    this.#start(member).then(
      (node) => this.#started(member, node),
      (error: unknown) => {
        this.#simulation.fault(member.name, error instanceof Error ? (error.stack ?? error.message) : String(error))
        this.#finished(member)
      },
    )
  }

  #start(member: SwarmMember): Promise<SimulatedNode> {
    const { group, name, line } = member
    const { behaviour = 'honest', uploadSlots, maxPeers, picker, choker, storage } = group
    return this.#simulation.start({
      name,
      line,
      onTrace: this.#spec.onTrace,
      has: this.#shareOf(member),
      lies: behaviour === 'corrupt',
      plugins: [...(group.plugins?.() ?? []), ...(behaviour === 'free-rider' ? [freeRider()] : [])],
      storage: behaviour === 'silent' ? { ...storage, readsHang: true } : (storage ?? {}),
      limits: {
        ...(uploadSlots === undefined ? {} : { uploadSlots }),
        ...(maxPeers === undefined ? {} : { maxPeersPerTorrent: maxPeers }),
        ...group.limits,
      },
      ...(picker === undefined ? {} : { picker }),
      ...(choker === undefined ? {} : { choker }),
    })
  }

  #shareOf(member: SwarmMember): 'all' | 'none' | Bits {
    const { has } = member
    if (typeof has === 'string') return has
    const some = this.#simulation.someOfThem(has, this.#simulation.random.fork(`has/${member.name}`))
    for (let piece = some.nextSet(0); piece >= 0; piece = some.nextSet(piece + 1)) {
      member.pieceTimesMs[piece] = -Infinity
    }
    return some
  }

  #started(member: SwarmMember, node: SimulatedNode): void {
    member.node = node
    const { clock } = this.#simulation
    if (member.isEarnest) {
      for (let piece = 0; piece < this.#pieceCount; piece++) {
        if (member.pieceTimesMs[piece] === -Infinity) this.#count(piece, 1)
      }
    }
    node.session.hooks.pieceVerified.tap((piece) => {
      member.pieceTimesMs[piece] = clock.elapsedMs
      if (member.isEarnest && member.leftMs === undefined) this.#count(piece, 1)
    })
    node.torrent.completed.then(
      () => this.#whole(member),
      () => this.#finished(member),
    )
    const { leave = 'stay' } = member.group
    if (typeof leave === 'object' && 'sessionMs' in leave) {
      clock.after(leave.sessionMs, () => this.#leave(member, (gone) => gone.crash()))
    }
  }

  #count(piece: number, change: number): void {
    this.#copies[piece] = (this.#copies[piece] ?? 0) + change
  }

  #whole(member: SwarmMember): void {
    if (member.isWhole || member.leftMs !== undefined) return
    const { clock } = this.#simulation
    member.completedMs = clock.elapsedMs
    if (member.isEarnest) this.#unfinished--
    const { leave = 'stay' } = member.group
    const afterMs =
      leave === 'when-whole' ? 0 : typeof leave === 'object' && 'afterWholeMs' in leave ? leave.afterWholeMs : undefined
    if (afterMs !== undefined) clock.after(afterMs, () => this.#leave(member, (node) => void node.leave()))
  }

  /** It will not become whole any more. */
  #finished(member: SwarmMember): void {
    if (member.isWhole || member.leftMs !== undefined) return
    member.leftMs = this.#simulation.clock.elapsedMs
    if (member.isEarnest) this.#unfinished--
  }

  #leave(member: SwarmMember, go: (node: SimulatedNode) => void): void {
    const { node } = member
    if (node === undefined || member.leftMs !== undefined) return
    member.measure()
    if (member.isEarnest) {
      for (const [piece, atMs] of member.pieceTimesMs.entries()) if (!Number.isNaN(atMs)) this.#count(piece, -1)
      if (!member.isWhole) this.#unfinished--
    }
    member.leftMs = this.#simulation.clock.elapsedMs
    go(node)
  }

  // Looking at it.

  #sampleEvery(everyMs: number): void {
    this.#simulation.clock.after(everyMs, () => {
      this.#sample()
      this.#sampleEvery(everyMs)
    })
  }

  #sample(): void {
    const { elapsedMs } = this.#simulation.clock
    if (this.#samples.at(-1)?.atMs !== elapsedMs) this.#samples.push(sampleOf(elapsedMs, this.#members, this.#copies))
  }
}
