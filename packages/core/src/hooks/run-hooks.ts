import type { ReadonlyBits } from '../bytes/bits.js'
import type { ChokeRound, Unchoke } from '../ports/choker.js'
import type { Clock } from '../ports/clock.js'
import type { Picks } from '../ports/piece-picker.js'
import type { AnnounceRequest } from '../ports/tracker-client.js'
import type { PeerView, ReadyTorrent, TorrentView } from '../ports/views.js'
import type { AnnounceRun, Blame } from './guard.js'
import type { AnnounceOutcome, PeerCandidate, Refusal } from './hooks.js'
import type { HookRunner } from './runner.js'
import type { HookSlots } from './slots.js'

/** What all taps of one announce have together. */
export const announceMs = 5_000
/** A `stopped` announce is waited for by whoever closes the session. */
export const announceStoppedMs = 2_000

/**
 * The hooks as the engine calls them. The taps in `slots` are guarded, so nothing here throws. A class, since V8 keeps a
 * literal with so many accessors as a dictionary, in which each look whether anybody tapped took 20 ns.
 */
export class RunningHooks implements HookRunner {
  readonly #slots: HookSlots
  readonly #watching: HookSlots['watching']
  readonly #clock: Clock
  readonly #blame: Blame
  readonly #skippers = new WeakMap<AnnounceRequest, string>()

  constructor(slots: HookSlots, clock: Clock, blame: Blame) {
    this.#slots = slots
    this.#watching = slots.watching
    this.#clock = clock
    this.#blame = blame
  }

  get pickPieceTapped(): boolean {
    return this.#slots.pickPiece.taps.length !== 0
  }

  get storeBlockTapped(): boolean {
    return this.#slots.storeBlock.taps.length !== 0
  }

  get chokeDecisionTapped(): boolean {
    return this.#slots.chokeDecision.taps.length !== 0
  }

  get showHavesTapped(): boolean {
    return this.#slots.showHaves.taps.length !== 0
  }

  get peerHasTapped(): boolean {
    return this.#watching.peerHas.taps.length !== 0
  }

  get lastPlugin(): string | undefined {
    return this.#blame.at?.plugin
  }

  get chokeChangers(): readonly string[] {
    return this.#slots.chokeChangers
  }

  skippedBy(request: AnnounceRequest): string | undefined {
    return this.#skippers.get(request)
  }

  async announce(request: AnnounceRequest, torrent: TorrentView): Promise<AnnounceRequest> {
    const announce = tapped(this.#slots.announce)
    if (announce === undefined) return request
    const { good, skippedBy } = await runAnnounce(announce, this.#clock, this.#blame, request, torrent)
    if (skippedBy !== undefined) this.#skippers.set(good, skippedBy)
    return good
  }

  pickPiece(peer: PeerView, picks: Picks, torrent: ReadyTorrent): boolean {
    return tapped(this.#slots.pickPiece)?.call(peer, picks, torrent) === true
  }

  storeBlock(
    piece: number,
    begin: number,
    bytes: Uint8Array,
    peer: PeerView,
    torrent: ReadyTorrent,
  ): string | undefined {
    return tapped(this.#slots.storeBlock)?.call({ piece, begin, bytes }, peer, torrent)
  }

  chokeDecision(unchokes: readonly Unchoke[], round: ChokeRound, torrent: ReadyTorrent): readonly Unchoke[] {
    this.#slots.chokeChangers.length = 0
    return tapped(this.#slots.chokeDecision)?.call(unchokes, round, torrent) ?? unchokes
  }

  acceptPeer(candidate: PeerCandidate, torrent: TorrentView | undefined): Refusal | undefined {
    return tapped(this.#slots.acceptPeer)?.call(candidate, torrent)
  }

  showHaves(shown: ReadonlyBits, peer: PeerView, torrent: ReadyTorrent): ReadonlyBits {
    return tapped(this.#slots.showHaves)?.call(shown, peer, torrent) ?? shown
  }

  torrentAdded(torrent: TorrentView): void {
    tapped(this.#watching.torrentAdded)?.call(torrent)
  }

  torrentRemoved(torrent: TorrentView): void {
    tapped(this.#watching.torrentRemoved)?.call(torrent)
  }

  peerConnected(peer: PeerView, torrent: TorrentView): void {
    tapped(this.#watching.peerConnected)?.call(peer, torrent)
  }

  peerDisconnected(peer: PeerView, reason: string, torrent: TorrentView): void {
    tapped(this.#watching.peerDisconnected)?.call(peer, reason, torrent)
  }

  peerHas(peer: PeerView, piece: number, torrent: TorrentView): void {
    tapped(this.#watching.peerHas)?.call(peer, piece, torrent)
  }

  pieceVerified(piece: number, torrent: ReadyTorrent): void {
    tapped(this.#watching.pieceVerified)?.call(piece, torrent)
  }

  pieceRejected(piece: number, contributors: readonly PeerView[], torrent: ReadyTorrent): void {
    tapped(this.#watching.pieceRejected)?.call(piece, contributors, torrent)
  }

  completed(torrent: ReadyTorrent): void {
    tapped(this.#watching.completed)?.call(torrent)
  }

  announced(outcome: AnnounceOutcome, torrent: TorrentView): void {
    tapped(this.#watching.announced)?.call(outcome, torrent)
  }

  torrentFailed(error: Error, torrent: TorrentView): void {
    tapped(this.#watching.torrentFailed)?.call(error, torrent)
  }

  pluginFailed(error: Error): void {
    tapped(this.#watching.pluginFailed)?.call(error)
  }
}

/** A hook compiles itself when it is called first: one without taps need not. */
function tapped<H extends { readonly taps: readonly unknown[] }>(hook: H): H | undefined {
  return hook.taps.length === 0 ? undefined : hook
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
