import { Clock, type PluginHost, token } from '@bitloom/core'
import { judge, type Known } from './judgement.js'
import { Leeches } from './leeches.js'
import type { ListReport } from './list-file.js'
import { BlockLists } from './lists.js'
import type { AdmissionSettings } from './options.js'

const leechCheckMs = 10_000

/** What other plugins can ask of this one: `host.get(Admission)`. */
export interface Admission {
  /** By the lists, `block` and `allow`. */
  isBlocked(host: string): boolean
  /**
   * Reads all lists again, and puts out the peers that they name now. @throws BitloomError INVALID_ARGUMENT, IO; then the
   * lists stay as they were
   */
  reload(): Promise<readonly ListReport[]>
}
export const Admission = token<Admission>('Admission')

/** Keeps peers out of a session, and puts those out that are in, until the plugin goes. */
export class Doorkeeper implements Admission {
  readonly #settings: AdmissionSettings
  readonly #lists: BlockLists
  #host: PluginHost | undefined

  constructor(settings: AdmissionSettings) {
    this.#settings = settings
    this.#lists = new BlockLists(settings)
  }

  isBlocked(host: string): boolean {
    return this.#lists.isBlocked(host)
  }

  /** Loads the lists before anybody is let in. */
  async start(host: PluginHost): Promise<void> {
    this.#host = host
    await this.reload()
    host.hooks.acceptPeer.tap((candidate) => judge(candidate, this.#lists, this.#settings))
    this.#putOut((known) => judge(known, this.#lists, this.#settings))
    const { lists, reloadMs, leechBytes } = this.#settings
    if (lists.length > 0 && reloadMs > 0) every(host, reloadMs, () => void this.#reloadIfStale())
    if (leechBytes > 0) every(host, leechCheckMs, leechCheck(host, this.#settings))
  }

  async reload(): Promise<readonly ListReport[]> {
    const host = this.#host
    if (host === undefined) return []
    const clock = host.get(Clock)
    const startMs = clock.nowMs()
    const reports = await this.#lists.load(host.signal)
    for (const report of reports)
      if (report.badLines > 0) host.log.warn('a list has lines that are no ranges', { ...report })
    const { count } = this.#lists
    host.log.info('lists of addresses are loaded', {
      lists: reports.length,
      ranges: count,
      ms: clock.nowMs() - startMs,
    })
    this.#putOut((known) => judge(known, this.#lists, { ...this.#settings, clients: [] }))
    return reports
  }

  #putOut(verdict: (known: Known) => ReturnType<typeof judge>): void {
    for (const torrent of this.#host?.torrents() ?? []) {
      const control = this.#host?.control(torrent.id)
      for (const peer of torrent.peers) {
        const refusal = verdict(peer)
        if (refusal === undefined) continue
        if (refusal.banMs !== undefined && peer.endpoint.kind === 'ip')
          control?.ban(peer.endpoint.host, refusal.banMs, refusal.refuse)
        control?.disconnect(peer, refusal.refuse)
      }
    }
  }

  async #reloadIfStale(): Promise<void> {
    try {
      if (await this.#lists.isStale()) await this.reload()
    } catch (error) {
      if (this.#host?.signal.aborted === false) this.#host.log.warn('the lists were not loaded again', { error })
    }
  }
}

/** Bans the leeches among the peers of torrents that download. */
function leechCheck(host: PluginHost, settings: AdmissionSettings): () => void {
  const clock = host.get(Clock)
  const leeches = new Leeches(settings)
  return () => {
    const nowMs = clock.nowMs()
    for (const { id, name, state, peers } of host.torrents()) {
      if (state !== 'downloading') continue
      for (const peer of peers) {
        if (!leeches.isLeech(peer, nowMs) || peer.endpoint.kind !== 'ip') continue
        host.log.info('a peer is banned: it takes and does not give', { torrent: name, client: peer.client })
        host.control(id).ban(peer.endpoint.host, settings.banMs, 'it takes and does not give')
      }
    }
  }
}

function every(host: PluginHost, ms: number, run: () => void): void {
  const clock = host.get(Clock)
  const again = (): void => {
    cancel = clock.after(ms, again)
    run()
  }
  let cancel = clock.after(ms, again)
  host.defer(() => cancel())
}
