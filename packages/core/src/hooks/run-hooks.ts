import type { Clock } from '../ports/clock.js'
import type { AnnounceRequest } from '../ports/tracker-client.js'
import type { TorrentView } from '../ports/views.js'
import type { AnnounceRun, Blame } from './guard.js'
import type { HookRunner } from './runner.js'
import type { HookSlots } from './slots.js'

/** What all taps of one announce have together. */
export const announceMs = 5_000
/** A `stopped` announce is waited for by whoever closes the session. */
export const announceStoppedMs = 2_000

/** The hooks as the engine calls them. The taps in `slots` are guarded, so nothing here throws. */
export function createRunner(slots: HookSlots, clock: Clock, blame: Blame): HookRunner {
  const { announce, pickPiece, storeBlock, chokeDecision, chokeChangers, acceptPeer, showHaves, watching } = slots
  const skippers = new WeakMap<AnnounceRequest, string>()
  return {
    get pickPieceTapped() {
      return pickPiece.taps.length !== 0
    },
    get storeBlockTapped() {
      return storeBlock.taps.length !== 0
    },
    get chokeDecisionTapped() {
      return chokeDecision.taps.length !== 0
    },
    get showHavesTapped() {
      return showHaves.taps.length !== 0
    },
    get peerHasTapped() {
      return watching.peerHas.taps.length !== 0
    },
    get lastPlugin() {
      return blame.at?.plugin
    },
    chokeChangers,
    skippedBy: (request) => skippers.get(request),
    announce: async (request, torrent) => {
      if (announce.taps.length === 0) return request
      const { good, skippedBy } = await runAnnounce(announce, clock, blame, request, torrent)
      if (skippedBy !== undefined) skippers.set(good, skippedBy)
      return good
    },
    pickPiece: (peer, picks, torrent) => pickPiece.taps.length !== 0 && pickPiece.call(peer, picks, torrent) === true,
    storeBlock: (piece, begin, bytes, peer, torrent) =>
      storeBlock.taps.length === 0 ? undefined : storeBlock.call({ piece, begin, bytes }, peer, torrent),
    chokeDecision: (unchokes, round, torrent) => {
      chokeChangers.length = 0
      return chokeDecision.taps.length === 0 ? unchokes : (chokeDecision.call(unchokes, round, torrent) ?? unchokes)
    },
    acceptPeer: (candidate, torrent) =>
      acceptPeer.taps.length === 0 ? undefined : acceptPeer.call(candidate, torrent),
    showHaves: (shown, peer, torrent) =>
      showHaves.taps.length === 0 ? shown : (showHaves.call(shown, peer, torrent) ?? shown),
    ...watchers(watching),
  }
}

function watchers(slots: HookSlots['watching']) {
  return {
    torrentAdded: (torrent) => slots.torrentAdded.call(torrent),
    torrentRemoved: (torrent) => slots.torrentRemoved.call(torrent),
    peerConnected: (peer, torrent) => slots.peerConnected.call(peer, torrent),
    peerDisconnected: (peer, reason, torrent) => slots.peerDisconnected.call(peer, reason, torrent),
    peerHas: (peer, piece, torrent) => slots.peerHas.call(peer, piece, torrent),
    pieceVerified: (piece, torrent) => slots.pieceVerified.call(piece, torrent),
    pieceRejected: (piece, contributors, torrent) => slots.pieceRejected.call(piece, contributors, torrent),
    completed: (torrent) => slots.completed.call(torrent),
    announced: (outcome, torrent) => slots.announced.call(outcome, torrent),
    torrentFailed: (error, torrent) => slots.torrentFailed.call(error, torrent),
    pluginFailed: (error) => slots.pluginFailed.call(error),
  } satisfies Partial<HookRunner>
}

/** The chain against its deadline: a tap that never settles is blamed, and the last good request goes out. */
function runAnnounce(
  hook: HookSlots['announce'],
  clock: Clock,
  blame: Blame,
  request: AnnounceRequest,
  torrent: TorrentView,
): Promise<AnnounceRun> {
  const limitMs = request.event === 'stopped' ? announceStoppedMs : announceMs
  const run: AnnounceRun = { good: Object.freeze({ ...request }), at: undefined, skippedBy: undefined, isOver: false }
  return new Promise((resolve) => {
    const finish = (): void => {
      if (run.isOver) return
      run.isOver = true
      cancel()
      resolve(run)
    }
    const cancel = clock.after(limitMs, () => {
      if (run.at !== undefined && !run.isOver)
        blame.failed(run.at, new Error(`it did not answer within ${limitMs / 1000} s`))
      finish()
    })
    void hook.promise(run.good, torrent, run).then(finish, finish)
  })
}
