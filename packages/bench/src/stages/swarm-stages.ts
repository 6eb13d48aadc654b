import type { Stage, StageTools } from './stage.js'
import { blockBytes, openScene, type SceneOptions, type Seat, seat, type SwarmScene } from './swarm-scene.js'

const refillBlocks = 16
/** Blocks that one read of a socket brings. */
const turnBlocks = 4
/** Twice of what the memory for blocks holds: who starts a download is not all of it. */
const engineBlocks = 8_192
const pieceCounts = [2_000, 20_000, 100_000]
const peerCounts = [1, 50, 1_000]

interface Swarm {
  readonly scene: SwarmScene
  readonly seats: readonly Seat[]
  /** Peers in turn, of those that were asked something where `owing` says so. */
  next(owing?: boolean): Seat
}

function openSwarm({ internals, small }: StageTools, options: SceneOptions, peerCount: number): Swarm {
  const scene = openScene(internals, small ? { ...options, pieceCount: 1_000 } : options)
  const seats = seat(scene, small ? Math.min(10, peerCount) : peerCount)
  let at = 0
  return {
    scene,
    seats,
    next: (owing = false) => {
      for (let tried = 0; tried < seats.length; tried += 1) {
        const seat = seats[at++ % seats.length]
        if (seat !== undefined && (!owing || seat.asked.length > 0)) return seat
      }
      throw new Error('no peer of the bench was asked anything')
    },
  }
}

const sizeName = (pieces: number, peers: number): string =>
  `${pieces.toLocaleString('en')} pieces, ${peers.toLocaleString('en')} peers`

/** Refills of 16 blocks, peer after peer, while every peer owes 32. */
function pick(pieceCount: number, peerCount: number): Stage {
  return {
    name: `pick, ${sizeName(pieceCount, peerCount)}`,
    unit: 'µs',
    per: 'block',
    reference: 'loop',
    start: (tools) => {
      const { scene, seats, next } = openSwarm(tools, { pieceCount, budgetBytes: Infinity }, peerCount)
      for (const { peer } of seats) scene.pick(peer, refillBlocks * 2)
      const refills = 25
      return {
        units: refills * refillBlocks,
        run: () => {
          for (let refill = 0; refill < refills; refill += 1) {
            const { peer } = next()
            for (let block = 0; block < refillBlocks; block += 1)
              peer.asked.shift((piece, at) => scene.ledger.release(piece, at))
            scene.pick(peer, refillBlocks)
          }
        },
        prepare: () => {
          for (const { asked } of seats) asked.length = 0
        },
      }
    },
  }
}

/** The whole state machine for each block: it comes, its extent fills, what follows is asked. No bytes are moved. */
function turn(pieceCount: number, peerCount: number): Stage {
  return {
    name: `engine, ${sizeName(pieceCount, peerCount)}`,
    unit: 'µs',
    per: 'block',
    reference: 'loop',
    start: (tools) => {
      const blocks = tools.small ? 400 : engineBlocks
      let swarm = openSwarm(tools, { pieceCount }, peerCount)
      return {
        units: blocks,
        // Each run is the beginning of a download, so that all runs do the same.
        prepare: () => {
          swarm = openSwarm(tools, { pieceCount }, peerCount)
          swarm.scene.settle()
        },
        run: () => {
          for (let left = blocks; left > 0; left -= turnBlocks) answer(swarm.scene, swarm.next(true))
        },
      }
    },
  }
}

/** One read of a socket: some of the oldest blocks that the peer owes. */
function answer(scene: SwarmScene, { peer, asked }: Seat): void {
  scene.nowMs += 1
  peer.lastHeardMs = scene.nowMs
  const came = asked.splice(0, 2 * turnBlocks)
  for (let at = 0; at < came.length; at += 2) {
    const [piece = 0, begin = 0] = [came[at], came[at + 1]]
    if (peer.blockStart(piece, begin, blockBytes) !== undefined) peer.blockEnd(piece, begin, blockBytes)
  }
  scene.settle()
}

/** Per block, the cost should not grow with the torrent or the crowd. */
export const swarmStages: readonly Stage[] = [
  ...pieceCounts.flatMap((pieces) => peerCounts.map((peers) => pick(pieces, peers))),
  ...[2_000, 100_000].flatMap((pieces) => peerCounts.map((peers) => turn(pieces, peers))),
]
