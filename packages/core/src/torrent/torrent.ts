import { Bits } from '../bytes/bits.js'
import type { Metainfo } from '../metainfo/metainfo.js'
import { blockBytes } from '../metainfo/metainfo.js'
import { type Hello, Peer, type PeerEvents } from '../peer/peer.js'
import type { Endpoint } from '../ports/endpoint.js'
import type { Digests } from '../ports/hasher.js'
import type { Wire } from '../wire/wire.js'
import { Availability } from './availability.js'
import type { Allowance, Decisions, Effects, Watch } from './effects.js'
import type { Ledger } from './ledger.js'
import type { Extent, OpenPiece } from './open-piece.js'
import { serveNext } from './serving.js'

export interface TorrentParts {
  readonly decisions: Decisions
  readonly effects: Effects
  readonly watch: Watch
  readonly allowance: Allowance
  nextPeerKey(): number
}

const banMs = 3_600_000
/** A ban that does not rule a peer out for good when nobody else has what is missing. */
const shortBanMs = 300_000

/**
 * One torrent as a state machine without I/O: peers, and once the content is known its ledger and availability.
 * Every method is one input of a turn; it changes state, marks peers dirty, and asks for effects. `settle` ends the turn.
 *
 * Invariant: `peer.offered` is the number of wanted missing pieces that the peer has; we are interested iff it is > 0.
 */
export class Torrent implements PeerEvents {
  readonly peers = new Map<number, Peer>()
  metainfo: Metainfo | undefined
  ledger: Ledger | undefined
  availability = new Availability(0)
  /** False while checking, blocked or paused: nothing is asked. */
  fetching = false
  receivedBytes = 0
  wastedBytes = 0
  uploadedBytes = 0
  verifiedBytes = 0
  wantedBytes = 0
  leftBytes = 0
  /** Pieces that peers have not been told of yet. */
  readonly unannounced: number[] = []
  readonly #parts: TorrentParts
  readonly #dirty = new Set<Peer>()
  /** Peers that could take more, had there been something to ask or room to put it. */
  readonly #hungry = new Set<Peer>()
  #wasEndgame = false

  constructor(parts: TorrentParts) {
    this.#parts = parts
  }

  /** Nothing wanted is missing. */
  get isWhole(): boolean {
    return this.ledger !== undefined && this.ledger.wanted.count === 0
  }

  get hasWaitingUploads(): boolean {
    for (const peer of this.peers.values()) if (peer.inbox.size > 0) return true
    return false
  }

  // Content.

  /** The data is known and checked: what peers said of it so far is taken in. */
  setContent(metainfo: Metainfo, ledger: Ledger): void {
    this.metainfo = metainfo
    this.ledger = ledger
    this.availability = new Availability(metainfo.layout.pieceCount)
    this.recount()
    for (const peer of this.peers.values()) peer.setPieceCount(metainfo.layout.pieceCount)
    this.#parts.decisions.reset()
    for (const peer of this.peers.values()) this.greet(peer)
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
    for (const peer of this.peers.values()) this.#recountOffer(peer)
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
      const dropped = ledger.want(piece, priority(piece))
      if (dropped !== undefined) this.#cancelPiece(dropped)
    }
    this.recount()
    this.#parts.decisions.reset()
    this.refillAll()
    if (!wasWhole && this.isWhole) this.#parts.watch.wantedWhole()
  }

  #cancelPiece(open: OpenPiece): void {
    for (const peer of this.peers.values()) this.#lapseIf(peer, (piece) => piece === open.piece, true)
  }

  /** A piece that was had is lost (a read failed, a file changed). Peers are not disconnected. */
  forget(piece: number): void {
    if (this.ledger?.have.has(piece) !== true) return
    this.ledger.forget(piece)
    for (const peer of this.peers.values()) peer.dropPiece(piece)
    this.recount()
    this.#parts.decisions.changed(piece)
    this.refillAll()
  }

  /** Stops asking: what is asked is cancelled, what arrives all the same is still taken. */
  stopFetching(): void {
    this.fetching = false
    for (const peer of this.peers.values()) this.#lapseIf(peer, () => true, true)
  }

  startFetching(): void {
    this.fetching = true
    this.refillAll()
  }

  // Peers.

  peerJoined(out: Wire, hello: Hello, endpoint: Endpoint, nowMs: number): Peer {
    const peer = new Peer(this.#parts.nextPeerKey(), out, hello, endpoint, this, nowMs)
    this.peers.set(peer.key, peer)
    if (this.metainfo !== undefined) {
      peer.setPieceCount(this.metainfo.layout.pieceCount)
      this.greet(peer)
    }
    return peer
  }

  /** Says what we have: nothing at all is the default without the fast extension. */
  greet(peer: Peer): void {
    const have = this.ledger?.have
    if (have === undefined) return
    peer.shown = this.#parts.decisions.shown(peer)
    const shown = peer.shown ?? have
    if (peer.supportsFast && shown.count === 0) peer.out.haveNone()
    else if (peer.supportsFast && shown.count === shown.length) peer.out.haveAll()
    else if (shown.count > 0) peer.out.bitfield(shown.toBytes())
    this.#parts.effects.flush(peer)
  }

  /** What peers may see is decided anew: a plugin that hid pieces came or went. What is shown now is told. */
  reshow(): void {
    const have = this.ledger?.have
    if (have === undefined) return
    for (const peer of this.peers.values()) {
      const before = peer.shown
      peer.shown = this.#parts.decisions.shown(peer)
      if (before === undefined) continue
      const shown = peer.shown ?? have
      for (let piece = shown.nextSet(0); piece >= 0; piece = shown.nextSet(piece + 1)) {
        if (!before.has(piece) && !peer.haves.has(piece)) peer.out.have(piece)
      }
      this.#parts.effects.flush(peer)
    }
  }

  /** Widens what a peer may see of our pieces. */
  reveal(peer: Peer, piece: number): void {
    if (this.ledger?.have.has(piece) !== true || peer.shown?.add(piece) !== true) return
    peer.out.have(piece)
    this.#parts.effects.flush(peer)
  }

  peerLeft(peer: Peer): void {
    if (!this.peers.delete(peer.key)) return
    this.#dirty.delete(peer)
    this.#hungry.delete(peer)
    this.#releaseAll(peer)
    this.ledger?.peerLeft(peer)
    if (peer.countsAsSeed) {
      this.availability.removeSeed()
    } else {
      this.availability.remove(peer.haves)
      this.#parts.decisions.reset()
    }
    this.#wakeHungry()
    if (!peer.amChoking) this.#parts.watch.chokeSoon()
  }

  // PeerEvents.

  peerChanged(peer: Peer, what: 'choke' | 'unchoke' | 'interest' | 'haves' | 'allowed'): void {
    if (what === 'haves') this.#countHaves(peer)
    if (what === 'choke') this.#choked(peer)
    if (what === 'interest' && peer.isInterested && peer.amChoking) this.#parts.watch.chokeSoon()
    this.#mark(peer)
  }

  #countHaves(peer: Peer): void {
    peer.countsAsSeed = peer.isSeed
    if (peer.isSeed) {
      this.availability.addSeed()
    } else {
      this.availability.add(peer.haves)
      this.#parts.decisions.reset()
    }
    this.#recountOffer(peer)
  }

  #choked(peer: Peer): void {
    // With the fast extension the peer rejects each request itself (BEP 6); without, a choke drops them all.
    if (!peer.supportsFast) this.#releaseAll(peer)
    this.#wakeHungry()
  }

  peerHas(peer: Peer, piece: number): void {
    this.availability.addOne(piece)
    this.#parts.decisions.changed(piece)
    if (this.ledger?.wanted.has(piece) === true) {
      peer.offered++
      this.#showInterest(peer)
      this.#mark(peer)
    }
    this.#parts.watch.peerHas(peer, piece)
  }

  peerAsks(peer: Peer): void {
    this.#mark(peer)
  }

  mayServe(peer: Peer, piece: number): boolean {
    return this.ledger?.have.has(piece) === true && (peer.shown === undefined || peer.shown.has(piece))
  }

  pieceLength(piece: number): number {
    return this.metainfo?.layout.pieceLength(piece) ?? 0
  }

  peerRejects(peer: Peer, piece: number, block: number): void {
    this.#released(piece, block)
    if (!peer.isChoking) peer.restUntilMs = peer.lastHeardMs + 1_000
    this.#wakeHungry()
  }

  place(peer: Peer, piece: number, begin: number, length: number): Uint8Array | undefined {
    peer.lastBlockMs = peer.lastHeardMs
    const target = this.ledger?.place(peer, piece, begin, length)
    if (target === undefined) {
      this.#released(piece, Math.floor(begin / blockBytes))
      this.wasted(length)
      this.#mark(peer)
    }
    return target
  }

  wasted(lengthBytes: number): void {
    this.receivedBytes += lengthBytes
    this.wastedBytes += lengthBytes
  }

  received(peer: Peer, piece: number, begin: number, length: number): void {
    const { ledger } = this
    if (ledger === undefined) return
    const nowMs = peer.lastHeardMs
    peer.lastBlockMs = nowMs
    peer.snubbed = false
    this.receivedBytes += length
    peer.downloadedBytes += length
    peer.down.add(length, nowMs)
    peer.window.blockReceived()
    const bytes = ledger.arrived(peer, piece, begin, length)
    const keep = bytes === undefined || this.#parts.decisions.keep(peer, piece, begin, bytes)
    if (!keep) peer.bar(piece, begin / blockBytes)
    const extent = ledger.received(peer, piece, begin, keep, nowMs)
    if (extent === undefined) this.wastedBytes += bytes === undefined ? 0 : length
    else if (extent.stage === 'full') this.#filled(extent)
    this.#mark(peer)
  }

  extended(peer: Peer, id: number, payload: Uint8Array): void {
    this.#parts.watch.extended(peer, id, payload)
  }

  other(peer: Peer, id: number, payload: Uint8Array): void {
    this.#parts.watch.other(peer, id, payload)
  }

  // Extents through hashing and writing.

  #filled(extent: Extent): void {
    const open = extent.owner
    if (extent.index === open.hashNext) {
      this.#advance(open)
      return
    }
    const before = open.extents.slice(open.hashNext, extent.index)
    const gapless = before.every((earlier) => earlier.stage === 'full' || earlier.stage === 'hashing')
    if (!gapless) this.#write(extent)
  }

  #advance(open: OpenPiece): void {
    const extent = open.extents[open.hashNext]
    const last = open.hashNext === open.extents.length - 1
    if (extent?.stage === 'full') {
      extent.stage = 'hashing'
      this.#parts.effects.hash(extent, last)
    } else if (extent?.stage === 'written' && extent.unhashed) {
      extent.stage = 'hashing'
      this.#parts.effects.readBack(extent, last)
    }
  }

  #write(extent: Extent): void {
    extent.stage = 'writing'
    this.#parts.effects.write(extent)
  }

  /** The extent was hashed; `digests` come with the last one of a piece. `onDisk`: it was read back. */
  hashed(extent: Extent, digests: Digests | undefined, onDisk: boolean): void {
    const { ledger } = this
    const open = extent.owner
    if (ledger === undefined) return
    if (!ledger.isCurrent(extent)) {
      ledger.settledLate(extent)
      return
    }
    extent.unhashed = false
    open.hashNext++
    if (digests !== undefined) open.good = this.#matches(open.piece, digests)
    if (open.good === false) {
      this.#reject(open, extent)
    } else if (onDisk) {
      this.#stored(extent)
    } else {
      this.#write(extent)
    }
    if (open.good === undefined) this.#advance(open)
  }

  /** The extent's bytes are readable from the storage. */
  written(extent: Extent): void {
    if (this.ledger === undefined) return
    if (!this.ledger.isCurrent(extent)) this.ledger.settledLate(extent)
    else this.#stored(extent)
    this.#wakeHungry()
  }

  #stored(extent: Extent): void {
    const open = extent.owner
    if (this.ledger?.written(extent) === true) this.#verified(open)
    else if (extent.unhashed && extent.index === open.hashNext) this.#advance(open)
  }

  /** A port call failed for good: the piece is fetched again. */
  lost(extent: Extent): void {
    if (this.ledger === undefined) return
    if (this.ledger.isCurrent(extent)) {
      extent.stage = 'written'
      this.ledger.rejected(extent.owner)
      this.#parts.decisions.changed(extent.owner.piece)
    } else {
      this.ledger.settledLate(extent)
    }
    this.#wakeHungry()
  }

  #matches(piece: number, digests: Digests): boolean {
    const verifier = this.metainfo?.verifier
    if (verifier?.kind !== 'sha1' || digests.sha1 === undefined) return false
    const at = piece * 20
    return digests.sha1.every((byte, index) => byte === verifier.hashes[at + index])
  }

  #reject(open: OpenPiece, extent: Extent): void {
    extent.stage = 'written'
    const contributors = this.ledger?.rejected(open) ?? []
    for (const peer of this.peers.values()) this.#lapseIf(peer, (piece) => piece === open.piece, true)
    this.wastedBytes += this.#dataLength(open.piece)
    this.#parts.decisions.changed(open.piece)
    this.#parts.watch.pieceRejected(open.piece, contributors)
    const [only] = contributors
    if (contributors.length === 1 && only !== undefined) {
      this.#parts.effects.drop(only, 'sent corrupt data', this.#hasSource(open.piece, only) ? banMs : shortBanMs)
    }
    this.#wakeHungry()
  }

  #hasSource(piece: number, except: Peer): boolean {
    for (const peer of this.peers.values()) if (peer !== except && peer.haves.has(piece)) return true
    return false
  }

  #verified(open: OpenPiece): void {
    const { piece } = open
    const length = this.#dataLength(piece)
    this.verifiedBytes += length
    this.leftBytes -= length
    this.unannounced.push(piece)
    this.#parts.decisions.changed(piece)
    for (const peer of this.peers.values()) {
      if (!peer.haves.has(piece)) continue
      peer.offered--
      this.#showInterest(peer)
    }
    this.#parts.watch.pieceVerified(piece)
    if (this.isWhole) this.#parts.watch.wantedWhole()
  }

  /** Tells every peer that lacks them of the new pieces; called a few times a second, so that HAVEs leave in batches. */
  tellHaves(): void {
    if (this.unannounced.length === 0) return
    for (const peer of this.peers.values()) {
      for (const piece of this.unannounced) {
        if (!peer.haves.has(piece) && peer.shown === undefined) peer.out.have(piece)
      }
      this.#parts.effects.flush(peer)
    }
    this.unannounced.length = 0
  }

  // Interest, refills and uploads.

  #recountOffer(peer: Peer): void {
    const wanted = this.ledger?.wanted ?? new Bits(0)
    let offered = 0
    for (let piece = wanted.nextSet(0); piece >= 0; piece = wanted.nextSet(piece + 1)) {
      if (peer.haves.has(piece)) offered++
    }
    peer.offered = offered
    this.#showInterest(peer)
  }

  #showInterest(peer: Peer): void {
    const interested = peer.offered > 0
    if (interested === peer.amInterested) return
    peer.setInterested(interested)
    this.#parts.effects.flush(peer)
  }

  #mark(peer: Peer): void {
    this.#dirty.add(peer)
    this.#parts.effects.settleLater()
  }

  /** Marks one peer for a refill at the end of the turn. */
  refill(peer: Peer): void {
    if (this.peers.has(peer.key)) this.#mark(peer)
  }

  refillAll(): void {
    for (const peer of this.peers.values()) this.#mark(peer)
  }

  #wakeHungry(): void {
    for (const peer of this.#hungry) this.#mark(peer)
    this.#hungry.clear()
  }

  /** Ends the turn: each touched peer is refilled and served once. */
  settle(nowMs: number): void {
    for (const peer of this.#dirty) this.#refill(peer, nowMs)
    const endgame = this.ledger?.inEndgame === true
    if (endgame && !this.#wasEndgame) {
      for (const peer of this.#hungry) this.#refill(peer, nowMs)
    }
    this.#wasEndgame = endgame
    for (const peer of this.#dirty) serveNext(peer, this.#parts.allowance, this.#parts.effects, nowMs)
    this.#dirty.clear()
  }

  #refill(peer: Peer, nowMs: number): void {
    const { ledger } = this
    if (ledger === undefined || !this.fetching || !peer.amInterested || nowMs < peer.restUntilMs) return
    if (peer.isChoking && peer.allowed.size === 0) return
    const { size } = peer.window
    if (peer.asked.size > size * 0.75) return
    const room = size - peer.asked.size
    const budget = Math.min(room, Math.ceil(this.#parts.allowance.toAsk(nowMs) / blockBytes))
    if (budget < room) this.#hungry.add(peer)
    if (budget <= 0) return
    const picks = ledger.begin(peer, budget, nowMs)
    const enough = this.#parts.decisions.pick(peer, picks)
    if (!enough && picks.left > 0) ledger.takeEndgame()
    if (ledger.unasked > 0) this.#hungry.add(peer)
    const asked = budget - ledger.unasked
    ledger.end()
    if (asked === 0) return
    this.#parts.allowance.asked(asked * blockBytes, nowMs)
    this.#parts.effects.flush(peer)
  }

  /** Peers that wait for memory, a rate limit or something to ask get another chance. */
  retryHungry(): void {
    this.#wakeHungry()
  }

  /** A read for a peer settled. */
  served(peer: Peer, lengthBytes: number, nowMs: number): void {
    this.uploadedBytes += lengthBytes
    peer.uploadedBytes += lengthBytes
    peer.up.add(lengthBytes, nowMs)
  }

  /** Bytes left for a peer; there is room for more. */
  sent(peer: Peer, lengthBytes: number): void {
    peer.outputBytes -= lengthBytes
    if (peer.inbox.size > 0) this.#mark(peer)
  }

  /** A block was brought by one peer that others were asked for too. */
  cancelled(piece: number, block: number, except: Peer): void {
    const length = this.ledger?.layout.blockLength(piece, block) ?? 0
    for (const peer of this.peers.values()) {
      if (peer === except || !peer.asked.has(piece, block)) continue
      const arriving = peer.placing?.piece === piece && peer.placing.begin === block * blockBytes
      peer.lapse(piece, block, length, !arriving)
      if (arriving) this.#abandon(peer)
      this.#parts.effects.flush(peer)
      this.#mark(peer)
    }
  }

  /** Gives up everything a peer was asked that did not come; it may still arrive. */
  snub(peer: Peer): void {
    peer.snubbed = true
    peer.window.collapse()
    this.#lapseIf(peer, () => true, true)
    this.#parts.effects.flush(peer)
    this.#mark(peer)
    this.#wakeHungry()
  }

  #lapseIf(peer: Peer, test: (piece: number) => boolean, tell: boolean): void {
    const lapsed: [number, number][] = []
    peer.asked.each((piece, block) => {
      if (test(piece)) lapsed.push([piece, block])
    })
    for (const [piece, block] of lapsed) {
      peer.lapse(piece, block, this.ledger?.layout.blockLength(piece, block) ?? 0, tell)
      this.#released(piece, block)
    }
    if (lapsed.length > 0) this.#parts.effects.flush(peer)
    if (lapsed.length > 0 && peer.placing !== undefined && test(peer.placing.piece)) this.#abandon(peer)
  }

  /** The block that is arriving has nowhere to go any more. */
  #abandon(peer: Peer): void {
    peer.abandon()
    this.ledger?.dropPlacing(peer)
  }

  #releaseAll(peer: Peer): void {
    while (peer.asked.shift((piece, block) => this.#released(piece, block))) continue
    if (peer.placing !== undefined) this.#abandon(peer)
  }

  #released(piece: number, block: number): void {
    this.ledger?.release(piece, block)
    this.#parts.allowance.refund(blockBytes, 0)
  }
}
