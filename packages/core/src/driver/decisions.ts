import { Bits } from '../bytes/bits.js'
import { PluginError } from '../bytes/errors.js'
import { LazyMap } from '../bytes/lazy-collections.js'
import type { HookRunner } from '../hooks/runner.js'
import type { Peer } from '../peer/peer.js'
import type { Choker, ChokeRound, Unchoke } from '../ports/choker.js'
import type { PiecePicker, Picker, Picks } from '../ports/piece-picker.js'
import type { Random } from '../ports/random.js'
import type { PickView, ReadyTorrent, TorrentView } from '../ports/views.js'
import type { ChokeVerdict, Decisions, TakeWatch } from '../torrent/effects.js'
import type { Services } from './services.js'
import type { TorrentTracer } from './torrent-tracer.js'

/** Blocks that plugins may reject before the torrent fails, naming the plugin: else a download could never end. */
const mostRejections = 3

export interface DecisionParts {
  readonly hooks: HookRunner
  readonly services: Services
  view(): TorrentView
  readonly random: Random
  readonly trace: TorrentTracer
  /** A plugin keeps rejecting one block, or a strategy threw: the torrent cannot go on with it. */
  failed(error: PluginError): void
}

/**
 * Every decision of one torrent in one place: taps, then the bound strategy. Core's own rules follow in `torrent/`. What
 * was decided, and by whom, is traced from here.
 */
export class TorrentDecisions implements Decisions {
  readonly #parts: DecisionParts
  readonly #rejections = new LazyMap<string, number>()
  #piecePicker: PiecePicker | undefined
  #picker: Picker | undefined
  #choker: Choker | undefined
  #choke: ((round: ChokeRound) => readonly Unchoke[]) | undefined
  /** Taps are at work, not the picker. */
  #inTaps = false
  readonly #takes: TakeWatch = { took: (take) => this.#parts.trace.picked(take, this.#chooser()) }

  constructor(parts: DecisionParts) {
    this.#parts = parts
  }

  /** The strategy that ranks pieces from now on; it builds its state from the view. `undefined` = not downloading. */
  usePicker(picker: PiecePicker | undefined, view: PickView): void {
    this.#piecePicker = picker
    this.#picker = undefined
    if (picker === undefined) return
    try {
      this.#picker = picker.create(view, this.#parts.random.fork(`picker/${this.#parts.view().id}`))
    } catch (cause) {
      this.#parts.failed(this.#threw('piece picker', picker, 'create', cause))
    }
    this.reset()
  }

  /** False until one is used, and again after it threw. */
  get hasPicker(): boolean {
    return this.#picker !== undefined
  }

  get hasChoker(): boolean {
    return this.#choke !== undefined
  }

  useChoker(choker: Choker): void {
    this.#choker = choker
    this.#choke = undefined
    try {
      this.#choke = choker.create(this.#parts.view(), this.#parts.random.fork(`choker/${this.#parts.view().id}`))
    } catch (cause) {
      this.#parts.failed(this.#threw('choker', choker, 'create', cause))
    }
  }

  get takes(): TakeWatch | undefined {
    return this.#parts.trace.isOn ? this.#takes : undefined
  }

  #chooser(): { by: 'tap' | 'picker'; name: string | undefined } {
    return this.#inTaps
      ? { by: 'tap', name: this.#parts.hooks.lastPlugin }
      : { by: 'picker', name: this.#piecePicker?.name }
  }

  get judged(): Decisions['judged'] {
    return this.#parts.trace.isOn ? this.#judged : undefined
  }

  readonly #judged = (verdict: ChokeVerdict, round: ChokeRound): void =>
    this.#parts.trace.judged(verdict, round, this.#parts.hooks.chokeChangers)

  pick(peer: Peer, picks: Picks): boolean {
    if (this.#parts.hooks.pickPieceTapped && this.#tapped(peer, picks)) return true
    if (picks.left <= 0) return false
    try {
      this.#picker?.pick(peer, picks)
    } catch (cause) {
      this.#pickerThrew('pick', cause)
    }
    return false
  }

  #tapped(peer: Peer, picks: Picks): boolean {
    const view = this.#parts.view()
    if (!isReady(view)) return false
    this.#inTaps = true
    const enough = this.#parts.hooks.pickPiece(peer, picks, view)
    this.#inTaps = false
    return enough
  }

  changed(piece: number, peer?: Peer): void {
    try {
      this.#picker?.changed?.(piece, peer)
    } catch (cause) {
      this.#pickerThrew('changed', cause)
    }
  }

  reset(): void {
    try {
      this.#picker?.reset?.()
    } catch (cause) {
      this.#pickerThrew('reset', cause)
    }
  }

  /** A picker that throws is not asked again. */
  #pickerThrew(step: string, cause: unknown): void {
    const guilty = this.#piecePicker
    this.#picker = undefined
    if (guilty !== undefined) this.#parts.failed(this.#threw('piece picker', guilty, step, cause))
  }

  get judgesBlocks(): boolean {
    return this.#parts.hooks.storeBlockTapped
  }

  keep(peer: Peer, piece: number, begin: number, bytes: Uint8Array): boolean {
    const { hooks } = this.#parts
    const view = this.#parts.view()
    if (!isReady(view)) return true
    const plugin = hooks.storeBlock(piece, begin, bytes, peer, view)
    if (plugin === undefined) return true
    const block = `${piece}/${begin}`
    const count = (this.#rejections.get(block) ?? 0) + 1
    this.#rejections.set(block, count)
    this.#parts.trace.blockRejected(peer, piece, begin, plugin, count)
    if (count >= mostRejections) this.#parts.failed(rejects(plugin, piece))
    return false
  }

  unchoke(round: ChokeRound): readonly Unchoke[] {
    const { hooks } = this.#parts
    const view = this.#parts.view()
    const list = this.#unchokeList(round)
    return isReady(view) ? hooks.chokeDecision(list, round, view) : list
  }

  #unchokeList(round: ChokeRound): readonly Unchoke[] {
    if (this.#choke === undefined || this.#choker === undefined) return []
    try {
      const list: unknown = this.#choke(round)
      if (!Array.isArray(list)) throw new TypeError('it answers with no list')
      return list as readonly Unchoke[]
    } catch (cause) {
      this.#choke = undefined
      this.#parts.failed(this.#threw('choker', this.#choker, 'choke round', cause))
      return []
    }
  }

  /** The error of a strategy, which names it and the plugin that bound it. */
  #threw(what: string, strategy: PiecePicker | Choker, hook: string, cause: unknown): PluginError {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const plugin = this.#parts.services.ownerOf(strategy)
    const message = `the ${what} ${strategy.name} of the plugin ${plugin} failed in ${hook}: ${reason}`
    return new PluginError('PLUGIN_FAILED', message, { plugin, hook, cause })
  }

  shown(peer: Peer): Bits | undefined {
    const { hooks } = this.#parts
    const view = this.#parts.view()
    if (!hooks.showHavesTapped || !isReady(view)) return undefined
    const { have } = view.content
    const shown = hooks.showHaves(have, peer, view)
    if (shown === have) return undefined
    const mask = new Bits(have.length)
    for (let piece = shown.nextSet(0); piece >= 0; piece = shown.nextSet(piece + 1))
      if (have.has(piece)) mask.add(piece)
    return mask
  }
}

function rejects(plugin: string, piece: number): PluginError {
  const message = `the plugin ${plugin} rejects a block of piece ${piece} every time`
  return new PluginError('PLUGIN_FAILED', message, { plugin, hook: 'storeBlock' })
}

/** True when the content is present, which is what the deciding hooks promise their taps. */
export function isReady(view: TorrentView): view is ReadyTorrent {
  return view.content !== undefined
}
