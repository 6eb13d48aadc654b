import type {
  Clock,
  Dict,
  ExtensionLink,
  ExtensionSession,
  Logger,
  PeerExtension,
  PeerView,
  TorrentControl,
  TorrentView,
} from '@bitloom/core'
import { formatEndpoint } from '@bitloom/core'
import type { Attempt } from './attempt.js'
import { MetadataFetch, newSource, type Source } from './fetch.js'
import type { MetadataLimits } from './options.js'
import { decodeMessage, encodeMessage } from './protocol.js'
import { Serving } from './serving.js'

/** How soon a peer that does not read is given more. */
const resumeMs = 250
/** How long the info dictionary is kept for the requests that follow. */
const infoMs = 10_000

/** What the extension needs of its host. */
export interface ExtensionHost {
  readonly clock: Clock
  readonly log: Logger
  control(torrentId: string): TorrentControl
}

/** Our side of one connection. */
interface Speaker {
  readonly peer: PeerView
  readonly link: ExtensionLink
}

/** A `PeerExtension` that can be ended: afterwards no timer of it fires. */
export interface MetadataExtension extends PeerExtension {
  /** The torrent is gone. */
  forget(torrent: TorrentView): void
  close(): void
}

/** `ut_metadata` (BEP 9) for all torrents of a session: takes the metadata of those that lack it, and gives it for the others. */
export function metadataExtension(host: () => ExtensionHost | undefined, limits: MetadataLimits): MetadataExtension {
  const swarms = new Map<TorrentView, MetadataSwarm>()
  const swarmOf = (torrent: TorrentView, at: ExtensionHost): MetadataSwarm => {
    const swarm = swarms.get(torrent) ?? new MetadataSwarm(torrent, at, limits)
    swarms.set(torrent, swarm)
    return swarm
  }
  return {
    name: 'ut_metadata',
    // BEP 27 restricts where peers come from, not what they may ask each other.
    onPrivate: true,
    hello(into, { metainfo }) {
      if (metainfo !== undefined) into.set('metadata_size', metainfo.infoLengthBytes)
    },
    open(peer, torrent, link, theirs) {
      const at = host()
      return at === undefined ? {} : swarmOf(torrent, at).join(peer, link, theirs)
    },
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

/** The metadata of one torrent among its peers. */
class MetadataSwarm {
  readonly #torrent: TorrentView
  readonly #host: ExtensionHost
  readonly #control: TorrentControl
  readonly #limits: MetadataLimits
  readonly #fetch: MetadataFetch
  readonly #speakers = new Map<Source, Speaker>()
  readonly #timers = new Set<() => void>()
  #held: Promise<Uint8Array | undefined> | undefined
  #cancelTick: (() => void) | undefined

  constructor(torrent: TorrentView, host: ExtensionHost, limits: MetadataLimits) {
    this.#torrent = torrent
    this.#host = host
    this.#control = host.control(torrent.id)
    this.#limits = limits
    this.#fetch = this.#makeFetch()
  }

  #makeFetch(): MetadataFetch {
    const speakers = this.#speakers
    const effects = {
      ask: (source: Source, piece: number) =>
        speakers.get(source)?.link.send(encodeMessage({ type: 'request', piece })) ?? false,
      check: (attempt: Attempt<Source>, bytes: Uint8Array) => void this.#check(attempt, bytes),
      ban: (source: Source) => this.#ban(source),
      disconnect: (source: Source) => this.#disconnect(source, 'sends metadata that nobody asked for'),
    }
    return new MetadataFetch(effects, this.#limits)
  }

  async #check(attempt: Attempt<Source>, bytes: Uint8Array): Promise<void> {
    const isRight = await this.#control.provideInfo(bytes)
    this.#fetch.judged(attempt, isRight, this.#nowMs)
    this.#arm()
  }

  get #nowMs(): number {
    return this.#host.clock.nowMs()
  }

  join(peer: PeerView, link: ExtensionLink, theirs: Dict): ExtensionSession {
    const source = newSource(peer.endpoint)
    this.#speakers.set(source, { peer, link })
    const serving = new Serving((payload) => link.send(payload))
    this.#offered(source, theirs)
    return {
      hello: (again) => this.#offered(source, again),
      message: (payload) => this.#heard(source, serving, payload),
      close: () => {
        this.#fetch.left(source, this.#nowMs)
        this.#speakers.delete(source)
        this.#arm()
      },
    }
  }

  /** Nothing of it happens any more. */
  end(): void {
    this.#fetch.end()
    this.#cancelTick?.()
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    this.#speakers.clear()
  }

  #offered(source: Source, theirs: Dict): void {
    if (this.#torrent.metainfo !== undefined) {
      this.#fetch.end()
      return
    }
    const size = theirs.get('metadata_size')
    this.#fetch.offers(source, typeof size === 'number' ? size : undefined, this.#nowMs)
    this.#arm()
  }

  #heard(source: Source, serving: Serving, payload: Uint8Array): void {
    const message = decodeMessage(payload)
    if (message === undefined) return
    if (message.type === 'request') {
      const admission = serving.request(message.piece, this.#torrent.metainfo?.infoLengthBytes, this.#nowMs)
      if (admission === 'flood') this.#disconnect(source, 'asks for too much metadata')
      if (admission === 'waiting') void this.#serve(source, serving)
      return
    }
    if (message.type === 'data') this.#fetch.data(source, message, this.#nowMs)
    else this.#fetch.rejected(source, message.piece, this.#nowMs)
    this.#arm()
  }

  /** One at a time for each peer: who waits until it reads has no second timer. */
  async #serve(source: Source, serving: Serving): Promise<void> {
    if (serving.isBusy) return
    serving.isBusy = true
    const info = await this.#info()
    if (!this.#speakers.has(source)) return
    const again = (): void => {
      serving.isBusy = false
      void this.#serve(source, serving)
    }
    if (serving.resume(info)) serving.isBusy = false
    else this.#after(resumeMs, again)
  }

  /** Read once for requests that come together. One that cannot be read is one that we do not have. */
  #info(): Promise<Uint8Array | undefined> {
    if (this.#held === undefined) {
      this.#held = this.#control.info().catch((error: unknown) => {
        this.#host.log.warn('the metadata cannot be given', { torrent: this.#torrent.name, error })
        return undefined
      })
      this.#after(infoMs, () => (this.#held = undefined))
    }
    return this.#held
  }

  #after(ms: number, run: () => void): void {
    const cancel = this.#host.clock.after(ms, () => {
      this.#timers.delete(cancel)
      run()
    })
    this.#timers.add(cancel)
  }

  #ban(source: Source): void {
    const { endpoint } = source
    const fields = { address: formatEndpoint(endpoint), torrent: this.#torrent.name }
    this.#host.log.warn('a peer sent wrong metadata', fields)
    if (endpoint.kind === 'ip') this.#control.ban(endpoint.host, this.#limits.banMs, 'banned for wrong metadata')
    else this.#disconnect(source, 'sent wrong metadata')
  }

  #disconnect(source: Source, reason: string): void {
    const speaker = this.#speakers.get(source)
    if (speaker !== undefined) this.#control.disconnect(speaker.peer, reason)
  }

  /** One timer for what is due next. */
  #arm(): void {
    this.#cancelTick?.()
    this.#cancelTick = undefined
    const nowMs = this.#nowMs
    const dueMs = this.#fetch.nextDeadlineMs(nowMs)
    if (dueMs === Infinity) return
    this.#cancelTick = this.#host.clock.after(Math.max(0, dueMs - nowMs), () => {
      this.#cancelTick = undefined
      this.#fetch.tick(this.#nowMs)
      this.#arm()
    })
  }
}
