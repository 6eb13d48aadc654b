import type { ReadonlyBits } from '../bytes/bits.js'
import type { ChokeRound, Unchoke } from '../ports/choker.js'
import type { Picks } from '../ports/piece-picker.js'
import type { AnnounceRequest } from '../ports/tracker-client.js'
import type { PeerView, ReadyTorrent, TorrentView } from '../ports/views.js'
import type { HookName, HookSignatures, PeerCandidate, Refusal } from './hooks.js'

/** Hooks that answer something; all others watch. */
export type DecidingHook = 'announce' | 'pickPiece' | 'storeBlock' | 'chokeDecision' | 'acceptPeer' | 'showHaves'
export type WatchingHook = Exclude<HookName, DecidingHook>

/**
 * The hooks as the engine calls them. No call throws and no promise rejects: a plugin at fault is named in
 * `pluginFailed`, and the answer is then what the table in `hook-table.ts` says.
 */
export interface HookRunner extends Pick<HookSignatures, WatchingHook> {
  /** Whether any tap is there now; one branch, for the callers on the block path. */
  readonly pickPieceTapped: boolean
  readonly storeBlockTapped: boolean
  readonly chokeDecisionTapped: boolean
  readonly showHavesTapped: boolean
  readonly peerHasTapped: boolean
  /** The plugin whose deciding tap was called last: within `pickPiece` whoever takes, after `acceptPeer` whoever refused. */
  readonly lastPlugin: string | undefined
  /** The plugins whose taps changed the list in the last `chokeDecision`. */
  readonly chokeChangers: readonly string[]
  /** The plugin that set `skip` in a request that `announce` answered. */
  skippedBy(request: AnnounceRequest): string | undefined
  /** The request to send; `skip` is set if a tap vetoed it. At most 5 s, 2 s for `stopped`. */
  announce(request: AnnounceRequest, torrent: TorrentView): Promise<AnnounceRequest>
  /** True: ask this peer for nothing more in this turn. */
  pickPiece(peer: PeerView, picks: Picks, torrent: ReadyTorrent): boolean
  /** The name of the plugin that rejected the block. */
  storeBlock(piece: number, begin: number, bytes: Uint8Array, peer: PeerView, torrent: ReadyTorrent): string | undefined
  chokeDecision(unchokes: readonly Unchoke[], round: ChokeRound, torrent: ReadyTorrent): readonly Unchoke[]
  /** A refusal also when a tap throws. */
  acceptPeer(candidate: PeerCandidate, torrent: TorrentView | undefined): Refusal | undefined
  /** What this peer may see; `shown` itself if no tap narrowed it. */
  showHaves(shown: ReadonlyBits, peer: PeerView, torrent: ReadyTorrent): ReadonlyBits
}
