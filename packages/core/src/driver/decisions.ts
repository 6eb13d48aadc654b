import { Bits } from '../bytes/bits.js'
import { PluginError } from '../bytes/errors.js'
import type { HookRunner } from '../hooks/runner.js'
import type { Peer } from '../peer/peer.js'
import type { Choker, ChokeRound, Unchoke } from '../ports/choker.js'
import type { PiecePicker, Picker, Picks } from '../ports/piece-picker.js'
import type { Random } from '../ports/random.js'
import type { PickView, ReadyTorrent, TorrentView } from '../ports/views.js'
import type { Decisions } from '../torrent/effects.js'

/** Blocks that plugins may reject before the torrent fails, naming the plugin: else a download could never end. */
const mostRejections = 3

export interface DecisionParts {
  readonly hooks: HookRunner
  view(): TorrentView
  readonly random: Random
  /** A plugin keeps rejecting one block, or a strategy threw: the torrent cannot go on with it. */
  failed(error: PluginError): void
}

/** Every decision of one torrent in one place: taps, then the bound strategy. Core's own rules follow in `torrent/`. */
export class TorrentDecisions implements Decisions {
  readonly #parts: DecisionParts
  readonly #rejections = new Map<string, number>()
  #picker: Picker | undefined
  #pickerName = ''
  #chokerName = ''
  #choke: ((round: ChokeRound) => readonly Unchoke[]) | undefined

  constructor(parts: DecisionParts) {
    this.#parts = parts
  }

  /** The strategy that ranks pieces from now on; it builds its state from the view. `undefined` = not downloading. */
  usePicker(picker: PiecePicker | undefined, view: PickView): void {
    this.#pickerName = picker?.name ?? ''
    this.#picker = picker?.create(view, this.#parts.random.fork(`picker/${this.#parts.view().id}`))
    this.reset()
  }

  useChoker(choker: Choker): void {
    this.#chokerName = choker.name
    this.#choke = choker.create(this.#parts.view(), this.#parts.random.fork(`choker/${this.#parts.view().id}`))
  }

  pick(peer: Peer, picks: Picks): boolean {
    const { hooks } = this.#parts
    const view = this.#parts.view()
    if (hooks.pickPieceTapped && isReady(view) && hooks.pickPiece(peer, picks, view)) return true
    if (picks.left > 0) this.#withPicker('pick', (picker) => picker.pick(peer, picks))
    return false
  }

  changed(piece: number): void {
    this.#withPicker('changed', (picker) => picker.changed?.(piece))
  }

  reset(): void {
    this.#withPicker('reset', (picker) => picker.reset?.())
  }

  /** A picker that throws is not asked again. */
  #withPicker(step: string, run: (picker: Picker) => void): void {
    if (this.#picker === undefined) return
    try {
      run(this.#picker)
    } catch (cause) {
      this.#picker = undefined
      this.#parts.failed(threw(`the piece picker ${this.#pickerName}`, this.#pickerName, step, cause))
    }
  }

  keep(peer: Peer, piece: number, begin: number, bytes: Uint8Array): boolean {
    const { hooks } = this.#parts
    const view = this.#parts.view()
    if (!hooks.storeBlockTapped || !isReady(view)) return true
    const plugin = hooks.storeBlock(piece, begin, bytes, peer, view)
    if (plugin === undefined) return true
    const block = `${piece}/${begin}`
    const count = (this.#rejections.get(block) ?? 0) + 1
    this.#rejections.set(block, count)
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
    try {
      return this.#choke?.(round) ?? []
    } catch (cause) {
      this.#choke = undefined
      this.#parts.failed(threw(`the choker ${this.#chokerName}`, this.#chokerName, 'choke round', cause))
      return []
    }
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

function threw(who: string, plugin: string, hook: string, cause: unknown): PluginError {
  const what = cause instanceof Error ? cause.message : String(cause)
  return new PluginError('PLUGIN_FAILED', `${who} failed in ${hook}: ${what}`, { plugin, hook, cause })
}

/** True when the content is present, which is what the deciding hooks promise their taps. */
export function isReady(view: TorrentView): view is ReadyTorrent {
  return view.content !== undefined
}
