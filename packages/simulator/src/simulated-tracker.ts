import {
  type AnnounceAnswer,
  type AnnounceIdentity,
  type AnnounceRequest,
  type Endpoint,
  formatEndpoint,
  type IpEndpoint,
  type SeededRandom,
  type TrackerClient,
  TrackerError,
} from '@bitloom/core'
import type { Host } from './host.js'
import type { VirtualClock } from './virtual-clock.js'

/** How the tracker of a simulation behaves. */
export interface TrackerSpec {
  /** How often clients come again; default 30 minutes. */
  readonly intervalMs?: number
  /** Peers in one answer at the most; default 50. */
  readonly peersPerAnswer?: number
  /** It does not answer between these times, in ms from the start. */
  readonly outages?: readonly (readonly [fromMs: number, toMs: number])[]
}

/** The URL of the simulated tracker. Its scheme is the simulator's own; nothing leaves the process. */
export const trackerUrl = 'http://tracker.simulated/announce'

interface Member {
  readonly endpoint: IpEndpoint
  isSeed: boolean
}

interface Swarm {
  /** By address and port. */
  readonly members: Map<string, Member>
  /** The same members, for drawing; in no order that matters. */
  readonly list: Member[]
}

/** One tracker for all nodes of a simulation: it answers with peers drawn at random, never the one that asks. */
export class SimulatedTracker {
  announces = 0
  readonly #clock: VirtualClock
  readonly #random: SeededRandom
  readonly #spec: TrackerSpec
  readonly #swarms = new Map<string, Swarm>()

  constructor(clock: VirtualClock, random: SeededRandom, spec: TrackerSpec = {}) {
    this.#clock = clock
    this.#random = random
    this.#spec = spec
  }

  /** The client of one node. An announce takes the node's way to the middle and back. */
  client(host: Host): TrackerClient {
    return {
      schemes: ['http', 'https', 'udp'],
      announce: async (request, identity, signal) => {
        this.#clock.touch()
        await this.#clock.wait(host.line.latencyMs, undefined)
        signal.throwIfAborted()
        if (!host.isUp || this.#isOut) throw new TrackerError('TRACKER_UNREACHABLE', 'the tracker does not answer')
        const answer = this.announce(request, identity, host.name)
        return this.#clock.wait(host.line.latencyMs, answer)
      },
    }
  }

  get #isOut(): boolean {
    const atMs = this.#clock.elapsedMs
    return this.#spec.outages?.some(([fromMs, toMs]) => atMs >= fromMs && atMs < toMs) === true
  }

  /** What the tracker does with one announce that reached it. */
  announce(request: AnnounceRequest, identity: AnnounceIdentity, from: string): AnnounceAnswer {
    this.announces++
    const swarm = this.#swarmOf(identity.infoHash)
    const endpoint: IpEndpoint = { kind: 'ip', host: from, port: request.port }
    const key = formatEndpoint(endpoint)
    if (request.event === 'stopped') this.#remove(swarm, key)
    else this.#add(swarm, key, { endpoint, isSeed: request.left === 0 })
    const seeders = swarm.list.filter((member) => member.isSeed).length
    const wanted = Math.min(request.numWant, this.#spec.peersPerAnswer ?? 50)
    return {
      peers: this.#draw(swarm, wanted, key),
      intervalMs: this.#spec.intervalMs ?? 1_800_000,
      seeders,
      leechers: swarm.list.length - seeders,
      externalIp: from,
    }
  }

  /** Puts somebody on the list who does not announce himself. */
  enlist(infoHash: Uint8Array, endpoint: IpEndpoint): void {
    this.#add(this.#swarmOf(infoHash), formatEndpoint(endpoint), { endpoint, isSeed: false })
  }

  #swarmOf(infoHash: Uint8Array): Swarm {
    const key = infoHash.join(',')
    const swarm = this.#swarms.get(key) ?? { members: new Map(), list: [] }
    this.#swarms.set(key, swarm)
    return swarm
  }

  #add(swarm: Swarm, key: string, member: Member): void {
    const known = swarm.members.get(key)
    if (known !== undefined) {
      known.isSeed = member.isSeed
      return
    }
    swarm.members.set(key, member)
    swarm.list.push(member)
  }

  #remove(swarm: Swarm, key: string): void {
    const member = swarm.members.get(key)
    if (member === undefined) return
    swarm.members.delete(key)
    swarm.list.splice(swarm.list.indexOf(member), 1)
  }

  /** The first `count` of a shuffle that goes no further than it must. */
  #draw(swarm: Swarm, count: number, except: string): readonly Endpoint[] {
    const { list, members } = swarm
    const own = members.get(except)
    const drawn: Endpoint[] = []
    for (let at = 0; at < list.length && drawn.length < count; at++) {
      const from = at + this.#random.below(list.length - at)
      const member = list[from]
      const first = list[at]
      if (member === undefined || first === undefined) break
      list[from] = first
      list[at] = member
      if (member !== own) drawn.push(member.endpoint)
    }
    return drawn
  }
}
