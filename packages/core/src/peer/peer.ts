import { Bits } from '../bytes/bits.js'
import { blockBytes } from '../bytes/block-bytes.js'
import { ProtocolError } from '../bytes/errors.js'
import type { Endpoint } from '../ports/endpoint.js'
import type { PeerView } from '../ports/views.js'
import type { Wire } from '../wire/wire.js'
import { BlockQueue } from './block-queue.js'
import { BlockWindow, outputShape, requestShape } from './block-window.js'
import { type PeerRequest, RequestInbox } from './request-inbox.js'
import { RateMeter } from './rate-meter.js'
import { TokenBucket } from './token-bucket.js'

/** Unasked or useless payload that is taken before the connection ends. */
const uselessLimitBytes = 1_048_576
/** Blocks that were given up and may still come, remembered for one peer. */
const lapsedLimit = 1_000
/** A set of haves kept raw until the content is known. */
const rawBitfieldLimit = 32_768

/** What one side of a finished handshake says. */
export interface Hello {
  /** 20 bytes. */
  readonly peerId: Uint8Array
  readonly supportsFast: boolean
  readonly supportsExtensions: boolean
  readonly outgoing: boolean
}

/** The torrent behind a peer: told after the peer's own state has changed. */
export interface PeerEvents {
  peerChanged(peer: Peer, what: 'choke' | 'unchoke' | 'interest' | 'haves' | 'allowed'): void
  peerHas(peer: Peer, piece: number): void
  peerAsks(peer: Peer): void
  /** May this be asked of us: we have the piece and show it to this peer? */
  mayServe(peer: Peer, piece: number): boolean
  /** May a peer that we choke have a piece that was granted to it for a start? */
  maySpare(peer: Peer): boolean
  pieceLength(piece: number): number
  peerRejects(peer: Peer, piece: number, block: number): void
  /** Where an arriving block goes; `undefined` = nowhere, and `unplaced` follows. */
  place(peer: Peer, piece: number, begin: number, length: number): Uint8Array | undefined
  /** A block that was asked once is of no use. `wasAsked`: it still was among what the peer owed, and is no more. */
  unplaced(peer: Peer, piece: number, block: number, lengthBytes: number, wasAsked: boolean): void
  /** A block is there, at its place. `wasAsked` as above. */
  received(peer: Peer, piece: number, begin: number, length: number, wasAsked: boolean): void
  /** Payload that was never asked for. */
  wasted(peer: Peer, lengthBytes: number): void
  extended(peer: Peer, id: number, payload: Uint8Array): void
  other(peer: Peer, id: number, payload: Uint8Array): void
}

/**
 * The protocol state of one connection (BEP 3, BEP 6). It takes what the remote says as a `Wire`, answers through `out`,
 * tells its torrent, and does no I/O. Facts about the peer are plain fields that only this room and `torrent/` write.
 *
 * Invariant: `asked` holds exactly the blocks this peer owes us; a block in `lapsed` was asked once and given up.
 */
export class Peer implements Wire, PeerView {
  client: string | undefined
  listensAt: Endpoint | undefined
  uploadOnly = false
  isChoking = true
  isInterested = false
  amChoking = true
  amInterested = false
  snubbed = false
  downRate = 0
  upRate = 0
  downloadedBytes = 0
  uploadedBytes = 0
  /** A piece that it has and we want, -1 = none; see `Interest`. */
  watched = -1
  unchokedAtMs: number | undefined
  lastHeardMs: number
  lastBlockMs: number
  /** When the last whole block came; `-Infinity` = none. */
  broughtAtMs = -Infinity
  /** Stops a block that is arriving right now from being placed: its target is gone. Set by the connection's owner. */
  abandonBlock: () => void = () => {}
  haves = new Bits(0)
  /** What it may see of our pieces; `undefined` = all. */
  shown: Bits | undefined
  /** How much it and we deserve each other; see `Places`. */
  rank: number | undefined
  /** How far in the torrent's list of new pieces it has been told. */
  toldUpTo = 0
  /** It counts as one seed in the availability, not by single pieces. */
  countsAsSeed = false
  /** Its connection belongs to a torrent, and has not ended. */
  isHere = false
  /** It is among those that this turn touched. */
  isTouched = false
  /** Bytes that are being read or sent for it. */
  outputBytes = 0
  /** Since when it has taken nothing of them. */
  tookAtMs = 0
  /** Not asked for anything before this time: it refused a request while it did not choke us. */
  restUntilMs = 0
  lastSentMs: number
  readonly down = new RateMeter()
  readonly up = new RateMeter()
  readonly asked = new BlockQueue()
  /** Blocks to keep asked of it. */
  readonly window = new BlockWindow(requestShape)
  /** Blocks to read and send ahead for it. */
  readonly output = new BlockWindow(outputShape)
  readonly inbox = new RequestInbox()
  /** Pieces it lets us ask for while it chokes us (BEP 6). */
  readonly allowed = new Set<number>()
  /** Pieces we let it ask for while we choke it. */
  readonly granted = new Set<number>()
  /** Bytes that it ever was asked for. */
  requestedBytes = 0
  /** It had a part in a bad piece, and has brought no good one alone since: its blocks go into no piece of others. */
  isSuspect = false
  /** It was told what we have, or that we have nothing yet. */
  wasGreeted = false
  /** Where a block that is arriving goes; written by the ledger's arrivals. One for all: no object per block. */
  readonly place: Place = { piece: 0, begin: 0, scratch: undefined, owner: undefined }
  blockOffset = 0
  readonly #lapsed = new Set<number>()
  /** Blocks of it that a plugin rejected. */
  readonly #barred = new Set<number>()
  #early: EarlyHaves | undefined = { kind: 'none', pieces: [] }
  #heardHaves = false
  #uselessBytes = 0
  #invalidRequests = 0
  #sendBucket: TokenBucket | undefined

  constructor(
    readonly key: number,
    readonly out: Wire,
    readonly hello: Hello,
    readonly endpoint: Endpoint,
    readonly events: PeerEvents,
    readonly connectedAtMs: number,
  ) {
    this.listensAt = hello.outgoing ? endpoint : undefined
    this.lastHeardMs = connectedAtMs
    this.lastBlockMs = connectedAtMs
    this.lastSentMs = connectedAtMs
  }

  get outgoing(): boolean {
    return this.hello.outgoing
  }

  get peerId(): Uint8Array {
    return this.hello.peerId
  }

  get supportsFast(): boolean {
    return this.hello.supportsFast
  }

  get supportsExtensions(): boolean {
    return this.hello.supportsExtensions
  }

  get isSeed(): boolean {
    return this.haves.length > 0 && this.haves.count === this.haves.length
  }

  /** The content became known: what was said of pieces so far is taken in. @throws ProtocolError when it does not fit. */
  setPieceCount(pieceCount: number): void {
    const early = this.#early
    this.#early = undefined
    this.haves = new Bits(pieceCount)
    if (early === undefined) return
    if (early.kind === 'all') this.haves = Bits.full(pieceCount)
    if (early.kind === 'bits') this.haves = readBitfield(early.bits, pieceCount)
    for (const piece of early.pieces) this.haves.add(this.#checkPiece(piece))
    this.events.peerChanged(this, 'haves')
  }

  // What the remote says.

  choke(on: boolean): void {
    if (this.isChoking === on) return
    this.isChoking = on
    this.events.peerChanged(this, on ? 'choke' : 'unchoke')
  }

  interested(on: boolean): void {
    if (this.isInterested === on) return
    this.isInterested = on
    this.events.peerChanged(this, 'interest')
  }

  have(piece: number): void {
    if (this.#early !== undefined) {
      if (this.#early.pieces.length < rawBitfieldLimit) this.#early.pieces.push(piece)
      return
    }
    if (this.haves.add(this.#checkPiece(piece))) this.events.peerHas(this, piece)
  }

  bitfield(bits: Uint8Array): void {
    if (this.#early !== undefined) {
      if (bits.length > rawBitfieldLimit) throw new ProtocolError('a bitfield came before it could be checked')
      this.#early = { kind: 'bits', bits: bits.slice(), pieces: this.#early.pieces }
      return
    }
    this.#takeHaves(readBitfield(bits, this.haves.length))
  }

  haveAll(): void {
    this.#needFast('have all')
    if (this.#early !== undefined) {
      this.#early = { kind: 'all', pieces: [] }
      return
    }
    this.#takeHaves(Bits.full(this.haves.length))
  }

  haveNone(): void {
    this.#needFast('have none')
    if (this.#early === undefined) this.#takeHaves(new Bits(this.haves.length))
  }

  request(piece: number, begin: number, length: number): void {
    if (length < 1 || length > 131_072) throw new ProtocolError(`a request of ${length} bytes`, 'PROTOCOL_LIMIT')
    const fits =
      this.#early === undefined && piece < this.haves.length && begin + length <= this.events.pieceLength(piece)
    if (!fits || !this.events.mayServe(this, piece)) {
      this.#refuse(piece, begin, length, true)
      return
    }
    const mayAsk = !this.amChoking || (this.granted.has(piece) && this.events.maySpare(this))
    if (!mayAsk || !this.inbox.add(piece, begin, length)) {
      this.#refuse(piece, begin, length, false)
      return
    }
    this.events.peerAsks(this)
  }

  cancel(piece: number, begin: number, length: number): void {
    if (this.inbox.remove(piece, begin, length) && this.hello.supportsFast) this.out.reject(piece, begin, length)
  }

  reject(piece: number, begin: number, _length: number): void {
    this.#needFast('reject')
    const block = Math.floor(begin / blockBytes)
    if (!this.asked.remove(piece, block)) {
      this.#lapsed.delete(blockKey(piece, block))
      return
    }
    // It does not help us to start any more, or it would be asked again and again.
    if (this.isChoking) this.allowed.delete(piece)
    // It may answer a request that was cancelled before the block was asked again: then the block comes all the same.
    this.#remember(piece, block)
    this.events.peerRejects(this, piece, block)
  }

  suggest(_piece: number): void {
    this.#needFast('suggest')
  }

  allowFast(piece: number): void {
    this.#needFast('allowed fast')
    if (this.#early === undefined && piece >= this.haves.length) return
    if (this.allowed.size >= 256) return
    this.allowed.add(piece)
    this.events.peerChanged(this, 'allowed')
  }

  extended(id: number, payload: Uint8Array): void {
    if (!this.hello.supportsExtensions) throw new ProtocolError('an extended message without BEP 10 in the handshake')
    this.events.extended(this, id, payload)
  }

  other(id: number, payload: Uint8Array): void {
    this.events.other(this, id, payload)
  }

  blockStart(piece: number, begin: number, length: number): Uint8Array | undefined {
    const block = Math.floor(begin / blockBytes)
    if (this.asked.has(piece, block) || this.#lapsed.has(blockKey(piece, block))) {
      const target = this.events.place(this, piece, begin, length)
      if (target === undefined) this.events.unplaced(this, piece, block, length, this.#settled(piece, block))
      return target
    }
    this.events.wasted(this, length)
    this.#uselessBytes += length
    if (this.#uselessBytes > uselessLimitBytes)
      throw new ProtocolError('too much that was never asked for', 'PROTOCOL_LIMIT')
    return undefined
  }

  blockEnd(piece: number, begin: number, length: number): void {
    const wasAsked = this.#settled(piece, Math.floor(begin / blockBytes))
    this.events.received(this, piece, begin, length, wasAsked)
  }

  /** A block that was asked once came; true if it still was owed. */
  #settled(piece: number, block: number): boolean {
    const wasAsked = this.asked.remove(piece, block)
    if (!wasAsked) this.#lapsed.delete(blockKey(piece, block))
    return wasAsked
  }

  /** A block that was given up may still come, and is no fault then. The oldest such memory makes room. */
  #remember(piece: number, block: number): void {
    const [oldest] = this.#lapsed
    if (this.#lapsed.size >= lapsedLimit && oldest !== undefined) this.#lapsed.delete(oldest)
    this.#lapsed.add(blockKey(piece, block))
  }

  // What our side decides.

  setInterested(on: boolean): void {
    if (this.amInterested === on) return
    this.amInterested = on
    this.out.interested(on)
  }

  /** Chokes or unchokes; choking rejects what is queued (BEP 6), except pieces granted for fast. */
  setChoking(on: boolean, nowMs: number): void {
    if (this.amChoking === on) return
    this.amChoking = on
    this.unchokedAtMs = on ? undefined : nowMs
    this.#sendBucket = undefined
    this.out.choke(on)
    if (on)
      this.inbox.dropIf(
        (piece) => !this.granted.has(piece),
        (dropped) => this.#rejectFast(dropped),
      )
  }

  /** A piece was lost: what is queued of it is rejected. */
  dropPiece(piece: number): void {
    this.inbox.dropIf(
      (queued) => queued === piece,
      (dropped) => this.#rejectFast(dropped),
    )
  }

  ask(piece: number, block: number, length: number, nowMs: number): void {
    if (this.asked.size === 0) this.lastBlockMs = nowMs
    this.asked.push(piece, block, nowMs)
    this.requestedBytes += length
    this.#lapsed.delete(blockKey(piece, block))
    this.out.request(piece, block * blockBytes, length)
  }

  /** Gives one asked block up; the block may still arrive. `tell` sends a cancel. */
  lapse(piece: number, block: number, length: number, tell: boolean): void {
    if (!this.asked.remove(piece, block)) return
    this.#remember(piece, block)
    if (tell) this.out.cancel(piece, block * blockBytes, length)
  }

  /** The block whose payload is arriving. */
  get placing(): Readonly<Place> | undefined {
    return this.place.owner === undefined ? undefined : this.place
  }

  /** The block that is arriving has nowhere to go any more: its rest is skipped. */
  abandon(): void {
    const { placing } = this
    if (placing === undefined) return
    this.abandonBlock()
    this.#settled(placing.piece, Math.floor(placing.begin / blockBytes))
  }

  /** A block came whole. */
  blockCame(lengthBytes: number, nowMs: number): void {
    this.lastBlockMs = nowMs
    this.broughtAtMs = nowMs
    this.snubbed = false
    this.downloadedBytes += lengthBytes
    this.down.add(lengthBytes, nowMs)
    this.window.passed(1)
  }

  /** A plugin rejected this block of it: it is never asked for it again. */
  bar(piece: number, block: number): void {
    this.#barred.add(blockKey(piece, block))
  }

  isBarred(piece: number, block: number): boolean {
    return this.#barred.size > 0 && this.#barred.has(blockKey(piece, block))
  }

  /** It cannot bring a piece of so many blocks whole: a plugin rejected one of them. */
  isBarredFrom(piece: number, blocks: number): boolean {
    if (this.#barred.size === 0) return false
    for (let block = 0; block < blocks; block++) if (this.isBarred(piece, block)) return true
    return false
  }

  /** The choker gave it a rate of its own. */
  get isPaced(): boolean {
    return this.#sendBucket !== undefined
  }

  /** Bytes that may be sent to it now, as far as the choker gave it a rate of its own. */
  uploadAllowance(nowMs: number): number {
    return this.#sendBucket?.available(nowMs) ?? Infinity
  }

  uploadCharged(lengthBytes: number, nowMs: number): void {
    this.#sendBucket?.take(lengthBytes, nowMs)
  }

  /** The rate that the choker gave it; `undefined` = a fair share. */
  setUploadRate(bytesPerSecond: number | undefined, nowMs: number): void {
    if (bytesPerSecond === undefined) this.#sendBucket = undefined
    else if (this.#sendBucket === undefined) this.#sendBucket = new TokenBucket(bytesPerSecond, nowMs)
    else this.#sendBucket.setRate(bytesPerSecond, nowMs)
  }

  #refuse(piece: number, begin: number, length: number, invalid: boolean): void {
    if (invalid && ++this.#invalidRequests >= 300) throw new ProtocolError('300 invalid requests', 'PROTOCOL_LIMIT')
    if (this.hello.supportsFast) this.out.reject(piece, begin, length)
  }

  #rejectFast(request: PeerRequest): void {
    if (this.hello.supportsFast) this.out.reject(request.piece, request.begin, request.lengthBytes)
  }

  /**
   * The first set of haves is taken whole. Later ones break BEP 3, but aria2 sends one when it has many new pieces to
   * tell: they count as one HAVE for each new piece, and may not take any back.
   */
  #takeHaves(next: Bits): void {
    const before = this.haves
    if (!this.#heardHaves && before.count === 0) {
      this.#heardHaves = true
      this.haves = next
      this.events.peerChanged(this, 'haves')
      return
    }
    for (let piece = before.nextSet(0); piece >= 0; piece = before.nextSet(piece + 1)) {
      if (!next.has(piece)) throw new ProtocolError(`piece ${piece} was taken back by a second bitfield`)
    }
    for (let piece = next.nextSet(0); piece >= 0; piece = next.nextSet(piece + 1)) this.have(piece)
  }

  #needFast(name: string): void {
    if (!this.hello.supportsFast) throw new ProtocolError(`${name} without the fast extension`)
  }

  #checkPiece(piece: number): number {
    if (piece >= this.haves.length) throw new ProtocolError(`piece ${piece} of ${this.haves.length}`)
    return piece
  }
}

export interface Place {
  piece: number
  begin: number
  /** Where its payload goes, unless that is the extent itself. */
  scratch: Uint8Array | undefined
  /** The open piece it belongs to, which may have been given up and begun anew meanwhile; `undefined`: nothing arrives. */
  owner: object | undefined
}

interface EarlyHaves {
  readonly kind: 'none' | 'all' | 'bits'
  readonly bits?: Uint8Array
  readonly pieces: number[]
}

function blockKey(piece: number, block: number): number {
  return piece * 65_536 + block
}

function readBitfield(bits: Uint8Array | undefined, pieceCount: number): Bits {
  const expected = (pieceCount + 7) >> 3
  if (bits?.length !== expected) {
    throw new ProtocolError(`a bitfield of ${bits?.length ?? 0} bytes instead of ${expected}`)
  }
  return Bits.from(bits, pieceCount)
}
