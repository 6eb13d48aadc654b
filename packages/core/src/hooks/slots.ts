import { AsyncSeriesWaterfallHook, SyncBailHook, SyncHook, SyncWaterfallHook } from 'tapable'
import type { ReadonlyBits } from '../bytes/bits.js'
import type { ChokeRound, Unchoke } from '../ports/choker.js'
import type { AnnounceRequest } from '../ports/tracker-client.js'
import type { PeerView, ReadyTorrent, TorrentView } from '../ports/views.js'
import type { AnnounceRun } from './guard.js'
import type { HookSignatures } from './hooks.js'
import type { WatchingHook } from './runner.js'

/**
 * The tapable hooks of one session, made here and nowhere else: tapable compiles a hook by its argument names, and one
 * made without them hands its taps nothing. Taps in here are guarded already.
 */
export interface HookSlots {
  readonly announce: AsyncSeriesWaterfallHook<[AnnounceRequest, TorrentView, AnnounceRun], AnnounceRequest | undefined>
  readonly pickPiece: SyncBailHook<Parameters<HookSignatures['pickPiece']>, true | undefined>
  /** Answers the name of the plugin that rejects the block. */
  readonly storeBlock: SyncBailHook<Parameters<HookSignatures['storeBlock']>, string | undefined>
  readonly chokeDecision: SyncWaterfallHook<
    [readonly Unchoke[], ChokeRound, ReadyTorrent],
    readonly Unchoke[] | undefined
  >
  /** Plugins that changed the list in the last call of `chokeDecision`. */
  readonly chokeChangers: string[]
  readonly acceptPeer: SyncBailHook<Parameters<HookSignatures['acceptPeer']>, ReturnType<HookSignatures['acceptPeer']>>
  readonly showHaves: SyncWaterfallHook<[ReadonlyBits, PeerView, ReadyTorrent], ReadonlyBits | undefined>
  readonly watching: { readonly [N in WatchingHook]: SyncHook<Parameters<HookSignatures[N]>> }
}

export function createSlots(): HookSlots {
  return {
    announce: new AsyncSeriesWaterfallHook(['request', 'torrent', 'run'], 'announce'),
    pickPiece: new SyncBailHook(['peer', 'picks', 'torrent'], 'pickPiece'),
    storeBlock: new SyncBailHook(['block', 'peer', 'torrent'], 'storeBlock'),
    chokeDecision: new SyncWaterfallHook(['unchokes', 'round', 'torrent'], 'chokeDecision'),
    chokeChangers: [],
    acceptPeer: new SyncBailHook(['candidate', 'torrent'], 'acceptPeer'),
    showHaves: new SyncWaterfallHook(['shown', 'peer', 'torrent'], 'showHaves'),
    watching: {
      torrentAdded: new SyncHook(['torrent'], 'torrentAdded'),
      torrentRemoved: new SyncHook(['torrent'], 'torrentRemoved'),
      peerConnected: new SyncHook(['peer', 'torrent'], 'peerConnected'),
      peerDisconnected: new SyncHook(['peer', 'reason', 'torrent'], 'peerDisconnected'),
      peerHas: new SyncHook(['peer', 'piece', 'torrent'], 'peerHas'),
      pieceVerified: new SyncHook(['piece', 'torrent'], 'pieceVerified'),
      pieceRejected: new SyncHook(['piece', 'contributors', 'torrent'], 'pieceRejected'),
      completed: new SyncHook(['torrent'], 'completed'),
      announced: new SyncHook(['outcome', 'torrent'], 'announced'),
      torrentFailed: new SyncHook(['error', 'torrent'], 'torrentFailed'),
      pluginFailed: new SyncHook(['error'], 'pluginFailed'),
    },
  }
}

/** The part of a tapable hook that taps are taken out of. */
interface Slot {
  taps: { readonly owner?: unknown }[]
  readonly interceptors: unknown[]
  intercept(interceptor: object): void
}

/** Takes the tap with this `owner` out for good; tapable itself cannot. A call in flight goes on with the old list. */
export function untap(hook: object, owner: unknown): void {
  const slot = hook as Slot
  slot.taps = slot.taps.filter((tap) => tap.owner !== owner)
  // An interceptor that comes and goes is the public way to have the hook compiled anew.
  slot.intercept({})
  slot.interceptors.pop()
}
