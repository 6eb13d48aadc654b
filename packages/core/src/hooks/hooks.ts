import type { AnnounceAnswer, AnnounceRequest } from '../ports/tracker-client.js'
import type { ChokeRound, Unchoke } from '../ports/choker.js'
import type { Endpoint } from '../ports/endpoint.js'
import type { PeerView, ReadyTorrent, TorrentView } from '../ports/views.js'
import type { Picks } from '../ports/piece-picker.js'
import type { Bits, ReadonlyBits } from '../bytes/bits.js'

/** A received block, before the ledger counts it. `bytes` is readonly and dead after the call. */
export interface ReceivedBlock {
  readonly piece: number
  readonly begin: number
  readonly bytes: Uint8Array
}

/** Someone who may become a peer. What is known grows with the stage. */
export interface PeerCandidate {
  /** known: an address is inserted · dial: before dialling · accept: someone connected, torrent not known yet · handshake: peer id known · extended: client name known */
  readonly stage: 'known' | 'dial' | 'accept' | 'handshake' | 'extended'
  readonly endpoint: Endpoint
  /** Where the address came from: "tracker", "user", "incoming", "pex" … */
  readonly source: string
  readonly peerId?: Uint8Array
  readonly client?: string
}

export interface Refusal {
  readonly refuse: string
  /** Also ban the host for so long. */
  readonly banMs?: number
}

/** The signature of every hook: what a tap gets and may answer. `docs/HOOKS.md` is generated from the table in `hook-table.ts`. */
export interface HookSignatures {
  announce(request: AnnounceRequest, torrent: TorrentView): AnnounceRequest | undefined
  pickPiece(peer: PeerView, picks: Picks, torrent: ReadyTorrent): true | undefined
  storeBlock(block: ReceivedBlock, peer: PeerView, torrent: ReadyTorrent): false | undefined
  chokeDecision(unchokes: readonly Unchoke[], round: ChokeRound, torrent: ReadyTorrent): readonly Unchoke[] | undefined
  acceptPeer(candidate: PeerCandidate, torrent: TorrentView | undefined): Refusal | undefined
  showHaves(shown: ReadonlyBits, peer: PeerView, torrent: ReadyTorrent): Bits | undefined
  torrentAdded(torrent: TorrentView): void
  torrentRemoved(torrent: TorrentView): void
  peerConnected(peer: PeerView, torrent: TorrentView): void
  peerDisconnected(peer: PeerView, reason: string, torrent: TorrentView): void
  peerHas(peer: PeerView, piece: number, torrent: TorrentView): void
  pieceVerified(piece: number, torrent: ReadyTorrent): void
  pieceRejected(piece: number, contributors: readonly PeerView[], torrent: ReadyTorrent): void
  completed(torrent: ReadyTorrent): void
  announced(outcome: AnnounceOutcome, torrent: TorrentView): void
  torrentFailed(error: Error, torrent: TorrentView): void
  pluginFailed(error: Error): void
}

/** How one announce ended. `url` is redacted. */
export interface AnnounceOutcome {
  readonly url: string
  readonly answer?: AnnounceAnswer
  readonly error?: Error
}

export type HookName = keyof HookSignatures

export interface TapOptions {
  /** Taps run early, then normal, then late; in order of tapping within a stage. Default normal. */
  readonly stage?: 'early' | 'normal' | 'late'
}

/** A hook as a plugin sees it: it can be tapped and nothing else. */
export interface Tappable<F> {
  tap(fn: F, options?: TapOptions): void
}

/** `announce` may also answer later. */
export interface TappableAsync<A extends readonly unknown[], R> extends Tappable<(...args: A) => R> {
  tapPromise(fn: (...args: A) => Promise<R>, options?: TapOptions): void
}

/** The tap-only hooks a plugin gets: `host.hooks.pickPiece.tap((peer, picks) => …)`. The plugin's name is added by the host. */
export type TapHooks = {
  readonly [N in Exclude<HookName, 'announce'>]: Tappable<HookSignatures[N]>
} & {
  readonly announce: TappableAsync<Parameters<HookSignatures['announce']>, ReturnType<HookSignatures['announce']>>
}
