/**
 * Piece pickers for Bitloom: `rarest-first` (the default), `sequential` and `random`. A torrent chooses by name.
 *
 * @example
 * ```ts
 * import { createSession } from '@bitloom/core/node'
 * import piecePicker from '@bitloom/piece-picker'
 *
 * const session = await createSession({ plugins: [piecePicker({ default: 'sequential' })] })
 * ```
 */
import { PiecePicker, definePlugin, pluginContract } from '@bitloom/core'
import { type PickerName, type PiecePickerOptions, optionsSchema, pickerNames } from './options.js'
import { randomOrder, rarestFirst } from './rarest-first.js'
import { sequential } from './sequential.js'

export type { PickerName, PiecePickerOptions } from './options.js'

const defaultRandomFirstPieces = 4

/** The plugin: binds three `PiecePicker`s, the default one first. */
export const piecePicker = definePlugin<PiecePickerOptions>(
  {
    name: 'piece-picker',
    contract: pluginContract,
    options: optionsSchema,
    summary: 'Piece pickers: rarest-first, sequential, random',
  },
  (options) => ({
    bind(bindings) {
      const pickers: Record<PickerName, PiecePicker> = {
        'rarest-first': rarestFirst(options.randomFirstPieces ?? defaultRandomFirstPieces),
        sequential: sequential(),
        random: randomOrder(),
      }
      const first = options.default ?? 'rarest-first'
      for (const name of [first, ...pickerNames.filter((name) => name !== first)]) {
        bindings.value(PiecePicker, pickers[name])
      }
    },
  }),
)
export default piecePicker
