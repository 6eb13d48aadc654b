import { isBitloomError } from '../bytes/errors.js'
import { Bits } from '../bytes/bits.js'
import { blockBytes } from '../metainfo/metainfo.js'
import { type Hello, Peer, type PeerEvents } from '../peer/peer.js'
import type { Endpoint } from '../ports/endpoint.js'
import type { PartialPiece } from '../ports/resume-store.js'
import type { Wire } from '../wire/wire.js'
import { Availability } from './availability.js'
import type { Allowance, Decisions, Effects, KnownMetainfo, TorrentBooks, Watch } from './effects.js'
import { ExtentPath } from './extent-path.js'
import { allowedFastCount } from './fast-set.js'
import { Interest } from './interest.js'
import type { Ledger } from './ledger.js'
import { Requests } from './requests.js'
import { hasRoom } from './serving.js'
import { Showing } from './showing.js'

export interface TorrentParts {
  readonly decisions: Decisions
  readonly effects: Effects
  readonly watch: Watch
  readonly allowance: Allowance
  nextPeerKey(): number
}

const nothing = new Bits(0)
const banMs = 3_600_000
/** A ban that does not rule a peer out for good when nobody else has what is missing. */
const shortBanMs = 300_000
/** A choked peer that has taken nothing of what it asked for so long does not count any more. */
const takesMs = 10_000
/** To rank all pieces anew costs less than to tell of more than one in so many, each by itself. */
const recountShare = 8

/**
 * One torrent as a state machine without I/O: peers, and once the content is known its ledger and availability.
 * Every method is one input of a turn; it changes state, marks peers for a refill, and asks for effects; `requests.settle`
 * ends the turn. `requests` is what peers are asked, `extents` the way of the data to the disk, `showing` what peers see.
 *
 * Invariant: we are interested in a peer iff it has a wanted missing piece: then `peer.watched` is one.
 */
export class Torrent implements PeerEvents, TorrentBooks {
  readonly peers = new Map<number, Peer>()
  readonly requests: Requests
  readonly extents: ExtentPath
  readonly showing: Showing
  metainfo: KnownMetainfo | undefined
  ledger: Ledger | undefined
  availability = new Availability(0)
  receivedBytes = 0
  wastedBytes = 0
  uploadedBytes = 0
  verifiedBytes = 0
  wantedBytes = 0
  leftBytes = 0
  readonly #interest = new Interest()
  readonly #parts: TorrentParts

  constructor(parts: TorrentParts) {
    this.#parts = parts
    const { decisions, effects, allowance } = parts
    const wasted = (lengthBytes: number): void => this.#countWaste(lengthBytes)
    // Spelled out: V8 gives each object that a spread makes a shape of its own, 2 kB of them in each of thousands of torrents.
    this.requests = new Requests({ torrent: this, decisions, effects, allowance, wasted })
    this.showing = new Showing({ torrent: this, decisions, effects })
    this.extents = new ExtentPath({
      torrent: this,
      effects,
      verified: (piece, wasWanted) => this.#verified(piece, wasWanted),
      rejected: (piece, contributors) => this.#rejected(piece, contributors),
      lied: (peer) => this.#ban(peer, this.#hasOnly(peer)),
      gaveUp: (piece) => this.#startsOver(piece),
      freed: () => this.requests.memoryFreed(),
      reopened: () => this.requests.wakeHungry(),
    })
  }

  /** Nothing wanted is missing. */
  get isWhole(): boolean {
    return this.ledger !== undefined && this.ledger.wanted.count === 0
  }

  get #wanted(): Bits {
    return this.ledger?.wanted ?? nothing
  }

  // Content.

  /** The data is known and checked: what peers said of it so far is taken in. Who said what does not fit is dropped. */
  setContent(metainfo: KnownMetainfo, ledger: Ledger): void {
    this.metainfo = metainfo
    this.ledger = ledger
    this.availability = new Availability(metainfo.layout.pieceCount)
    this.recount()
    this.#parts.decisions.reset()
    for (const peer of this.peers.values()) this.#takePieceCount(peer, metainfo.layout.pieceCount)
    for (const peer of this.peers.values()) this.showing.greet(peer)
  }

  #takePieceCount(peer: Peer, pieceCount: number): void {
    try {
      peer.setPieceCount(pieceCount)
    } catch (error) {
      if (!isBitloomError(error)) throw error
      this.#parts.effects.drop(peer, error.message)
    }
  }

  /** Goes on with pieces of which an earlier run left blocks on the disk. */
  restore(partial: readonly PartialPiece[], nowMs: number): void {
    for (const open of this.ledger?.restore(partial, nowMs) ?? []) this.extents.restored(open)
  }

  /** Recomputes byte counts and interest after the selection or the haves changed in bulk. */
  recount(): void {
    const { ledger } = this
    if (ledger === undefined) return
    this.verifiedBytes = this.wantedBytes = this.leftBytes = 0
    for (let piece = 0; piece < ledger.layout.pieceCount; piece++) {
      const length = this.#dataLength(piece)
      if (ledger.have.has(piece)) this.verifiedBytes += length
      if (ledger.isSelected(piece)) this.wantedBytes += length
      if (ledger.wanted.has(piece)) this.leftBytes += length
    }
    for (const peer of this.peers.values()) this.#renewInterest(peer)
  }

  #dataLength(piece: number): number {
    const layout = this.ledger?.layout
    return layout === undefined ? 0 : layout.pieceLength(piece) - layout.zeroTailBytes(piece)
  }

  /** Changes priorities; open pieces that became unwanted are dropped and their requests cancelled. */
  prioritize(pieces: Iterable<number>, priority: (piece: number) => number): void {
    const { ledger } = this
    if (ledger === undefined) return
    const wasWhole = this.isWhole
    for (const piece of pieces) {
      if (ledger.want(piece, priority(piece)) !== undefined) this.requests.lapsePiece(piece)
    }
    this.recount()
    this.#parts.decisions.reset()
    this.requests.markAll()
    if (!wasWhole && this.isWhole) this.#parts.watch.wantedWhole()
  }

  /** A piece that was had is lost (a read failed, a file changed). Peers are not disconnected. */
  forget(piece: number): void {
    if (this.ledger?.have.has(piece) !== true) return
    this.ledger.forget(piece)
    for (const peer of this.peers.values()) peer.dropPiece(piece)
    this.recount()
    this.#parts.decisions.changed(piece)
    this.requests.markAll()
  }

  /** Stops asking: what is asked is cancelled, what arrives all the same is still taken. */
  stopFetching(): void {
    this.requests.isOn = false
    this.requests.lapseAll()
  }

  startFetching(): void {
    this.requests.isOn = true
    this.requests.markAll()
  }

  /** Nothing that is open goes on: for a check of all data, a failure, or the end. Peers have left already, or stay idle. */
  closeOpen(): void {
    this.stopFetching()
    this.ledger?.closeAll()
  }

  /** See `OpenPieces.reclaim`: such pieces start over. */
  reclaim(idleSinceMs: number): void {
    if (this.ledger?.reclaim(idleSinceMs) === true) this.#parts.decisions.reset()
  }

  // Peers.

  peerJoined(out: Wire, hello: Hello, endpoint: Endpoint, nowMs: number): Peer {
    const peer = new Peer(this.#parts.nextPeerKey(), out, hello, endpoint, this, nowMs)
    this.peers.set(peer.key, peer)
    peer.isHere = true
    if (this.ledger !== undefined) peer.setPieceCount(this.ledger.layout.pieceCount)
    this.showing.greet(peer)
    return peer
  }

  peerLeft(peer: Peer): void {
    if (!this.peers.delete(peer.key)) return
    peer.isHere = false
    this.requests.peerLeft(peer)
    this.#interest.delete(peer)
    if (peer.countsAsSeed) {
      this.availability.removeSeed()
    } else {
      this.#recount(peer, -1)
    }
    if (!peer.amChoking) this.#parts.watch.chokeSoon()
  }

  // PeerEvents.

  peerChanged(peer: Peer, what: 'choke' | 'unchoke' | 'interest' | 'haves' | 'allowed'): void {
    if (what === 'haves') this.#countHaves(peer)
    if (what === 'choke') this.#choked(peer)
    // New interest wants a slot, lost interest frees one.
    if (what === 'interest' && peer.isInterested === peer.amChoking) this.#parts.watch.chokeSoon()
    this.requests.renew(peer)
  }

  #countHaves(peer: Peer): void {
    peer.countsAsSeed = peer.isSeed
    if (peer.isSeed) {
      this.availability.addSeed()
    } else {
      this.#recount(peer, 1)
    }
    this.#renewInterest(peer)
  }

  /** The pieces of a peer that came or left: a few are told one by one, for many everything is ranked anew. */
  #recount({ haves }: Peer, by: 1 | -1): void {
    const { decisions } = this.#parts
    const areFew = haves.count * recountShare < (this.ledger?.layout.pieceCount ?? 0)
    for (let piece = haves.nextSet(0); piece >= 0; piece = haves.nextSet(piece + 1)) {
      this.availability.count(piece, by)
      if (areFew) decisions.changed(piece)
    }
    if (!areFew) decisions.reset()
  }

  #choked(peer: Peer): void {
    // With the fast extension the peer rejects each request itself (BEP 6); without, a choke drops them all.
    if (!peer.supportsFast) this.requests.lapseIf(peer, () => true, false)
    this.requests.blocksFreed()
  }

  peerHas(peer: Peer, piece: number): void {
    this.availability.count(piece, 1)
    this.#parts.decisions.changed(piece, peer)
    if (this.ledger?.wanted.has(piece) === true) {
      this.#interest.gained(peer, piece)
      this.#showInterest(peer)
      // Who lets us ask for nothing is refilled when that changes.
      if (!peer.isChoking || peer.allowed.size > 0) this.requests.renew(peer)
    }
    this.#parts.watch.peerHas(peer, piece)
  }

  peerAsks(peer: Peer): void {
    this.requests.mark(peer)
  }

  mayServe(peer: Peer, piece: number): boolean {
    return this.ledger?.have.has(piece) === true && (peer.shown === undefined || peer.shown.has(piece))
  }

  /**
   * BEP 6 lets a choked peer start, if we have the means and it has little: one at a time, or in a crowd those who have no
   * slot would take the upload from those who have one. One that takes nothing does not keep the others waiting.
   */
  maySpare(peer: Peer): boolean {
    if (peer.haves.count >= allowedFastCount) return false
    const nowMs = peer.lastHeardMs
    for (const other of this.peers.values()) {
      if (other === peer || !other.amChoking) continue
      const takes = other.outputBytes > 0 ? nowMs - other.tookAtMs < takesMs : other.inbox.size > 0
      if (takes) return false
    }
    return true
  }

  pieceLength(piece: number): number {
    return this.metainfo?.layout.pieceLength(piece) ?? 0
  }

  peerRejects(peer: Peer, piece: number, block: number): void {
    this.requests.rejected(peer, piece, block)
  }

  place(peer: Peer, piece: number, begin: number, length: number): Uint8Array | undefined {
    peer.lastBlockMs = peer.lastHeardMs
    return this.ledger?.arrivals.place(peer, piece, begin, length)
  }

  unplaced(peer: Peer, piece: number, block: number, lengthBytes: number, wasAsked: boolean): void {
    if (wasAsked) this.requests.released(piece, block)
    this.wasted(peer, lengthBytes)
    this.requests.mark(peer)
  }

  wasted(peer: Peer, lengthBytes: number): void {
    this.requests.charge(lengthBytes, peer.lastHeardMs)
    this.#countWaste(lengthBytes)
  }

  #countWaste(lengthBytes: number): void {
    this.receivedBytes += lengthBytes
    this.wastedBytes += lengthBytes
  }

  received(peer: Peer, piece: number, begin: number, length: number, wasAsked: boolean): void {
    const { ledger } = this
    if (ledger === undefined) return
    const nowMs = peer.lastHeardMs
    peer.blockCame(length, nowMs)
    this.receivedBytes += length
    if (!wasAsked) this.requests.charge(length, nowMs)
    const keep = !this.#parts.decisions.judgesBlocks || this.#keeps(peer, piece, begin, length)
    if (!keep) peer.bar(piece, begin / blockBytes)
    const extent = ledger.arrivals.count(peer, keep, wasAsked, nowMs)
    if (extent === undefined) this.wastedBytes += length
    else if (extent.stage === 'full') this.extents.filled(extent)
    this.requests.mark(peer)
  }

  #keeps(peer: Peer, piece: number, begin: number, length: number): boolean {
    const bytes = this.ledger?.arrivals.bytesOf(peer, length)
    return bytes === undefined || this.#parts.decisions.keep(peer, piece, begin, bytes)
  }

  extended(peer: Peer, id: number, payload: Uint8Array): void {
    this.#parts.watch.extended(peer, id, payload)
  }

  other(peer: Peer, id: number, payload: Uint8Array): void {
    this.#parts.watch.other(peer, id, payload)
  }

  // Pieces.

  #verified(piece: number, wasWanted: boolean): void {
    const length = this.#dataLength(piece)
    this.verifiedBytes += length
    this.showing.add(piece)
    this.#parts.decisions.changed(piece)
    if (wasWanted) {
      this.leftBytes -= length
      for (const peer of this.#interest.came(piece, this.#wanted)) this.#showInterest(peer)
    }
    this.#parts.watch.pieceVerified(piece)
    if (wasWanted && this.isWhole) this.#parts.watch.wantedWhole()
  }

  #rejected(piece: number, contributors: readonly Peer[]): void {
    this.wastedBytes += this.#dataLength(piece)
    this.#startsOver(piece)
    this.#parts.watch.pieceRejected(piece, contributors)
    const [only] = contributors
    if (contributors.length === 1 && only !== undefined) this.#ban(only, !this.#hasSource(piece, only))
  }

  #ban(liar: Peer, isMissed: boolean): void {
    this.#parts.effects.drop(liar, 'sent corrupt data', isMissed ? shortBanMs : banMs)
  }

  #startsOver(piece: number): void {
    this.requests.lapsePiece(piece)
    this.#parts.decisions.changed(piece)
  }

  #hasSource(piece: number, except: Peer): boolean {
    for (const peer of this.peers.values()) if (peer !== except && peer.haves.has(piece)) return true
    return false
  }

  /** It has something that is wanted, and nobody else does. */
  #hasOnly(peer: Peer): boolean {
    const wanted = this.#wanted
    for (let piece = wanted.nextSet(0); piece >= 0; piece = wanted.nextSet(piece + 1)) {
      if (peer.haves.has(piece) && !this.#hasSource(piece, peer)) return true
    }
    return false
  }

  #renewInterest(peer: Peer): void {
    this.#interest.renew(peer, this.#wanted)
    this.#showInterest(peer)
  }

  #showInterest(peer: Peer): void {
    const interested = peer.watched >= 0
    if (interested === peer.amInterested) return
    peer.setInterested(interested)
    this.#parts.effects.flush(peer)
  }

  // Uploads.

  /** A read for a peer settled. */
  served(peer: Peer, lengthBytes: number, nowMs: number): void {
    this.uploadedBytes += lengthBytes
    peer.uploadedBytes += lengthBytes
    peer.up.add(lengthBytes, nowMs)
  }

  /** Bytes left for a peer. Kept account of without a turn; true: one should begin, in which the peer is served again. */
  sent(peer: Peer, lengthBytes: number, nowMs: number): boolean {
    peer.outputBytes -= lengthBytes
    peer.output.passed(Math.ceil(lengthBytes / blockBytes))
    peer.tookAtMs = nowMs
    return peer.inbox.size > 0 && hasRoom(peer)
  }
}
