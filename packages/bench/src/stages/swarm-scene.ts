import { Bits, createLayout, type Memory, type Metainfo, type PickView, seededRandom, type Wire } from '@bitloom/core'
import type { Peer } from '../../../core/src/peer/peer.js'
import type { Effects } from '../../../core/src/torrent/effects.js'
import type { Ledger } from '../../../core/src/torrent/ledger.js'
import type { Extent } from '../../../core/src/torrent/open-piece.js'
import type { Torrent } from '../../../core/src/torrent/torrent.js'
import type { Internals } from './internals.js'
import { endpointOf, fault, hello, quietWire } from './quiet.js'

export const blockBytes = 16_384
export const pieceBytes = 262_144
/** As a session has it by default. */
const unwrittenBytes = 32 << 20

export interface SceneOptions {
  readonly pieceCount: number
  /** Default: that of a session. */
  readonly budgetBytes?: number
  /** We have all of it; default: nothing. */
  readonly isWhole?: boolean
  /** Reads and sends a run. */
  readonly serve?: Effects['serve']
}

/**
 * One torrent of the real engine without its ports: the picker is rarest-first, hashing and writing cost nothing and are
 * always right.
 */
export interface SwarmScene {
  readonly torrent: Torrent
  readonly ledger: Ledger
  nowMs: number
  join(out: Wire): Peer
  /** Ends a turn: refills, then hashing and writing of what became full. */
  settle(): void
  /** Picks for one peer; what the engine does between a refill's begin and end. */
  pick(peer: Peer, blocks: number): void
}

const nothing = (): void => {}
/** No bytes are moved: all may have the same, and the first download of a process does not pay for its memory here. */
const page = new Uint8Array(pieceBytes)
const onePage: Memory = { take: (lengthBytes) => page.subarray(0, lengthBytes), give: nothing }

export function openScene(internals: Internals, options: SceneOptions): SwarmScene {
  const { pieceCount, budgetBytes = unwrittenBytes, isWhole = false, serve = nothing } = options
  const layout = createLayout([{ lengthBytes: pieceCount * pieceBytes, offsetBytes: 0, padding: false }], pieceBytes)
  const counts = { jobs: 0, peers: 0 }
  const ledger = new internals.Ledger({
    layout,
    have: isWhole ? Bits.full(pieceCount) : new Bits(pieceCount),
    priorities: new Uint8Array(pieceCount).fill(4),
    extentBytes: pieceBytes,
    budget: new internals.SharedBudget(budgetBytes),
    memory: onePage,
    nextJobId: () => (counts.jobs += 1),
    dropHash: nothing,
    cancelled: (piece, block, except, others) => torrent.requests.cancelled(piece, block, except, others),
    idleAskers: (piece, block) => torrent.requests.idle.owing(piece, block),
  })
  const view: PickView = {
    ...layout,
    availability: (piece) => torrent.availability.of(piece),
    priority: (piece) => ledger.priority(piece),
    nextWanted: (from) => ledger.wanted.nextSet(from),
  }
  const picker = internals.rarestFirst(4).create(view, seededRandom('bench'))
  const ports = settledPorts(() => torrent)
  const torrent: Torrent = new internals.Torrent({
    decisions: {
      pick: (peer, picks) => (picker.pick(peer, picks), false),
      changed: (piece, peer) => picker.changed?.(piece, peer),
      reset: () => picker.reset?.(),
      judgesBlocks: false,
      keep: () => true,
      unchoke: () => [],
      shown: () => undefined,
    },
    effects: {
      ...ports.effects,
      flush: nothing,
      serve,
      keepAlive: nothing,
      drop: (_, reason) => fault(`a peer of the bench was dropped: ${reason}`),
      fingerprint: () => fault('a piece of the bench was bad'),
      settleLater: nothing,
    },
    watch: {
      peerHas: nothing,
      pieceVerified: nothing,
      pieceRejected: (piece) => fault(`piece ${piece} of the bench was rejected`),
      wantedWhole: nothing,
      chokeSoon: nothing,
      extended: nothing,
      other: nothing,
    },
    allowance: { toAsk: () => Infinity, asked: nothing, refund: nothing, toSend: () => Infinity, sent: nothing },
    nextPeerKey: () => (counts.peers += 1),
  })
  const hashes = new Uint8Array(20 * pieceCount)
  torrent.setContent({ layout, verifier: { kind: 'sha1', hashes } } as unknown as Metainfo, ledger)
  torrent.startFetching()
  return {
    torrent,
    ledger,
    nowMs: 1_000,
    join: (out) => torrent.peerJoined(out, hello, endpointOf(counts.peers), 0),
    settle() {
      torrent.requests.settle(this.nowMs)
      while (ports.settleOne()) torrent.requests.settle(this.nowMs)
    },
    pick(peer, blocks) {
      picker.pick(peer, ledger.begin(peer, blocks, this.nowMs, undefined))
      ledger.end()
    },
  }
}

/** A hasher and a storage that answer as soon as they are asked to, one call at a time. */
function settledPorts(torrent: () => Torrent) {
  const answers: (() => void)[] = []
  const digests = { sha1: new Uint8Array(20) }
  const hash = (onDisk: boolean) => (extent: Extent, last: boolean) =>
    void answers.push(() => torrent().extents.hashed(extent, last ? digests : undefined, onDisk))
  return {
    effects: {
      hash: hash(false),
      readBack: hash(true),
      write: (extent: Extent) => void answers.push(() => torrent().extents.written(extent)),
    },
    settleOne: () => {
      const answer = answers.shift()
      answer?.()
      return answer !== undefined
    },
  }
}

/** A peer that unchokes us, and what it was asked and has not answered, oldest first: piece and offset in turn. */
export interface Seat {
  readonly peer: Peer
  readonly asked: number[]
}

/** Peers join: half of them are seeds, the others have two pieces of three, in three ways. */
export function seat(scene: SwarmScene, peerCount: number): Seat[] {
  const { pieceCount } = scene.ledger.layout
  const patterns = Array.from({ length: 6 }, (_, index) => havesOf(index, pieceCount))
  return Array.from({ length: peerCount }, (_, index) => {
    const asked: number[] = []
    const peer = scene.join(quietWire({ request: (piece, begin) => void asked.push(piece, begin) }))
    peer.bitfield(patterns[index % patterns.length] ?? new Uint8Array(0))
    peer.choke(false)
    return { peer, asked }
  })
}

function havesOf(index: number, pieceCount: number): Uint8Array {
  if (index % 2 === 0) return Bits.full(pieceCount).toBytes()
  const bits = new Bits(pieceCount)
  for (let piece = 0; piece < pieceCount; piece += 1) if ((piece * 7919 + index) % 3 > 0) bits.add(piece)
  return bits.toBytes()
}
