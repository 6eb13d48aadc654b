import { equalBytes, latin1 } from '../bytes/text.js'
import type { PeerCandidate } from '../hooks/hooks.js'
import type { Hello, Peer } from '../peer/peer.js'
import type { Run } from '../peer/request-inbox.js'
import type { Endpoint } from '../ports/endpoint.js'
import type { TorrentView } from '../ports/views.js'
import { allowedFastCount, allowedFastSet } from '../torrent/fast-set.js'
import { canonicalHost, formatEndpoint, parseIp } from '../ports/endpoint.js'
import { chokeRound } from '../torrent/choke-round.js'
import type { Effects, Watch } from '../torrent/effects.js'
import { keepHouse } from '../torrent/housekeeping.js'
import { KnownAddresses } from '../torrent/known-addresses.js'
import type { Extent, OpenPiece } from '../torrent/open-piece.js'
import { compareBytes, Places } from '../torrent/places.js'
import { Torrent } from '../torrent/torrent.js'
import { MessageDecoder } from '../wire/decoder.js'
import { clientName } from '../wire/peer-id.js'
import { sharedAllowance } from './allowance.js'
import type { EngineContext } from './context.js'
import type { DataPath } from './data-path.js'
import { isReady, type TorrentDecisions } from './decisions.js'
import { ExtensionTable } from './extension-table.js'
import type { Shaken } from './handshakes.js'
import { type LinkOwner, PeerLink } from './peer-link.js'
import type { OwnLimits } from './torrent-limits.js'
import { bannedHost, type TorrentTracer } from './torrent-tracer.js'
import { hasReservedBit, reservedBits } from '../wire/handshake.js'

const chokeEveryMs = 10_000
const chokeApartMs = 1_000
const houseEveryMs = 1_000
const havesEveryMs = 200
const limitedEveryMs = 100

/** Where peers of a private torrent may come from; whoever dials us had to learn of us there too. */
const privateSources: ReadonlySet<string> = new Set(['tracker', 'user', 'incoming'])

export interface SwarmParts {
  readonly context: EngineContext
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
  readonly addresses: KnownAddresses
  dataPath: DataPath | undefined
  readonly #parts: SwarmParts
  readonly #context: EngineContext
  readonly #links = new Map<Peer, PeerLink>()
  readonly #owners = new Map<PeerLink, Peer>()
  /** By peer id, one character a byte. */
  readonly #byId = new Map<string, Peer>()
  readonly #extensions: ExtensionTable
  readonly #places: Places
  /** Somebody was turned away for want of a place, and none came free since. */
  #turnedAway = false
  #nextChokeMs = 0
  #lastChokeMs = -Infinity
  #nextHouseMs = 0
  #nextHavesMs = 0
  /** Some peer has a rate of its own. */
  #isPaced = false

  constructor(parts: SwarmParts) {
    const { context } = parts
    this.#parts = parts
    this.#context = context
    const isBanned = (host: string, nowMs: number): boolean => context.bans.isBanned(host, nowMs)
    this.addresses = new KnownAddresses(
      context.limits().knownAddressesPerTorrent,
      (endpoint) => this.#isOwn(endpoint),
      isBanned,
    )
    const allowance = sharedAllowance([context.down, parts.limits.down], [context.up, parts.limits.up])
    this.torrent = new Torrent({
      decisions: parts.decisions,
      effects: this,
      watch: this.#watch(),
      allowance,
      nextPeerKey: () => context.nextId(),
    })
    this.#places = new Places(context.peerId, (bytes) => context.hasher.digest('sha1', bytes))
    this.#extensions = new ExtensionTable({
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
      chokeSoon: () => this.chokeSoon(),
      extended: (peer, id, payload) => this.#extensions.receive(peer, id, payload),
      other: (peer, id, payload) => this.#extensions.other(peer, id, payload),
    }
  }

  get maxPeers(): number {
    const { context, limits } = this.#parts
    return Math.min(limits.now.maxPeers ?? Infinity, context.limits().maxPeersPerTorrent)
  }

  // Peers come and go.

  /** A handshake finished: the peer joins, or the answer says why not. */
  join(shaken: Shaken, endpoint: Endpoint, source: string, outgoing: boolean): string | undefined {
    const { theirs, connection, rest } = shaken
    const { turns, memory } = this.#context
    const candidate = { stage: 'handshake', endpoint, source, peerId: theirs.peerId } as const
    const refusal = this.#refuse(candidate, outgoing)
    if (refusal !== undefined) {
      connection.close()
      return refusal
    }
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
    this.addresses.connected(endpoint, this.#context.turns.nowMs)
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

  readonly #decoders = new Map<Peer, MessageDecoder>()

  #refuse(candidate: PeerCandidate & { readonly peerId: Uint8Array }, outgoing: boolean): string | undefined {
    const { hooks } = this.#context
    const ofCore = this.#refuseByRule(candidate)
    const ofTaps = ofCore === undefined ? hooks.acceptPeer(candidate, this.#parts.view()) : undefined
    const plugin = ofTaps === undefined ? undefined : hooks.lastPlugin
    const reason = ofCore ?? ofTaps?.refuse ?? this.#findPlace(candidate.peerId, outgoing)
    if (reason === undefined) return undefined
    this.#parts.trace.refused(candidate, ofTaps ?? { refuse: reason }, plugin)
    this.#ban(candidate.endpoint, ofTaps?.banMs, reason)
    return reason
  }

  #refuseByRule({ peerId, endpoint }: { peerId: Uint8Array; endpoint: Endpoint }): string | undefined {
    const { bans, turns, peerId: own } = this.#context
    // It may have been banned since its connection was made.
    if (endpoint.kind === 'ip' && bans.isBanned(endpoint.host, turns.nowMs)) return bannedHost.refuse
    if (!equalBytes(peerId, own)) return undefined
    this.addresses.disconnected(endpoint, turns.nowMs, false)
    return 'is ourselves'
  }

  /** Sees to it that the peer has a place, or answers why it gets none. */
  #findPlace(peerId: Uint8Array, outgoing: boolean): string | undefined {
    const { peers } = this.torrent
    const twin = this.#byId.get(latin1(peerId))
    if (twin !== undefined) {
      // Both sides may have dialled: the connection that the smaller peer id dialled stays.
      const weAreSmaller = compareBytes(this.#context.peerId, peerId) < 0
      const keepNew = twin.outgoing !== outgoing && outgoing === weAreSmaller
      if (keepNew) this.drop(twin, 'connected twice')
      return keepNew ? undefined : 'is connected already'
    }
    if (peers.size < this.maxPeers) return undefined
    const other = peers.size > this.maxPeers ? undefined : this.#places.givesWay(peers.values(), peerId)
    this.#turnedAway = other === undefined
    if (other === undefined) return 'has no place: too many peers'
    this.drop(other, 'made room for another peer')
    return undefined
  }

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

  linkEnded(link: PeerLink, reason: string): void {
    const peer = this.#owners.get(link)
    if (peer !== undefined) this.#left(peer, reason)
  }

  #left(peer: Peer, reason: string): void {
    const link = this.#links.get(peer)
    if (link === undefined) return
    this.#links.delete(peer)
    this.#owners.delete(link)
    const id = latin1(peer.peerId)
    if (this.#byId.get(id) === peer) this.#byId.delete(id)
    this.#decoders.delete(peer)
    link.close()
    this.torrent.peerLeft(peer)
    this.#extensions.close(peer)
    for (const endpoint of new Set([peer.endpoint, peer.listensAt])) {
      if (endpoint === undefined) continue
      this.addresses.markSeed(endpoint, peer.isSeed || peer.uploadOnly)
      this.addresses.disconnected(endpoint, this.#context.turns.nowMs, true)
    }
    this.#parts.trace.left(peer, reason)
    this.#context.turns.watch(() => this.#context.hooks.peerDisconnected(peer, reason, this.#parts.view()))
    this.#context.dialSoon()
  }

  /** Ends every connection. */
  dropAll(reason: string): void {
    for (const peer of this.#links.keys()) this.#left(peer, reason)
  }

  #ban(endpoint: Endpoint, banMs: number | undefined, reason: string): void {
    if (banMs === undefined || endpoint.kind !== 'ip') return
    this.banHost(endpoint.host, banMs, reason)
  }

  /** Nobody at this host is a peer of any torrent for a while; those who are leave. */
  banHost(host: string, forMs: number, reason: string): void {
    this.#parts.trace.banned(host, forMs, reason)
    this.#context.ban(host, forMs, reason)
  }

  /** Ends every connection with a host, in whatever spelling. */
  dropHost(host: string, reason: string): void {
    const name = canonicalHost(host)
    for (const peer of this.torrent.peers.values()) {
      if (peer.endpoint.kind === 'ip' && canonicalHost(peer.endpoint.host) === name) this.drop(peer, reason)
    }
  }

  #isOwn(endpoint: Endpoint): boolean {
    if (endpoint.kind !== 'ip') return false
    return this.#context.addresses().some((own) => own.host === endpoint.host && own.port === endpoint.port)
  }

  #listens(peer: Peer, port: number): void {
    // Once: a peer that names port after port would fill the address book.
    if (peer.outgoing || peer.listensAt !== undefined || peer.endpoint.kind !== 'ip') return
    const endpoint: Endpoint = { kind: 'ip', host: peer.endpoint.host, port }
    this.found([endpoint], 'incoming')
    peer.listensAt = endpoint
    this.addresses.connected(endpoint, this.#context.turns.nowMs)
  }

  /** Addresses from outside; refused ones are forgotten. A private torrent takes them from its own trackers and the user only (BEP 27). */
  found(endpoints: readonly Endpoint[], source: string): void {
    const { hooks, turns } = this.#context
    if (this.#parts.view().private && !privateSources.has(source)) return
    for (const endpoint of endpoints) {
      const candidate = { stage: 'known', endpoint, source } as const
      const refusal = hooks.acceptPeer(candidate, this.#parts.view())
      if (refusal === undefined) {
        this.addresses.add(endpoint, source, turns.nowMs)
      } else {
        this.#parts.trace.refused(candidate, refusal, hooks.lastPlugin)
        this.#ban(endpoint, refusal.banMs, refusal.refuse)
      }
    }
    if (endpoints.length > 0) this.#context.dialSoon()
  }

  // The content came.

  /** Tells the decoders how long a bitfield is; called right before the torrent gets its content. */
  contentKnown(pieceCount: number): void {
    for (const decoder of this.#decoders.values()) decoder.setPieceCount(pieceCount)
  }

  /** The metadata came while peers are connected: they are told, and a private torrent forgets whom it may not know. */
  metadataKnown(): void {
    if (this.#parts.view().private) this.#forgetStrangers()
    if (!this.extensionsChanged()) this.greetAgain()
  }

  #forgetStrangers(): void {
    const gone = new Set(this.addresses.keepOnly(privateSources).map(formatEndpoint))
    for (const peer of this.torrent.peers.values()) {
      if (peer.outgoing && gone.has(formatEndpoint(peer.endpoint))) this.drop(peer, 'the torrent is private')
    }
  }

  /** Extensions may have come or gone, or the torrent turned out to be private: if so, peers are told, and nobody is dropped. */
  extensionsChanged(): boolean {
    if (!this.#extensions.refresh(this.torrent.peers.values())) return false
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
    this.#ban(peer.endpoint, banMs, reason)
    this.#context.turns.effect(() => this.#left(peer, reason))
  }

  settleLater(): void {
    this.#context.turns.settleLater(this.torrent.requests)
  }

  // Time.

  /** A round as soon as one may be. */
  chokeSoon(): void {
    const { nowMs } = this.#context.turns
    this.#nextChokeMs = Math.min(this.#nextChokeMs, Math.max(nowMs, this.#lastChokeMs + chokeApartMs))
    this.#context.wake()
  }

  /** What is due now; called from the engine's tick. */
  tick(): void {
    const { nowMs } = this.#context.turns
    if (nowMs >= this.#nextHavesMs && this.torrent.showing.hasNews) {
      this.torrent.showing.tellHaves()
      this.#nextHavesMs = nowMs + havesEveryMs
    }
    if (this.torrent.peers.size === 0) return
    if (nowMs >= this.#nextChokeMs) this.#choke(nowMs)
    if (nowMs >= this.#nextHouseMs) {
      this.#nextHouseMs = nowMs + houseEveryMs
      keepHouse(this.torrent, this, nowMs)
      this.#makeRoom(nowMs)
    } else if (this.#isLimited) {
      this.torrent.requests.markAll()
    } else if (this.#isPaced) {
      this.torrent.requests.markWaiting()
    }
  }

  /** Where others wait for a place, one of no use leaves. */
  #makeRoom(nowMs: number): void {
    const { peers, isWhole } = this.torrent
    if (peers.size < this.maxPeers) return
    if (!this.#turnedAway && this.addresses.nextDeadlineMs(nowMs, !isWhole) > nowMs) return
    const peer = this.#places.leaves(peers.values(), nowMs)
    if (peer === undefined) return
    this.#turnedAway = false
    this.drop(peer, 'made room for another peer')
  }

  #choke(nowMs: number): void {
    const { context } = this.#parts
    this.#nextChokeMs = nowMs + chokeEveryMs
    // A round without anybody in it is none: the first who becomes interested need not wait for the next.
    const peers = [...this.torrent.peers.values()]
    if (this.torrent.ledger === undefined || !peers.some((peer) => peer.isInterested || !peer.amChoking)) return
    this.#lastChokeMs = nowMs
    const slots = context.slotsFor(this.#parts.view().id)
    const input = {
      peers: this.torrent.peers.values(),
      slots,
      seeding: this.torrent.isWhole,
      uploadLimit: least(context.up.rate, this.#parts.limits.up.rate),
      nowMs,
    }
    this.#isPaced = chokeRound(input, this.#parts.decisions, this)
  }

  get #isLimited(): boolean {
    const { down, up } = this.#parts.limits
    return [this.#context.down, this.#context.up, down, up].some(({ rate }) => rate !== undefined)
  }

  /** When `tick` has something to do. */
  nextDeadlineMs(): number {
    if (this.torrent.showing.hasNews) return this.#nextHavesMs
    if (this.torrent.peers.size === 0) return Infinity
    if (this.#isLimited || this.#isPaced) return this.#context.turns.nowMs + limitedEveryMs
    return Math.min(this.#nextHouseMs, this.#nextChokeMs)
  }
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
}
