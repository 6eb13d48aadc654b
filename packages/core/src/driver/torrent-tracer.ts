import type { Peer } from '../peer/peer.js'
import { infoHashName } from '../metainfo/info-hash.js'
import type { ChokeRound } from '../ports/choker.js'
import { type Endpoint, formatEndpoint } from '../ports/endpoint.js'
import type { LimitTrace, PickTrace, StrategyTrace, TraceRecord } from '../ports/trace.js'
import { redactUrl } from '../ports/tracker-client.js'
import type { PeerView, TorrentView } from '../ports/views.js'
import type { Refusal } from '../hooks/hooks.js'
import type { ChokeVerdict, TakeWatch } from '../torrent/effects.js'
import type { Tracer } from './tracer.js'
import type { Turns } from './turns.js'

export interface TorrentTracerParts {
  readonly tracer: Tracer
  readonly turns: Pick<Turns, 'nowMs'>
  view(): TorrentView
}

type Take = Parameters<TakeWatch['took']>[0]

/** Makes the trace records of one torrent. Nothing is made while nobody listens; callers that gather facts first ask `isOn`. */
export class TorrentTracer {
  readonly #parts: TorrentTracerParts

  constructor(parts: TorrentTracerParts) {
    this.#parts = parts
  }

  get isOn(): boolean {
    return this.#parts.tracer.isOn
  }

  #tell(record: TraceRecord): void {
    this.#parts.tracer.tell(record)
  }

  get #about() {
    return { atMs: this.#parts.turns.nowMs, torrent: this.#parts.view().id }
  }

  #aboutPeer(peer: PeerView) {
    return { ...this.#about, peer: peer.key, address: traceAddress(peer.endpoint) }
  }

  /** What a reader must know first: the torrent, and who is connected. */
  opening(): readonly TraceRecord[] {
    const view = this.#parts.view()
    const layout = view.metainfo?.layout
    const torrent: TraceRecord = {
      event: 'torrent',
      ...this.#about,
      name: view.name,
      infoHash: infoHashName(view.infoHashes),
      pieceCount: layout?.pieceCount ?? 0,
      pieceLengthBytes: layout?.pieceLengthBytes ?? 0,
      state: view.state,
    }
    return [torrent, ...[...view.peers].map((peer) => this.#join(peer))]
  }

  added(): void {
    if (this.isOn) for (const record of this.opening()) this.#tell(record)
  }

  state(reason?: string): void {
    if (!this.isOn) return
    const { state } = this.#parts.view()
    this.#tell({ event: 'state', ...this.#about, state, ...(reason === undefined ? {} : { reason }) })
  }

  #join(peer: PeerView): TraceRecord {
    const { client, outgoing } = peer
    return { event: 'join', ...this.#aboutPeer(peer), ...(client === undefined ? {} : { client }), outgoing }
  }

  joined(peer: PeerView): void {
    if (this.isOn) this.#tell(this.#join(peer))
  }

  left(peer: PeerView, reason: string): void {
    if (!this.isOn) return
    const { downloadedBytes, uploadedBytes } = peer
    this.#tell({ event: 'leave', ...this.#aboutPeer(peer), reason, downloadedBytes, uploadedBytes })
  }

  /** `chooser` is the plugin or picker at work when the blocks were taken. */
  picked(take: Take, chooser: { readonly by: 'tap' | 'picker'; readonly name: string | undefined }): void {
    const { peer, piece, firstBlock, blocks, how, reason } = take
    const { content } = this.#parts.view()
    const who: Pick<PickTrace, 'by' | 'name'> =
      how === 'endgame'
        ? { by: 'endgame' }
        : { by: chooser.by, ...(chooser.name === undefined ? {} : { name: chooser.name }) }
    this.#tell({
      event: 'pick',
      ...this.#aboutPeer(peer),
      piece,
      blocks,
      firstBlock,
      ...who,
      reason,
      busy: how === 'busy' || how === 'endgame',
      availability: content?.availability(piece) ?? 0,
      priority: content?.priority(piece) ?? 0,
      allowedFast: peer.isChoking,
    })
  }

  judged(verdict: ChokeVerdict, round: ChokeRound, changedBy: readonly string[]): void {
    const { peer, rank, unchoke, changed } = verdict
    const facts = {
      ...this.#aboutPeer(peer),
      changed,
      ...(rank === undefined ? {} : { rank }),
      slots: round.slots,
      downRate: peer.downRate,
      upRate: peer.upRate,
      snubbed: peer.snubbed,
      seeding: round.seeding,
      choker: this.#parts.view().choker,
      changedBy: peer.isInterested ? [...changedBy] : [],
    }
    if (unchoke !== undefined) {
      const { reason, uploadBytesPerSecond: rate } = unchoke
      this.#tell({ event: 'unchoke', ...facts, reason, ...(rate === undefined ? {} : { uploadBytesPerSecond: rate }) })
    } else if (peer.isInterested) {
      this.#tell({ event: 'choke', ...facts, reason: rank === undefined ? 'not on the list' : 'no slot left' })
    } else if (changed) {
      this.#tell({ event: 'choke', ...facts, reason: 'not interested' })
    }
  }

  refused(candidate: RefusedCandidate, refusal: Refusal, plugin?: string): void {
    if (this.isOn) tellRefusal(this.#parts.tracer, this.#about, candidate, refusal, plugin)
  }

  banned(host: string, forMs: number, reason: string): void {
    if (this.isOn) this.#tell({ event: 'ban', ...this.#about, host, forMs, reason })
  }

  blockRejected(peer: Peer, piece: number, begin: number, plugin: string, times: number): void {
    if (this.isOn) this.#tell({ event: 'block-rejected', ...this.#aboutPeer(peer), piece, begin, plugin, times })
  }

  pieceVerified(piece: number): void {
    if (this.isOn) this.#tell({ event: 'piece-verified', ...this.#about, piece })
  }

  pieceRejected(piece: number, contributors: readonly PeerView[]): void {
    if (!this.isOn) return
    const who = contributors.map(({ key, endpoint }) => ({ peer: key, address: traceAddress(endpoint) }))
    this.#tell({ event: 'piece-rejected', ...this.#about, piece, contributors: who })
  }

  announceSkipped(
    url: string,
    announce: 'started' | 'completed' | 'stopped' | undefined,
    plugin: string | undefined,
    reason: string,
  ): void {
    if (!this.isOn) return
    const event = announce === undefined ? {} : { announce }
    this.#tell({ event: 'announce-skipped', ...this.#about, url, ...event, plugin: plugin ?? '', reason })
  }

  strategy(
    kind: StrategyTrace['kind'],
    change: { readonly from: string | undefined; readonly to: string | undefined },
    reason: StrategyTrace['reason'],
  ): void {
    if (!this.isOn) return
    const from = change.from === undefined ? {} : { from: change.from }
    const to = change.to === undefined ? {} : { to: change.to }
    this.#tell({ event: 'strategy', ...this.#about, kind, ...from, ...to, reason })
  }

  limited(limits: Omit<LimitTrace, 'event' | 'atMs' | 'torrent' | 'session'>): void {
    if (this.isOn) this.#tell({ event: 'limit', ...this.#about, ...limits })
  }
}

/** Why a banned host is refused. */
export const bannedHost: Refusal = { refuse: 'the host is banned' }

/** Who was refused, as far as a trace tells. */
export interface RefusedCandidate {
  readonly stage: 'known' | 'dial' | 'accept' | 'handshake' | 'extended'
  readonly endpoint: Endpoint
  readonly source: string
}

/** A refusal of a candidate whose torrent may not be known yet. */
export function tellRefusal(
  tracer: Tracer,
  about: { readonly atMs: number; readonly torrent?: string },
  { stage, endpoint, source }: RefusedCandidate,
  { refuse, banMs }: Refusal,
  plugin: string | undefined,
): void {
  if (!tracer.isOn) return
  const who = plugin === undefined ? {} : { plugin }
  const ban = banMs === undefined ? {} : { banMs }
  tracer.tell({
    event: 'refuse',
    ...about,
    stage,
    address: traceAddress(endpoint),
    source,
    ...who,
    reason: refuse,
    ...ban,
  })
}

function traceAddress(endpoint: Endpoint): string {
  return endpoint.kind === 'url' ? redactUrl(endpoint.url) : formatEndpoint(endpoint)
}
