import type {
  Clock,
  ExtensionLink,
  ExtensionSession,
  PeerExtension,
  PeerView,
  TorrentControl,
  TorrentView,
} from '@bitloom/core'
import { Intake } from './intake.js'
import { decodePex, encodePex, pexFlags, type PexPeer } from './protocol.js'
import { mayPass, Told } from './told.js'

/** BEP 11: no more than one message a minute. */
const everyMs = 60_000
/** So that who just connected can say where it listens. */
const settleMs = 2_000

/** What the extension needs of its host. */
export interface PexHost {
  readonly clock: Clock
  control(torrentId: string): TorrentControl
}

/** A `PeerExtension` that hears of peers, and can be ended: afterwards no timer of it fires. */
export interface PexExtension extends PeerExtension {
  /** Somebody connected or left. */
  changed(torrent: TorrentView): void
  /** The torrent is gone. */
  forget(torrent: TorrentView): void
  close(): void
}

/** One peer that speaks it. */
interface Listener {
  readonly peer: PeerView
  readonly link: ExtensionLink
  readonly told: Told
  /** Not to be told anything before. */
  nextMs: number
}

/** `ut_pex` (BEP 11) for all torrents of a session. */
export function pexExtension(host: () => PexHost | undefined): PexExtension {
  const swarms = new Map<TorrentView, PexSwarm>()
  return {
    name: 'ut_pex',
    // BEP 27: peers of a private torrent come from its trackers alone.
    onPrivate: false,
    open(peer, torrent, link) {
      const at = host()
      if (at === undefined) return {}
      const swarm = swarms.get(torrent) ?? new PexSwarm(torrent, at)
      swarms.set(torrent, swarm)
      return swarm.join(peer, link)
    },
    changed: (torrent) => swarms.get(torrent)?.changed(),
    forget(torrent) {
      swarms.get(torrent)?.end()
      swarms.delete(torrent)
    },
    close() {
      for (const swarm of swarms.values()) swarm.end()
      swarms.clear()
    },
  }
}

/** Peer exchange within one torrent. */
class PexSwarm {
  readonly #torrent: TorrentView
  readonly #clock: Clock
  readonly #control: TorrentControl
  readonly #listeners = new Set<Listener>()
  #cancel: (() => void) | undefined
  #dueMs = Infinity

  constructor(torrent: TorrentView, host: PexHost) {
    this.#torrent = torrent
    this.#clock = host.clock
    this.#control = host.control(torrent.id)
  }

  join(peer: PeerView, link: ExtensionLink): ExtensionSession {
    const nowMs = this.#clock.nowMs()
    const listener: Listener = { peer, link, told: new Told(), nextMs: nowMs + settleMs }
    const intake = new Intake(peer.endpoint.kind === 'ip' ? peer.endpoint.host : '', nowMs)
    this.#listeners.add(listener)
    this.#wake(listener.nextMs)
    return {
      message: (payload) => this.#heard(peer, intake, payload),
      close: () => void this.#listeners.delete(listener),
    }
  }

  /** Peers came or went: those who may be told already are told soon. */
  changed(): void {
    const soonMs = this.#clock.nowMs() + settleMs
    for (const { nextMs } of this.#listeners) this.#wake(Math.max(soonMs, nextMs))
  }

  /** Nothing of it happens any more. */
  end(): void {
    this.#listeners.clear()
    this.#sleep()
  }

  #heard(peer: PeerView, intake: Intake, payload: Uint8Array): void {
    if (this.#torrent.private) return
    const { content, stats } = this.#torrent
    const isWhole = content !== undefined && stats.leftBytes === 0
    const endpoints = intake.take(decodePex(payload), !isWhole, this.#clock.nowMs())
    if (endpoints.length > 0) this.#control.addPeers(endpoints, 'pex')
    if (intake.isFlood) this.#control.disconnect(peer, 'floods with peer exchange')
  }

  /** Tells everybody whose time has come; those with something left, or not sent, are told a minute later. */
  #tell(): void {
    const nowMs = this.#clock.nowMs()
    if (this.#torrent.private) return
    for (const listener of this.#listeners) {
      if (nowMs < listener.nextMs) continue
      const message = listener.told.news(this.#connected(listener.peer))
      if (message === undefined) continue
      listener.nextMs = nowMs + everyMs
      if (listener.link.send(encodePex(message))) listener.told.tell(message)
      this.#wake(listener.nextMs)
    }
  }

  /** Connected peers as another one may know them: those whose listening address is known. */
  #connected(other: PeerView): PexPeer[] {
    const peers: PexPeer[] = []
    const host = other.endpoint.kind === 'ip' ? other.endpoint.host : ''
    for (const peer of this.#torrent.peers) {
      const endpoint = peer.listensAt
      if (peer === other || endpoint?.kind !== 'ip' || !mayPass(endpoint, host)) continue
      const seed = peer.isSeed || peer.uploadOnly ? pexFlags.seed : 0
      peers.push({ endpoint, flags: seed | (peer.outgoing ? pexFlags.reachable : 0) })
    }
    return peers
  }

  #wake(atMs: number): void {
    if (atMs >= this.#dueMs) return
    this.#sleep()
    this.#dueMs = atMs
    this.#cancel = this.#clock.after(atMs - this.#clock.nowMs(), () => {
      this.#dueMs = Infinity
      this.#tell()
    })
  }

  #sleep(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#dueMs = Infinity
  }
}
