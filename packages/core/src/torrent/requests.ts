import { LazySet } from '../bytes/lazy-collections.js'
import { blockBytes } from '../metainfo/metainfo.js'
import type { Peer } from '../peer/peer.js'
import type { Allowance, Decisions, Effects, TorrentBooks } from './effects.js'
import { Hunger } from './hunger.js'
import { IdlePeers } from './idle-peers.js'
import { Serving } from './serving.js'
import { Touched } from './touched.js'

export interface RequestParts {
  readonly torrent: TorrentBooks
  readonly decisions: Pick<Decisions, 'pick' | 'takes'>
  readonly effects: Effects
  readonly allowance: Allowance
  /** Payload that came, or is on its way, for nothing. */
  wasted(lengthBytes: number): void
}

/**
 * So much of the window is asked at once, and at the most so many blocks, so that requests leave in batches and a long path
 * stays full.
 */
const batch = { share: 0.25, most: 32 }
/** A block that has been on its way for longer than this is given up even while its bytes trickle in. */
const blockMs = 60_000
const stallMs = 30_000
const restMs = 1_000
/** A peer that is slower than this share of the best takes no part in endgame. */
const leastShareOfBest = 1 / 8

/**
 * What peers are asked: refills at the end of a turn, and everything that gives a request up.
 *
 * Invariant: what was charged to the allowance is what is asked plus what came. Whoever takes a block off `peer.asked`
 * without its data releases it in the ledger and refunds it, both once.
 */
export class Requests {
  /** False while checking, blocked or paused: nothing is asked. */
  isOn = false
  isUnsettled = false
  /** The highest rate at which one peer sends to us, measured once a second. */
  bestRate = 0
  readonly idle = new IdlePeers()
  readonly #parts: RequestParts
  readonly #dirty = new Touched()
  readonly #hunger = new Hunger()
  /** Peers that could take more but for a rate limit; who was served longest ago comes first. */
  readonly #inTurn = new LazySet<Peer>()
  readonly #serving: Serving
  #wasEndgame = false

  constructor(parts: RequestParts) {
    this.#parts = parts
    this.#serving = new Serving(parts.allowance, parts.effects)
  }

  /** Marks one peer for a refill at the end of the turn; nothing for one that left. */
  mark(peer: Peer): void {
    if (peer.isTouched || !peer.isHere) return
    this.#parts.effects.settleLater()
    this.#dirty.add(peer)
  }

  /** What it has or may be asked for changed, or somebody bids so: it is tried though memory is short. */
  renew(peer: Peer): void {
    this.#hunger.renew(peer)
    this.mark(peer)
  }

  markAll(): void {
    this.#hunger.feed()
    for (const peer of this.#parts.torrent.peers.values()) this.mark(peer)
  }

  /** Peers that want blocks get another chance: the limits let more through by now. */
  markWaiting(): void {
    for (const peer of this.#parts.torrent.peers.values()) if (peer.inbox.size > 0) this.mark(peer)
  }

  /** Peers that wait for something to ask, or for memory, get another chance. */
  wakeHungry(): void {
    this.#hunger.wake()
    if (this.#hunger.isWoken) this.#parts.effects.settleLater()
  }

  /** Blocks that were asked became free: who waits for something to ask gets another chance. */
  blocksFreed(): void {
    this.#hunger.wakeForBlocks()
    if (this.#hunger.isWoken) this.#parts.effects.settleLater()
  }

  /** An extent was written: peers that wait for memory get another chance. */
  memoryFreed(): void {
    this.#hunger.wakeForMemory()
    if (this.#hunger.isWoken) this.#parts.effects.settleLater()
  }

  /** Ends the turn: each touched peer is refilled and served once; who waits longer comes first. */
  settle(nowMs: number): void {
    if (this.#parts.allowance.toAsk(nowMs) < Infinity) this.#refillInTurn(nowMs)
    else this.#refillAll(nowMs)
    const endgame = this.#parts.torrent.ledger?.inEndgame === true
    if (endgame && !this.#wasEndgame) this.#hunger.each((peer) => this.#refill(peer, nowMs, Infinity))
    this.#wasEndgame = endgame
    this.#serving.serve(this.#dirty, nowMs)
    this.#dirty.clear()
  }

  #refillAll(nowMs: number): void {
    // To clear a set makes a new table, also of an empty one.
    if (this.#inTurn.size > 0) this.#inTurn.clear()
    const { ledger } = this.#parts.torrent
    if (ledger !== undefined && this.#hunger.isWoken)
      this.#hunger.takeFed(ledger, nowMs, (peer) => this.#refill(peer, nowMs, Infinity))
    for (let index = 0; index < this.#dirty.size; index++) {
      const peer = this.#dirty.at(index)
      if (peer !== undefined) this.#refill(peer, nowMs, Infinity)
    }
  }

  /** What a limit lets through is shared, or whoever comes first would take it all. */
  #refillInTurn(nowMs: number): void {
    const { ledger } = this.#parts.torrent
    if (ledger !== undefined && this.#hunger.isWoken)
      this.#hunger.takeWoken(ledger, nowMs, (peer) => this.#inTurn.add(peer))
    for (let index = 0; index < this.#dirty.size; index++) {
      const peer = this.#dirty.at(index)
      if (peer !== undefined) this.#inTurn.add(peer)
    }
    let waiting = this.#inTurn.size
    for (const peer of [...this.#inTurn]) {
      const available = this.#parts.allowance.toAsk(nowMs)
      if (available <= 0) return
      this.#inTurn.delete(peer)
      if (this.#refill(peer, nowMs, Math.max(blockBytes, available / waiting--))) this.#inTurn.add(peer)
    }
  }

  /** True if the peer could take more than `shareBytes`. */
  #refill(peer: Peer, nowMs: number, shareBytes: number): boolean {
    const { torrent, allowance, decisions, effects } = this.#parts
    const { ledger } = torrent
    if (ledger === undefined || !this.isOn || !peer.amInterested || nowMs < peer.restUntilMs) return false
    if (peer.isChoking && peer.allowed.size === 0) return false
    const { size } = peer.window
    if (peer.asked.size > size - Math.min(size * batch.share, batch.most)) return false
    if (this.#hunger.isStarved(peer, ledger)) return false
    const room = size - peer.asked.size
    const budget = Math.min(room, Math.ceil(Math.min(shareBytes, allowance.toAsk(nowMs)) / blockBytes))
    if (budget <= 0) return true
    const before = peer.requestedBytes
    const picks = ledger.begin(peer, budget, nowMs, decisions.takes)
    const enough = decisions.pick(peer, picks)
    if (!enough && picks.left > 0 && this.#isQuick(peer)) ledger.takeEndgame()
    const isHungry = ledger.end() > 0
    if (isHungry) this.#hunger.tried(peer, ledger.isStarved)
    if (ledger.isStarved) this.#hunger.starve(peer)
    if (peer.requestedBytes === before) return false
    allowance.asked(peer.requestedBytes - before, nowMs)
    effects.flush(peer)
    return budget < room && !isHungry
  }

  /**
   * A block has two askers at the most: slow ones that join in endgame would keep others from it that bring it at once.
   * Who has brought nothing yet may try.
   */
  #isQuick({ downRate, downloadedBytes }: Peer): boolean {
    return downloadedBytes === 0 || downRate >= this.bestRate * leastShareOfBest
  }

  /** Payload that peers owe us. */
  get askedBytes(): number {
    let bytes = 0
    for (const peer of this.#parts.torrent.peers.values()) {
      peer.asked.each((piece, block) => (bytes += this.#blockLength(piece, block)))
    }
    return bytes
  }

  /** A block is here, or on its way, that nobody was charged for. */
  charge(lengthBytes: number, nowMs: number): void {
    this.#parts.allowance.asked(lengthBytes, nowMs)
  }

  /** A block that was taken off `peer.asked` will not come, or was of no use. */
  released(piece: number, block: number): void {
    const { torrent, allowance } = this.#parts
    torrent.ledger?.release(piece, block)
    this.#hunger.feed()
    allowance.refund(this.#blockLength(piece, block))
  }

  #blockLength(piece: number, block: number): number {
    return this.#parts.torrent.ledger?.layout.blockLength(piece, block) ?? blockBytes
  }

  /** It refused a block. One that does so without choking us is left alone for a moment. */
  rejected(peer: Peer, piece: number, block: number): void {
    this.released(piece, block)
    if (!peer.isChoking) peer.restUntilMs = peer.lastHeardMs + restMs
    this.blocksFreed()
  }

  /** A block was brought by one peer that so many others were asked for too. */
  cancelled(piece: number, block: number, except: Peer, others: number): void {
    let left = others
    for (const peer of this.#parts.torrent.peers.values()) {
      if (left === 0) return
      if (peer === except || !peer.asked.has(piece, block)) continue
      left--
      const arriving = isArriving(peer, piece, block)
      peer.lapse(piece, block, this.#blockLength(piece, block), !arriving)
      this.#parts.allowance.refund(this.#blockLength(piece, block))
      if (arriving) this.#abandon(peer)
      this.#parts.effects.flush(peer)
      this.mark(peer)
    }
  }

  /** The peer stalls: everything it owes is asked elsewhere, but for a block whose bytes are still coming in. */
  snub(peer: Peer, nowMs: number): void {
    const moves = nowMs - peer.lastHeardMs <= stallMs && nowMs - peer.lastBlockMs <= blockMs
    peer.snubbed = true
    peer.window.collapse()
    this.lapseIf(peer, (piece, block) => !(moves && isArriving(peer, piece, block)))
    this.#asksLast(peer)
  }

  /** Gives up what a peer has owed for too long while it brought other blocks (LIMITS, "silence"). */
  lapseOld(peer: Peer, nowMs: number): void {
    if (peer.asked.oldestMs >= nowMs - blockMs) return
    this.lapseIf(peer, (piece, block, askedAtMs) => askedAtMs < nowMs - blockMs && !isArriving(peer, piece, block))
    this.#asksLast(peer)
  }

  /** Others get what it gave up before it may ask again. */
  #asksLast(peer: Peer): void {
    this.#hunger.delete(peer)
    this.#inTurn.delete(peer)
    this.blocksFreed()
    this.mark(peer)
  }

  /** Gives up what a peer was asked and `test` is true for; it may still arrive. `tell` sends cancels. */
  lapseIf(peer: Peer, test: (piece: number, block: number, askedAtMs: number) => boolean, tell = true): void {
    const lapsed: [number, number][] = []
    peer.asked.each((piece, block, askedAtMs) => {
      if (test(piece, block, askedAtMs)) lapsed.push([piece, block])
    })
    if (lapsed.length === 0) return
    for (const [piece, block] of lapsed) {
      const arriving = isArriving(peer, piece, block)
      peer.lapse(piece, block, this.#blockLength(piece, block), tell && !arriving)
      this.released(piece, block)
      if (arriving) this.#abandon(peer)
    }
    this.#parts.effects.flush(peer)
  }

  lapsePiece(piece: number): void {
    for (const peer of this.#parts.torrent.peers.values()) this.lapseIf(peer, (asked) => asked === piece)
  }

  lapseAll(): void {
    for (const peer of this.#parts.torrent.peers.values()) this.lapseIf(peer, () => true)
  }

  /** A peer left: nothing comes from it any more. */
  peerLeft(peer: Peer): void {
    this.#dirty.delete(peer)
    this.#hunger.delete(peer)
    this.#inTurn.delete(peer)
    this.#serving.peerLeft(peer)
    while (peer.asked.shift((piece, block) => this.released(piece, block))) continue
    this.#parts.torrent.ledger?.peerLeft(peer)
    this.blocksFreed()
  }

  /** The block that is arriving has nowhere to go any more; its bytes come all the same. */
  #abandon(peer: Peer): void {
    const { placing } = peer
    if (placing === undefined) return
    const lengthBytes = this.#blockLength(placing.piece, Math.floor(placing.begin / blockBytes))
    peer.abandon()
    this.#parts.torrent.ledger?.arrivals.drop(peer)
    this.charge(lengthBytes, peer.lastHeardMs)
    this.#parts.wasted(lengthBytes)
  }
}

function isArriving(peer: Peer, piece: number, block: number): boolean {
  return peer.placing?.piece === piece && peer.placing.begin === block * blockBytes
}
