import { LazySet } from '../bytes/lazy-collections.js'
import type { Peer } from '../peer/peer.js'
import type { Ledger } from './ledger.js'

/** So many are tried when a piece became whole: a picker may give out another one then. Who is left has its turn later. */
const fewPeers = 4

/**
 * Peers that could take more, had there been something to ask or room to put it. Those that were tried longest ago come
 * first, and as long as memory is short only as many are tried as there is room for.
 */
export class Hunger {
  readonly #hungry = new LazySet<Peer>()
  /** Found no memory; none once anything changed that could help them. */
  readonly #starved = new LazySet<Peer>()
  #frees = 0
  /** Somebody found no memory since all were tried. */
  #lacksMemory = false
  /** So many may be tried at the end of the turn. */
  #woken = 0
  /** The others may be tried for blocks that became free. */
  #areBlocksFree = false

  /** True if any may be tried now. */
  get isWoken(): boolean {
    return this.#woken > 0 || this.#areBlocksFree
  }

  /** Whoever found no memory may try again; nobody is woken. */
  feed(): void {
    if (this.#starved.size > 0) this.#starved.clear()
  }

  /** As `feed`, for one. */
  renew(peer: Peer): void {
    this.#starved.delete(peer)
  }

  /** There is more to be had: all are tried. */
  wake(): void {
    this.feed()
    this.#woken = this.#hungry.size
  }

  /** Blocks of pieces that are begun became free: those who can bring any of them are tried. */
  wakeForBlocks(): void {
    this.feed()
    this.#areBlocksFree = this.#hungry.size > 0
  }

  /** Memory was freed: those that wait for it are tried, and otherwise a few. */
  wakeForMemory(): void {
    this.feed()
    this.#woken = Math.max(this.#woken, this.#lacksMemory ? this.#hungry.size : Math.min(fewPeers, this.#hungry.size))
  }

  delete(peer: Peer): void {
    this.#hungry.delete(peer)
    this.#starved.delete(peer)
  }

  /**
   * Nothing is to be had for the peer, known without asking the picker: it found no memory before, or another did and no
   * free block has any. Looked at again when memory is freed, by whichever torrent, and every second.
   */
  isStarved(peer: Peer, ledger: Ledger): boolean {
    if (this.#frees !== ledger.frees) {
      this.#frees = ledger.frees
      this.feed()
    }
    const isStarved = this.#starved.has(peer) || this.#isShort(ledger)
    if (isStarved) this.tried(peer, true)
    return isStarved
  }

  #isShort(ledger: Ledger): boolean {
    return this.#starved.size > 0 && !ledger.hasReady && !ledger.inEndgame
  }

  /** It could have taken more; `forMemory`: had there been memory. */
  tried(peer: Peer, forMemory: boolean): void {
    this.#hungry.add(peer)
    this.#lacksMemory ||= forMemory
  }

  /** Memory was refused to it. */
  starve(peer: Peer): void {
    this.#starved.add(peer)
  }

  /** Takes all that may be tried off, and hands them to `use`. */
  takeWoken(ledger: Ledger, nowMs: number, use: (peer: Peer) => void): void {
    this.#take(ledger, nowMs, use, false)
  }

  /** As `takeWoken`, until memory is short; who is left waits on. */
  takeFed(ledger: Ledger, nowMs: number, use: (peer: Peer) => void): void {
    this.#take(ledger, nowMs, use, true)
  }

  #take(ledger: Ledger, nowMs: number, use: (peer: Peer) => void, untilShort: boolean): void {
    let left = this.#woken
    let others = this.#areBlocksFree ? this.#hungry.size - left : 0
    this.#woken = 0
    this.#areBlocksFree = false
    if (left >= this.#hungry.size) this.#lacksMemory = false
    // Who is hungry still comes to the end.
    for (const peer of this.#hungry) {
      if (left-- <= 0) {
        if (others-- <= 0) return
        if (!ledger.hasBlocksFor(peer, nowMs)) continue
      }
      if (untilShort && this.#isShort(ledger)) {
        this.#lacksMemory = true
        return
      }
      this.#hungry.delete(peer)
      use(peer)
    }
  }

  /** In endgame everybody may help. */
  each(use: (peer: Peer) => void): void {
    for (const peer of this.#hungry) use(peer)
  }
}
