import { latin1 } from '../bytes/text.js'
import { LazyMap } from '../bytes/lazy-collections.js'
import type { Hello, Peer } from '../peer/peer.js'
import type { Run } from '../peer/request-inbox.js'
import { type Endpoint, formatEndpoint, parseIp } from '../ports/endpoint.js'
import type { TorrentView } from '../ports/views.js'
import { allowedFastCount, allowedFastSet } from '../torrent/fast-set.js'
import type { ConnectionEnd } from '../torrent/known-addresses.js'
import type { Effects, Watch } from '../torrent/effects.js'
import type { Extent, OpenPiece } from '../torrent/open-piece.js'
import { Torrent } from '../torrent/torrent.js'
import { MessageDecoder } from '../wire/decoder.js'
import { clientName } from '../wire/peer-id.js'
import { sharedAllowance } from './allowance.js'
import type { TorrentContext } from './context.js'
import type { DataPath } from './data-path.js'
import { isReady, type TorrentDecisions } from './decisions.js'
import { Entrance } from './entrance.js'
import { ExtensionTable } from './extension-table.js'
import type { Shaken } from './handshakes.js'
import { type LinkOwner, PeerLink } from './peer-link.js'
import { Rounds } from './rounds.js'
import type { OwnLimits } from './torrent-limits.js'
import type { TorrentTracer } from './torrent-tracer.js'
import { hasReservedBit, reservedBits } from '../wire/handshake.js'

export interface SwarmParts {
  readonly context: TorrentContext
  readonly decisions: TorrentDecisions
  readonly trace: TorrentTracer
  readonly view: () => TorrentView
  /** 20 bytes: what the handshakes of this torrent carry. */
  readonly infoHash: Uint8Array
  /** Its own, beside those of the session. */
  readonly limits: OwnLimits
  wantedWhole(): void
  /** Its data may still be lost in a power cut. */
  pieceVerified(piece: number): void
}

/**
 * The connected peers and known addresses of one torrent: carries out what the torrent decides about them, and feeds
 * what they do back. The data path is there only while the content is.
 */
export class Swarm implements Effects, LinkOwner {
  readonly torrent: Torrent
  readonly entrance: Entrance
  readonly rounds: Rounds
  dataPath: DataPath | undefined
  readonly #parts: SwarmParts
  readonly #context: TorrentContext
  readonly #links = new LazyMap<Peer, PeerLink>()
  readonly #owners = new LazyMap<PeerLink, Peer>()
  /** By peer id, one character a byte. */
  readonly #byId = new LazyMap<string, Peer>()
  #table: ExtensionTable | undefined

  constructor(parts: SwarmParts) {
    const { context } = parts
    this.#parts = parts
    this.#context = context
    const allowance = sharedAllowance([context.down, parts.limits.down], [context.up, parts.limits.up])
    this.torrent = new Torrent({
      decisions: parts.decisions,
      effects: this,
      watch: this.#watch(),
      allowance,
      nextPeerKey: () => context.nextId(),
    })
    const { torrent } = this
    const { trace, limits, view, decisions } = parts
    const drop = (peer: Peer, reason: string): void => this.drop(peer, reason)
    this.entrance = new Entrance({ context, trace, limits, torrent, view, drop })
    this.rounds = new Rounds({
      context,
      limits,
      torrent,
      view,
      decisions,
      effects: this,
      entrance: this.entrance,
    })
  }

  /** Made for the first peer. */
  get #extensions(): ExtensionTable {
    this.#table ??= this.#makeTable()
    return this.#table
  }

  #makeTable(): ExtensionTable {
    const parts = this.#parts
    const { context } = parts
    return new ExtensionTable({
      hooks: context.hooks,
      services: context.services,
      view: () => parts.view(),
      clientName: context.clientName,
      port: () => context.addresses()[0]?.port ?? 0,
      // A plugin may send from a timer of its own, outside of any turn.
      flush: (peer) => context.turns.run(() => this.flush(peer)),
      isFull: (peer) => this.#links.get(peer)?.isFull ?? true,
      listens: (peer, port) => this.#listens(peer, port),
      refused: (peer, candidate, refusal) => {
        parts.trace.refused(candidate, refusal, context.hooks.lastPlugin)
        this.drop(peer, refusal.refuse, refusal.banMs)
      },
      log: context.log,
    })
  }

  #watch(): Watch {
    const context = this.#context
    const { turns, hooks } = context
    const later = (tell: (view: TorrentView) => void): void => turns.watch(() => tell(this.#parts.view()))
    return {
      peerHas: (peer, piece) => {
        if (hooks.peerHasTapped) later((view) => hooks.peerHas(peer, piece, view))
      },
      pieceVerified: (piece) => {
        this.#parts.pieceVerified(piece)
        this.#parts.trace.pieceVerified(piece)
        context.wake()
        later((view) => isReady(view) && hooks.pieceVerified(piece, view))
      },
      pieceRejected: (piece, contributors) => {
        this.#parts.trace.pieceRejected(piece, contributors)
        later((view) => isReady(view) && hooks.pieceRejected(piece, contributors, view))
      },
      wantedWhole: () => this.#parts.wantedWhole(),
      chokeSoon: () => this.rounds.chokeSoon(),
      extended: (peer, id, payload) => this.#extensions.receive(peer, id, payload),
      other: (peer, id, payload) => this.#extensions.other(peer, id, payload),
    }
  }

  // Peers come and go.

  /** A handshake finished: the peer joins, or the answer says why not. */
  join(shaken: Shaken, endpoint: Endpoint, source: string, outgoing: boolean): string | undefined {
    const { theirs, connection, rest, answer } = shaken
    const { turns, memory } = this.#context
    const candidate = { stage: 'handshake', endpoint, source, peerId: theirs.peerId } as const
    const refusal = this.entrance.refuse(candidate, outgoing, this.#byId.get(latin1(theirs.peerId)))
    if (refusal !== undefined) {
      connection.close()
      return refusal
    }
    if (answer !== undefined) connection.write(answer, () => {})
    const link = new PeerLink(connection, turns, memory, this)
    const hello: Hello = {
      peerId: theirs.peerId.slice(),
      supportsFast: hasReservedBit(theirs.reserved, reservedBits.fast),
      supportsExtensions: hasReservedBit(theirs.reserved, reservedBits.extensions),
      outgoing,
    }
    const peer = this.torrent.peerJoined(link.encoder, hello, endpoint, turns.nowMs)
    peer.client = clientName(hello.peerId)
    this.#links.set(peer, link)
    this.#owners.set(link, peer)
    this.#byId.set(latin1(hello.peerId), peer)
    this.#context.crowd.joined(this.entrance)
    this.entrance.addresses.connected(endpoint, this.#context.turns.nowMs)
    const { claimedIds } = this.#extensions
    const decoder = new MessageDecoder(peer, { claimedIds, pieceCount: this.torrent.metainfo?.layout.pieceCount })
    this.#decoders.set(peer, decoder)
    this.#extensions.greet(peer)
    this.#grantFast(peer)
    link.flush()
    this.#parts.trace.joined(peer)
    turns.watch(() => this.#context.hooks.peerConnected(peer, this.#parts.view()))
    link.bind(peer, decoder, rest)
    this.#context.wake()
    return undefined
  }

  readonly #decoders = new LazyMap<Peer, MessageDecoder>()

  #grantFast(peer: Peer): void {
    const pieceCount = this.torrent.metainfo?.layout.pieceCount ?? 0
    const ip = peer.endpoint.kind === 'ip' ? parseIp(peer.endpoint.host) : undefined
    if (!peer.supportsFast || pieceCount === 0 || ip?.length !== 4 || this.torrent.ledger?.have.count === 0) return
    const sha1 = (bytes: Uint8Array): Uint8Array => this.#context.hasher.digest('sha1', bytes)
    for (const piece of allowedFastSet(this.#parts.infoHash, ip, pieceCount, allowedFastCount, sha1)) {
      if (!this.torrent.mayServe(peer, piece)) continue
      peer.granted.add(piece)
      peer.out.allowFast(piece)
    }
  }

  /** By the address that was dialled, or that it says it listens at. */
  isConnected(endpoint: Endpoint): boolean {
    const address = formatEndpoint(endpoint)
    const isThere = (at: Endpoint | undefined): boolean => at !== undefined && formatEndpoint(at) === address
    return [...this.torrent.peers.values()].some((peer) => isThere(peer.endpoint) || isThere(peer.listensAt))
  }

  linkEnded(link: PeerLink, reason: string): void {
    const peer = this.#owners.get(link)
    if (peer !== undefined) this.#left(peer, reason, this.#howEnded(peer))
  }

  /** Both have all: whichever side ends the connection, it will do again when one of them lacks something. */
  #howEnded(peer: Peer): ConnectionEnd {
    return this.torrent.isWhole && (peer.isSeed || peer.uploadOnly) ? 'let-go' : 'lost'
  }

  #left(peer: Peer, reason: string, end: ConnectionEnd): void {
    const link = this.#links.get(peer)
    if (link === undefined) return
    this.#links.delete(peer)
    this.#owners.delete(link)
    this.#context.crowd.left(this.entrance)
    const id = latin1(peer.peerId)
    if (this.#byId.get(id) === peer) this.#byId.delete(id)
    this.#decoders.delete(peer)
    link.close()
    this.torrent.peerLeft(peer)
    this.#extensions.close(peer)
    for (const endpoint of new Set([peer.endpoint, peer.listensAt])) {
      if (endpoint === undefined) continue
      this.entrance.addresses.markSeed(endpoint, peer.isSeed || peer.uploadOnly)
      this.entrance.addresses.disconnected(endpoint, this.#context.turns.nowMs, end)
    }
    this.#parts.trace.left(peer, reason)
    this.#context.turns.watch(() => this.#context.hooks.peerDisconnected(peer, reason, this.#parts.view()))
    this.#context.dialSoon()
  }

  /** Ends every connection. */
  dropAll(reason: string): void {
    for (const peer of this.#links.keys()) this.#left(peer, reason, 'let-go')
  }

  #listens(peer: Peer, port: number): void {
    // Once: a peer that names port after port would fill the address book.
    if (peer.outgoing || peer.listensAt !== undefined || peer.endpoint.kind !== 'ip') return
    const endpoint: Endpoint = { kind: 'ip', host: peer.endpoint.host, port }
    this.entrance.found([endpoint], 'incoming')
    peer.listensAt = endpoint
    this.entrance.addresses.connected(endpoint, this.#context.turns.nowMs)
  }

  // The content came.

  /** Tells the decoders how long a bitfield is; called right before the torrent gets its content. */
  contentKnown(pieceCount: number): void {
    for (const decoder of this.#decoders.values()) decoder.setPieceCount(pieceCount)
  }

  /** The metadata came while peers are connected: they are told, and a private torrent forgets whom it may not know. */
  metadataKnown(): void {
    if (this.#parts.view().private) this.entrance.forgetStrangers()
    if (!this.extensionsChanged()) this.greetAgain()
  }

  /** Extensions may have come or gone, or the torrent turned out to be private: if so, peers are told, and nobody is dropped. */
  extensionsChanged(): boolean {
    if (this.#table?.refresh(this.torrent.peers.values()) !== true) return false
    for (const decoder of this.#decoders.values()) decoder.setClaimedIds(this.#extensions.claimedIds)
    return true
  }

  /** What our extension handshake says changed: what we want (BEP 21), or the metadata. */
  greetAgain(): void {
    for (const peer of this.torrent.peers.values()) this.#extensions.greet(peer)
  }

  // Effects.

  flush(peer: Peer): void {
    this.#links.get(peer)?.flush()
  }

  hash(extent: Extent, last: boolean): void {
    this.#context.turns.effect(() => this.dataPath?.hash(extent, last))
  }

  readBack(extent: Extent, last: boolean): void {
    this.#context.turns.effect(() => this.dataPath?.readBack(extent, last))
  }

  fingerprint(open: OpenPiece): void {
    this.dataPath?.fingerprint(open)
  }

  write(extent: Extent): void {
    this.#context.turns.effect(() => this.dataPath?.write(extent))
  }

  serve(peer: Peer, run: Run): void {
    this.#context.turns.effect(() => {
      const link = this.#links.get(peer)
      if (link !== undefined) this.dataPath?.serve(peer, link, run)
    })
  }

  keepAlive(peer: Peer): void {
    const link = this.#links.get(peer)
    link?.encoder.keepAlive()
    link?.flush()
  }

  drop(peer: Peer, reason: string, banMs?: number): void {
    this.entrance.ban(peer.endpoint, banMs, reason)
    this.#context.turns.effect(() => this.#left(peer, reason, this.#howEnded(peer)))
  }

  settleLater(): void {
    this.#context.turns.settleLater(this.torrent.requests)
  }
}
