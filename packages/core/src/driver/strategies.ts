import { PluginError } from '../bytes/errors.js'
import { Choker } from '../ports/choker.js'
import { PiecePicker } from '../ports/piece-picker.js'
import type { Named } from '../ports/named.js'
import type { Token } from '../ports/token.js'
import type { Ledger } from '../torrent/ledger.js'
import type { Torrent } from '../torrent/torrent.js'
import type { TorrentDecisions } from './decisions.js'
import type { Services } from './services.js'
import type { TorrentTracer } from './torrent-tracer.js'
import { contentView } from './torrent-view.js'

export interface StrategyNames {
  readonly picker?: string
  readonly choker?: string
}

export interface StrategyParts {
  readonly services: Services
  readonly decisions: TorrentDecisions
  readonly torrent: Torrent
  readonly trace: TorrentTracer
  failed(error: PluginError): void
  /** Another choker decides from now on. */
  chokerChanged(): void
}

/**
 * Which piece picker and choker one torrent uses: by name, looked up when used, so that plugins may come and go.
 *
 * A swap drops the old strategy and creates the new one, which builds its state from the views: all truth is in the ledger
 * and the peers, so nothing that is asked, held or unchoked changes by it. One that stays the same is left alone.
 */
export class Strategies {
  picker: string | undefined
  choker = ''
  readonly #parts: StrategyParts
  #usedChoker: Choker | undefined
  #usedPicker: PiecePicker | undefined
  /** The books that the picker was made for. */
  #usedLedger: Ledger | undefined

  constructor(parts: StrategyParts) {
    this.#parts = parts
  }

  /**
   * What is not named stays as it is, or becomes the next default if it is bound no longer.
   * @throws PluginError PLUGIN_MISSING for a name that nobody bound, before anything changed
   */
  use(names: StrategyNames, reason: 'command' | 'plugins changed'): void {
    this.check(names)
    const { services } = this.#parts
    const choker = named(services, Choker, names.choker ?? this.choker)
    if (choker === undefined) throw missing('Choker', names.choker)
    this.#useChoker(choker, reason)
    this.picker = named(services, PiecePicker, names.picker ?? this.picker)?.name
    this.renewPicker(reason)
  }

  /** @throws PluginError PLUGIN_MISSING for a name that nobody bound */
  check({ picker, choker }: StrategyNames): void {
    const { services } = this.#parts
    if (choker !== undefined && services.named(Choker, choker) === undefined) throw missing('Choker', choker)
    if (picker !== undefined && services.named(PiecePicker, picker) === undefined) throw missing('PiecePicker', picker)
  }

  #useChoker(choker: Choker, reason: 'command' | 'plugins changed'): void {
    const { decisions, trace } = this.#parts
    if (choker === this.#usedChoker && decisions.hasChoker) return
    const from = this.#usedChoker?.name
    this.#usedChoker = choker
    this.choker = choker.name
    decisions.useChoker(choker)
    if (from === undefined) return
    trace.strategy('choker', { from, to: choker.name }, reason)
    this.#parts.chokerChanged()
  }

  /** The torrent begins, or begins anew: strategies that threw get another chance. */
  renew(): void {
    if (!this.#parts.decisions.hasChoker) this.use({}, 'plugins changed')
    else this.renewPicker()
  }

  /** What is missing changed, or the plugins did. A picker exists only while something is missing. */
  renewPicker(reason?: 'command' | 'plugins changed'): void {
    const { services, decisions, torrent, trace } = this.#parts
    const { ledger } = torrent
    if (ledger === undefined) return
    const picker = torrent.isWhole ? undefined : services.named(PiecePicker, this.picker)
    if (picker === undefined && !torrent.isWhole) this.#parts.failed(missing('PiecePicker', this.picker))
    const isSame = picker === this.#usedPicker && ledger === this.#usedLedger
    if (!isSame || (picker !== undefined && !decisions.hasPicker)) {
      const from = this.#usedPicker?.name
      this.#usedPicker = picker
      this.#usedLedger = ledger
      decisions.usePicker(picker, contentView(torrent))
      const change = { from, to: picker?.name }
      const because = picker === undefined ? 'nothing is missing' : (reason ?? 'something is missing')
      if (change.from !== change.to) trace.strategy('picker', change, because)
    }
    torrent.requests.markAll()
  }
}

/** By its name if it is bound still, else the default. */
function named<T extends Named>(services: Services, port: Token<T>, name: string | undefined): T | undefined {
  return (name === undefined ? undefined : services.named(port, name)) ?? services.named(port)
}

/** Nobody bound the port, or not under this name. */
export function missing(port: string, name: string | undefined): PluginError {
  const what = name === undefined ? `no ${port} is bound` : `no ${port} is named ${name}`
  return new PluginError('PLUGIN_MISSING', `${what}: load a plugin that brings one`, { plugin: name ?? port })
}
