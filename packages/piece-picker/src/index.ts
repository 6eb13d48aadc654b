/**
 * Piece pickers for Bitloom: `rarest-first` (the default), `sequential`, `random` and `streaming`. A torrent chooses
 * by name.
 *
 * @example
 * ```ts
 * import { createSession } from '@bitloom/core/node'
 * import piecePicker from '@bitloom/piece-picker'
 *
 * const session = await createSession({ plugins: [piecePicker({ default: 'sequential' })] })
 * ```
 */
import { Clock, PiecePicker, definePlugin, pluginContract } from '@bitloom/core'
import { type PickerName, type PiecePickerOptions, optionsSchema, pickerNames } from './options.js'
import { randomOrder, rarestFirst } from './rarest-first.js'
import { sequential } from './sequential.js'
import { streaming } from './streaming.js'

export type { PickerName, PiecePickerOptions } from './options.js'
export type { PlaybackOptions } from './playback.js'

const defaultRandomFirstPieces = 4

/** The plugin: binds four `PiecePicker`s, the default one first. */
export const piecePicker = definePlugin<PiecePickerOptions>(
  {
    name: 'piece-picker',
    contract: pluginContract,
    options: optionsSchema,
    summary: 'Piece pickers: rarest-first, sequential, random, streaming',
  },
  (options) => ({
    bind(bindings) {
      const makers: Record<PickerName, (clock: Clock) => PiecePicker> = {
        'rarest-first': () => rarestFirst(options.randomFirstPieces ?? defaultRandomFirstPieces),
        sequential,
        random: randomOrder,
        streaming: (clock) => streaming(clock, options.streaming ?? {}),
      }
      const first = options.default ?? 'rarest-first'
      for (const name of [first, ...pickerNames.filter((name) => name !== first)]) {
        bindings.factory(PiecePicker, [Clock], makers[name])
      }
    },
  }),
)
export default piecePicker
