import { equalBytes } from '../bytes/text.js'
import type { PeerCandidate } from '../hooks/hooks.js'
import type { Peer } from '../peer/peer.js'
import { canonicalHost, type Endpoint, formatEndpoint } from '../ports/endpoint.js'
import type { TorrentView } from '../ports/views.js'
import type { CrowdMember } from './crowd.js'
import { KnownAddresses } from '../torrent/known-addresses.js'
import { compareBytes, Places } from '../torrent/places.js'
import type { Torrent } from '../torrent/torrent.js'
import type { TorrentContext } from './context.js'
import type { OwnLimits } from './torrent-limits.js'
import { bannedHost, type TorrentTracer } from './torrent-tracer.js'

/** Where peers of a private torrent may come from; whoever dials us had to learn of us there too. */
const privateSources: ReadonlySet<string> = new Set(['tracker', 'user', 'incoming'])

export interface EntranceParts {
  readonly context: TorrentContext
  readonly trace: TorrentTracer
  readonly limits: OwnLimits
  readonly torrent: Torrent
  readonly view: () => TorrentView
  /** At the end of the turn. */
  drop(peer: Peer, reason: string): void
}

/** Who may be known to one torrent, who may join it, and who has to leave for others: rules of core, then taps. */
export class Entrance implements CrowdMember {
  readonly addresses: KnownAddresses
  readonly #parts: EntranceParts
  #full: Places | undefined
  /** Somebody was turned away for want of a place, and none came free since. */
  #turnedAway = false

  constructor(parts: EntranceParts) {
    const { context } = parts
    this.#parts = parts
    this.addresses = new KnownAddresses(
      context.limits().knownAddressesPerTorrent,
      (endpoint) => this.#isOwn(endpoint),
      (host, nowMs) => context.bans.isBanned(host, nowMs),
    )
  }

  /** Made when there are not enough places. */
  get #places(): Places {
    this.#full ??= new Places(this.#parts.context.peerId)
    return this.#full
  }

  get id(): string {
    return this.#parts.view().id
  }

  get maxPeers(): number {
    const { context, limits } = this.#parts
    return Math.min(limits.now.maxPeers ?? Infinity, context.limits().maxPeersPerTorrent)
  }

  /** Why the peer of a finished handshake may not join. `twin`: who is connected under the same peer id. */
  refuse(
    candidate: PeerCandidate & { readonly peerId: Uint8Array },
    outgoing: boolean,
    twin: Peer | undefined,
  ): string | undefined {
    const { context, trace, view } = this.#parts
    const { hooks } = context
    const ofCore = this.#refuseByRule(candidate)
    const ofTaps = ofCore === undefined ? hooks.acceptPeer(candidate, view()) : undefined
    const plugin = ofTaps === undefined ? undefined : hooks.lastPlugin
    const reason = ofCore ?? ofTaps?.refuse ?? this.#findPlace(candidate.peerId, outgoing, twin)
    if (reason === undefined) return undefined
    trace.refused(candidate, ofTaps ?? { refuse: reason }, plugin)
    this.ban(candidate.endpoint, ofTaps?.banMs, reason)
    return reason
  }

  #refuseByRule({ peerId, endpoint }: { peerId: Uint8Array; endpoint: Endpoint }): string | undefined {
    const { bans, turns, peerId: own } = this.#parts.context
    // It may have been banned since its connection was made.
    if (endpoint.kind === 'ip' && bans.isBanned(endpoint.host, turns.nowMs)) return bannedHost.refuse
    if (!equalBytes(peerId, own)) return undefined
    this.addresses.disconnected(endpoint, turns.nowMs, 'ourselves')
    return 'is ourselves'
  }

  /** Sees to it that the peer has a place, or answers why it gets none. */
  #findPlace(peerId: Uint8Array, outgoing: boolean, twin: Peer | undefined): string | undefined {
    const { drop } = this.#parts
    const { peers } = this.#parts.torrent
    if (twin !== undefined) {
      // Both sides may have dialled: the connection that the smaller peer id dialled stays.
      const weAreSmaller = compareBytes(this.#parts.context.peerId, peerId) < 0
      const keepNew = twin.outgoing !== outgoing && outgoing === weAreSmaller
      if (keepNew) drop(twin, 'connected twice')
      return keepNew ? undefined : 'is connected already'
    }
    if (peers.size < this.maxPeers) return this.#findPlaceInSession(outgoing)
    const other = peers.size > this.maxPeers ? undefined : this.#givesWay(peerId, outgoing)
    this.#turnedAway = other === undefined
    if (other === undefined) return 'has no place: too many peers'
    drop(other, 'made room for another peer')
    return undefined
  }

  /** The dialler saw to it that who was dialled has one; it may be another torrent's. */
  #findPlaceInSession(outgoing: boolean): string | undefined {
    const { crowd, limits } = this.#parts.context
    if (crowd.size < limits().maxPeers) return undefined
    const spare = this.mayTake(0)
    spare?.()
    return spare === undefined && !outgoing ? 'the session is full' : undefined
  }

  /**
   * How to take a place from another torrent: one that downloads may, if it has few. `dialled`: how many are being dialled.
   */
  mayTake(dialled: number): (() => void) | undefined {
    const { context, torrent } = this.#parts
    return torrent.isWhole ? undefined : context.crowd.spare(torrent.peers.size + dialled)
  }

  spare(): (() => void) | undefined {
    const { context, torrent, drop } = this.#parts
    const peer = this.#places.idlest(torrent.peers.values(), context.turns.nowMs)
    return peer && (() => drop(peer, 'made room for a peer of another torrent'))
  }

  #givesWay(peerId: Uint8Array, outgoing: boolean): Peer | undefined {
    const { torrent, context } = this.#parts
    const yields = outgoing ? this.#yieldsToOwn(0) : undefined
    return yields ?? this.#places.givesWay(torrent.peers.values(), peerId, context.turns.nowMs)
  }

  #yieldsToOwn(dialled: number): Peer | undefined {
    const { torrent, context } = this.#parts
    if (torrent.isWhole || torrent.peers.size > this.maxPeers) return undefined
    return this.#places.yieldsToOwn(torrent.peers, dialled, this.maxPeers, context.turns.nowMs)
  }

  /** There is a place for one more that we dial, or would be when it answers. `dialled`: how many are being dialled. */
  hasRoom(dialled: number): boolean {
    return this.#parts.torrent.peers.size + dialled < this.maxPeers || this.#yieldsToOwn(dialled) !== undefined
  }

  /** Bans the host of an endpoint, if there is one and it is wanted. */
  ban(endpoint: Endpoint, banMs: number | undefined, reason: string): void {
    if (banMs === undefined || endpoint.kind !== 'ip') return
    this.banHost(endpoint.host, banMs, reason)
  }

  /** Nobody at this host is a peer of any torrent for a while; those who are leave. */
  banHost(host: string, forMs: number, reason: string): void {
    this.#parts.trace.banned(host, forMs, reason)
    this.#parts.context.ban(host, forMs, reason)
  }

  /** Ends every connection with a host, in whatever spelling. */
  dropHost(host: string, reason: string): void {
    const name = canonicalHost(host)
    for (const peer of this.#parts.torrent.peers.values()) {
      if (peer.endpoint.kind === 'ip' && canonicalHost(peer.endpoint.host) === name) this.#parts.drop(peer, reason)
    }
  }

  #isOwn(endpoint: Endpoint): boolean {
    if (endpoint.kind !== 'ip') return false
    return this.#parts.context.addresses().some((own) => own.host === endpoint.host && own.port === endpoint.port)
  }

  /** Addresses from outside; refused ones are forgotten. A private torrent takes them from its own trackers and the user only (BEP 27). */
  found(endpoints: readonly Endpoint[], source: string): void {
    const { hooks, turns } = this.#parts.context
    if (this.#parts.view().private && !privateSources.has(source)) return
    for (const endpoint of endpoints) {
      const candidate = { stage: 'known', endpoint, source } as const
      const refusal = hooks.acceptPeer(candidate, this.#parts.view())
      if (refusal === undefined) {
        this.addresses.add(endpoint, source, turns.nowMs)
      } else {
        this.#parts.trace.refused(candidate, refusal, hooks.lastPlugin)
        this.ban(endpoint, refusal.banMs, refusal.refuse)
      }
    }
    if (endpoints.length > 0) this.#parts.context.dialSoon()
  }

  /** The torrent is private: whom it may not know it forgets. */
  forgetStrangers(): void {
    const gone = new Set(this.addresses.keepOnly(privateSources).map(formatEndpoint))
    for (const peer of this.#parts.torrent.peers.values()) {
      if (peer.outgoing && gone.has(formatEndpoint(peer.endpoint))) this.#parts.drop(peer, 'the torrent is private')
    }
  }

  /** Where others wait for a place, one of no use leaves. */
  makeRoom(nowMs: number): void {
    const { peers, isWhole } = this.#parts.torrent
    if (peers.size < this.maxPeers) return
    const mayDial = this.addresses.nextDeadlineMs(nowMs, !isWhole) <= nowMs
    if (mayDial) this.#parts.context.dialSoon()
    if (!this.#turnedAway && !mayDial) return
    const peer = this.#places.leaves(peers.values(), nowMs)
    if (peer === undefined) return
    this.#turnedAway = false
    this.#parts.drop(peer, 'made room for another peer')
  }
}
