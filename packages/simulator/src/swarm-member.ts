import type { Host, Line } from './host.js'
import { playbackOf } from './playback.js'
import type { SimulatedNode } from './simulated-node.js'
import type { Simulation } from './simulation.js'
import type { PeerGroup, PeerResult } from './swarm-spec.js'

/** One peer of a swarm, from before it comes until after it left. */
export class SwarmMember {
  node: SimulatedNode | undefined
  /** A raw peer has a host and no node. */
  host: Host | undefined
  joinedMs: number | undefined
  completedMs: number | undefined
  leftMs: number | undefined
  /** Downloads or seeds in earnest. */
  readonly isEarnest: boolean
  /** What it has, or says it has, when it comes. */
  readonly has: 'all' | 'none' | number
  /** By piece: `NaN` = not there, `-Infinity` = was there at the start. */
  readonly pieceTimesMs: Float64Array
  #uploadedBytes = 0
  #downloadedBytes = 0
  #wastedBytes = 0

  constructor(
    readonly group: PeerGroup,
    readonly name: string,
    readonly line: Line,
    pieceCount: number,
  ) {
    const { behaviour = 'honest' } = group
    this.isEarnest = behaviour === 'honest'
    const claims = behaviour === 'corrupt' || behaviour === 'silent'
    this.has = claims ? 'all' : (group.has ?? 'none')
    this.pieceTimesMs = new Float64Array(pieceCount).fill(this.has === 'all' ? -Infinity : NaN)
  }

  /** It is there now. */
  get isPresent(): boolean {
    return this.node !== undefined && this.leftMs === undefined
  }

  get isWhole(): boolean {
    return this.completedMs !== undefined || this.has === 'all'
  }

  /** Writes down what it uploaded and downloaded so far. */
  measure(): void {
    const stats = this.node?.torrent.view.stats
    if (stats === undefined || this.leftMs !== undefined) return
    this.#uploadedBytes = stats.uploadedBytes
    this.#downloadedBytes = stats.receivedBytes
    this.#wastedBytes = stats.wastedBytes
  }

  get uploadedBytes(): number {
    return this.#uploadedBytes
  }

  get downloadedBytes(): number {
    return this.#downloadedBytes
  }

  result(simulation: Simulation, withPieceTimes: boolean): PeerResult {
    this.measure()
    const { group, name, joinedMs, completedMs, leftMs, pieceTimesMs } = this
    const came = pieceTimesMs.filter((atMs) => atMs > -Infinity)
    const firstPieceMs = came.length === 0 ? undefined : came.reduce((first, atMs) => Math.min(first, atMs))
    const { layout } = simulation.torrent.metainfo
    const endedMs = leftMs ?? simulation.clock.elapsedMs
    const seen = { layout, pieceTimesMs, joinedMs: joinedMs ?? endedMs, endedMs }
    return {
      group: group.name,
      name,
      joinedMs: joinedMs ?? endedMs,
      ...(firstPieceMs === undefined ? {} : { firstPieceMs }),
      ...(completedMs === undefined ? {} : { completedMs }),
      ...(leftMs === undefined ? {} : { leftMs }),
      uploadedBytes: this.#uploadedBytes,
      downloadedBytes: this.#downloadedBytes,
      wastedBytes: this.#wastedBytes,
      ...(group.playback === undefined ? {} : { playback: playbackOf({ ...seen, ...group.playback }) }),
      ...(withPieceTimes ? { pieceTimesMs: Array.from(pieceTimesMs, (at) => (at > -Infinity ? at : undefined)) } : {}),
    }
  }
}
