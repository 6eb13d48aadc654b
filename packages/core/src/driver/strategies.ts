import { PluginError } from '../bytes/errors.js'
import { Choker } from '../ports/choker.js'
import { PiecePicker } from '../ports/piece-picker.js'
import type { Torrent } from '../torrent/torrent.js'
import type { TorrentDecisions } from './decisions.js'
import type { Services } from './services.js'
import { contentView } from './torrent-view.js'

export interface StrategyNames {
  readonly picker?: string
  readonly choker?: string
}

export interface StrategyParts {
  readonly services: Services
  readonly decisions: TorrentDecisions
  readonly torrent: Torrent
  failed(error: PluginError): void
}

/** Which piece picker and choker one torrent uses: by name, looked up when used, so that plugins may come and go. */
export class Strategies {
  picker: string | undefined
  choker = ''
  readonly #parts: StrategyParts

  constructor(parts: StrategyParts) {
    this.#parts = parts
  }

  /**
   * What is not named stays as it is, or becomes the next default if it is bound no longer.
   * @throws PluginError PLUGIN_MISSING for a name that nobody bound
   */
  use(names: StrategyNames): void {
    const { services, decisions } = this.#parts
    const choker =
      services.named(Choker, names.choker ?? (this.choker === '' ? undefined : this.choker)) ?? services.named(Choker)
    if (choker === undefined || (names.choker !== undefined && choker.name !== names.choker))
      throw missing('Choker', names.choker)
    const picker = services.named(PiecePicker, names.picker ?? this.picker) ?? services.named(PiecePicker)
    if (names.picker !== undefined && picker?.name !== names.picker) throw missing('PiecePicker', names.picker)
    this.choker = choker.name
    decisions.useChoker(choker)
    this.picker = picker?.name
    this.renewPicker()
  }

  /** A picker exists only while something is missing. */
  renewPicker(): void {
    const { services, decisions, torrent } = this.#parts
    if (torrent.ledger === undefined) return
    const picker = torrent.isWhole ? undefined : services.named(PiecePicker, this.picker)
    if (picker === undefined && !torrent.isWhole) this.#parts.failed(missing('PiecePicker', this.picker))
    decisions.usePicker(picker, contentView(torrent))
    torrent.requests.markAll()
  }
}

/** Nobody bound the port, or not under this name. */
export function missing(port: string, name: string | undefined): PluginError {
  const what = name === undefined ? `no ${port} is bound` : `no ${port} is named ${name}`
  return new PluginError('PLUGIN_MISSING', `${what}: load a plugin that brings one`, { plugin: name ?? port })
}
