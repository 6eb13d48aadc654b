import type { Refusal } from '../hooks/hooks.js'
import type { Endpoint } from '../ports/endpoint.js'
import { formatEndpoint } from '../ports/endpoint.js'
import { Transport } from '../ports/transport.js'
import type { EngineContext } from './context.js'
import { Deadlines } from './deadlines.js'
import type { Handshakes } from './handshakes.js'
import type { TorrentDriver } from './torrent-driver.js'
import { bannedHost } from './torrent-tracer.js'
import { untilAborted } from './until-aborted.js'

/** How long a dial may take before its place goes to another. */
const dialMs = 10_000
/** How often a session without places is looked through for one. */
const fullMs = 1_000

const noTransport: Refusal = { refuse: 'no transport speaks to such addresses' }

/** Opens connections for all torrents in turn, within the session's limits on half-open ones and dials a second. */
export class Dialer {
  readonly #context: EngineContext
  readonly #handshakes: Handshakes
  readonly #dialSoon: (torrent: TorrentDriver) => void
  /** Those under way. */
  readonly #dials = new Set<AbortController>()
  readonly #pending = new Map<TorrentDriver, number>()
  /** Who may have somebody to dial; who dialled longest ago comes first. */
  readonly #wanting = new Set<TorrentDriver>()
  /** When the others may. */
  readonly #later = new Deadlines<TorrentDriver>()
  #halfOpen = 0
  #tokens: number
  #tokensAtMs: number
  #isClosed = false

  /** `dialSoon` hears of a torrent that lost a dial. */
  constructor(context: EngineContext, handshakes: Handshakes, dialSoon: (torrent: TorrentDriver) => void) {
    this.#context = context
    this.#handshakes = handshakes
    this.#dialSoon = dialSoon
    this.#tokens = context.limits().dialsPerSecond
    this.#tokensAtMs = context.turns.nowMs
  }

  /** Peers of this torrent were found, or a place in it became free. */
  want(torrent: TorrentDriver): void {
    this.#wanting.add(torrent)
  }

  /** The torrent is gone. */
  forget(torrent: TorrentDriver): void {
    this.#wanting.delete(torrent)
    this.#later.delete(torrent)
  }

  /** Dials as many as the limits allow, one for each torrent in turn. Answers when to come again. */
  run(): number {
    const { nowMs } = this.#context.turns
    this.#refillTokens(nowMs)
    for (const torrent of this.#later.take(nowMs)) this.#wanting.add(torrent)
    let lookMs = Infinity
    // Who goes to the back of the line comes again in the same loop.
    for (const torrent of this.#wanting) {
      if (!this.#mayDial()) return nowMs + 100
      if (this.#isFull && !this.#mayTake(torrent)) {
        // Whoever leaves says so, but nobody who begins to exchange nothing.
        if (!torrent.torrent.isWhole) lookMs = nowMs + fullMs
        continue
      }
      this.#wanting.delete(torrent)
      if (torrent.isActive && this.#hasRoom(torrent)) this.#dialNext(torrent, nowMs)
    }
    return Math.min(lookMs, this.#later.nextMs)
  }

  #dialNext(torrent: TorrentDriver, nowMs: number): void {
    const { addresses } = torrent.swarm.entrance
    const wantSeeds = !torrent.torrent.isWhole
    const endpoint = addresses.next(nowMs, wantSeeds)
    if (endpoint === undefined) {
      this.#later.hasten(torrent, addresses.nextDeadlineMs(nowMs, wantSeeds))
      return
    }
    // One that is refused has gone from the front too: the next may do.
    this.#wanting.add(torrent)
    this.dial(torrent, endpoint)
  }

  #refillTokens(nowMs: number): void {
    const { dialsPerSecond } = this.#context.limits()
    this.#tokens = Math.min(dialsPerSecond, this.#tokens + ((nowMs - this.#tokensAtMs) * dialsPerSecond) / 1_000)
    this.#tokensAtMs = nowMs
  }

  #mayDial(): boolean {
    return this.#tokens >= 1 && this.#halfOpen < this.#context.limits().halfOpen && !this.#isClosed
  }

  /** The session has no place for one more. */
  get #isFull(): boolean {
    return this.#halfOpen + this.#context.crowd.size >= this.#context.limits().maxPeers
  }

  /** Another torrent would give up a place for it. */
  #mayTake(torrent: TorrentDriver): boolean {
    return torrent.isActive && torrent.swarm.entrance.mayTake(this.#pending.get(torrent) ?? 0) !== undefined
  }

  #hasRoom(torrent: TorrentDriver): boolean {
    return torrent.swarm.entrance.hasRoom(this.#pending.get(torrent) ?? 0)
  }

  /** Dials one address now. False: it is banned, refused, or nothing speaks to it. */
  dial(torrent: TorrentDriver, endpoint: Endpoint): boolean {
    const { turns, bans, hooks, services } = this.#context
    const { addresses } = torrent.swarm.entrance
    const isKnown = addresses.dialling(endpoint)
    const scheme = endpoint.kind === 'ip' ? 'tcp' : endpoint.url.split(':', 1)[0]
    const transport = services.all(Transport).find((one) => scheme !== undefined && one.schemes.includes(scheme))
    const candidate = { stage: 'dial', endpoint, source: 'known' } as const
    const isBanned = endpoint.kind === 'ip' && bans.isBanned(endpoint.host, turns.nowMs)
    const refusal = isBanned
      ? bannedHost
      : transport === undefined
        ? noTransport
        : hooks.acceptPeer(candidate, torrent.view)
    if (refusal !== undefined || transport === undefined) {
      const isTaps = refusal !== bannedHost && refusal !== noTransport
      torrent.trace.refused(candidate, refusal ?? noTransport, isTaps ? hooks.lastPlugin : undefined)
      addresses.failed(endpoint, turns.nowMs)
      return false
    }
    this.#tokens--
    this.#count(torrent, 1)
    void this.#connect(torrent, endpoint, transport, () => {
      if (!torrent.isActive) return 'the torrent stopped'
      // Only a torrent that turns out to be private forgets whom it dials (BEP 27).
      return isKnown && !addresses.has(endpoint) ? 'the torrent is private' : undefined
    })
    return true
  }

  #count(torrent: TorrentDriver, change: number): void {
    this.#halfOpen += change
    const pending = (this.#pending.get(torrent) ?? 0) + change
    if (pending > 0) this.#pending.set(torrent, pending)
    else this.#pending.delete(torrent)
  }

  /** `unwanted` tells why the peer is of no use any more. */
  async #connect(
    torrent: TorrentDriver,
    endpoint: Endpoint,
    transport: Transport,
    unwanted: () => string | undefined,
  ): Promise<void> {
    const { turns, clock, log } = this.#context
    const abort = new AbortController()
    const { signal } = abort
    const stopTimer = clock.after(dialMs, () => abort.abort())
    this.#dials.add(abort)
    if (this.#isClosed) abort.abort()
    const settled = (): void => {
      stopTimer()
      this.#dials.delete(abort)
    }
    const failed = (reason: string): void => {
      this.#count(torrent, -1)
      torrent.swarm.entrance.addresses.failed(endpoint, turns.nowMs)
      log.debug('a peer could not be reached', { address: formatEndpoint(endpoint), reason })
      this.#dialSoon(torrent)
    }
    try {
      const dialling = transport.dial(endpoint, signal)
      const connection = await untilAborted(dialling, signal, (tooLate) => tooLate.close())
      settled()
      turns.run(() => {
        const reason = unwanted()
        if (reason !== undefined) {
          connection.close()
          failed(reason)
          return
        }
        this.#handshakes.dialled(connection, torrent.infoHash, (result) => {
          if (result instanceof Error) {
            failed(result.message)
            return
          }
          this.#count(torrent, -1)
          const refusal = unwanted() ?? torrent.swarm.join(result, endpoint, 'known', true)
          if (refusal === undefined) return
          connection.close()
          torrent.swarm.entrance.addresses.failed(endpoint, turns.nowMs)
          this.#dialSoon(torrent)
          log.debug('a peer was refused', { address: formatEndpoint(endpoint), reason: refusal })
        })
      })
    } catch (error) {
      settled()
      turns.run(() => failed(error instanceof Error ? error.message : String(error)))
    }
  }

  close(): void {
    this.#isClosed = true
    for (const dial of [...this.#dials]) dial.abort()
  }
}
